"""churn.py: keeps 20,000 objects, and makes and drops others as fast as it can in three threads."""
import gc
import sys
import threading

KEPT = 20000


class Kept:
    def __init__(self, n):
        self.n = n


def work():
    ring = [None] * 1000
    n = 0
    while True:
        row = {"n": n, "list": [n, (n,)], "text": "text %d" % n}
        row["self"] = row
        ring[n % 1000] = row
        n += 1


kept = [Kept(n) for n in range(KEPT)]
gc.set_threshold(500, 5, 5)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
print("READY", flush=True)
sys.stdin.readline()
