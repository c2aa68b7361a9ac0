"""busy.py: threads that compute checksums over fresh objects and sleep now and then."""
import hashlib
import sys
import threading
import time

THREADS, ROUNDS = 4, int(sys.argv[1])


def work(number, results):
    digest = hashlib.sha256()
    kept = {}
    for n in range(ROUNDS):
        row = {"n": n, "text": "row %d of %d" % (n, number), "parts": [n, (n, n + 1)]}
        kept[n % 500] = row
        digest.update(repr(sorted(row.items())).encode())
        if n % 200 == 0:
            time.sleep(0.001)
    results[number] = digest.hexdigest()


results = [None] * THREADS
threads = [threading.Thread(target=work, args=(n, results)) for n in range(THREADS)]
for thread in threads:
    thread.start()
print("READY", flush=True)
for thread in threads:
    thread.join()
print(hashlib.sha256("".join(results).encode()).hexdigest())
