"""master.py: starts three workers and waits for any that ends, until it is told to end itself."""
import os
import select
import sys
import time


def main():
    workers = set()
    for _ in range(3):
        pid = os.fork()
        if not pid:
            while True:
                time.sleep(0.05)
        workers.add(pid)
    print("READY", flush=True)
    while not select.select([0], [], [], 0.01)[0]:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            sys.exit("process %d ended with %d: workers are %r" % (pid, status, workers))
    print("nobody ended", flush=True)
    for pid in workers:
        os.kill(pid, 9)


main()
