"""forks.py: forks without a pause, each child computes a sum; says how many came back, and what was
wrong, when it is told to end."""
import os
import select
import sys

EXPECTED = sum(n * n for n in range(2000))


def child():
    os._exit(0 if sum(n * n for n in range(2000)) == EXPECTED else 1)


def main():
    wrong = []
    number = 0
    print("READY", flush=True)
    while not select.select([0], [], [], 0)[0]:
        pids = []
        for _ in range(3):
            pid = os.fork()
            if not pid:
                child()
            pids.append(pid)
        for pid in pids:
            if os.waitpid(pid, 0) != (pid, 0):
                wrong.append("child %d" % number)
            number += 1
        try:
            wrong.append("a child that is not ours: %r" % (os.waitpid(-1, os.WNOHANG),))
        except ChildProcessError:
            pass
    print("; ".join(wrong) or "all as it should be", number)


main()
