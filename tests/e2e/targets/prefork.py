# SPDX-License-Identifier: MIT
"""prefork.py: a server with workers made by os.fork(), a pool of multiprocessing, and children that
are no Python: a `sleep` and one that has ended, which nobody has taken note of.  Prints READY with
their PIDs as JSON; at the end it checks that its workers and its pool still do their work."""
import json
import multiprocessing
import os
import subprocess
import sys
import time

WORKERS = 3


class OfTheMaster:
    pass


def work(requests, answers, number):
    """A worker: it has objects of a class of its own, and answers numbers with their squares."""
    kind = type("Worker%d" % number, (), {})
    cache = [kind() for _ in range(100 * (number + 1))]
    os.write(answers, b"r")
    while True:
        request = os.read(requests, 1)
        if not request:
            os._exit(len(cache) != 100 * (number + 1))
        os.write(answers, bytes([request[0] ** 2]))


class Worker:
    def __init__(self, number):
        down, self.requests = os.pipe()
        self.answers, up = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            for end in (self.requests, self.answers):
                os.close(end)
            work(down, up, number)
        os.close(down)
        os.close(up)
        assert os.read(self.answers, 1) == b"r"

    def ask(self, number):
        os.write(self.requests, bytes([number]))
        return os.read(self.answers, 1)[0]


def double(n):
    time.sleep(0.001)
    return 2 * n


def main():
    masters = [OfTheMaster() for _ in range(50)]
    pool = multiprocessing.get_context("fork").Pool(2)
    assert pool.map(double, range(20)) == list(range(0, 40, 2))
    workers = [Worker(number) for number in range(WORKERS)]
    ended = os.fork()
    if not ended:
        os._exit(0)
    sleep = subprocess.Popen(["sleep", "600"])
    facts = {"workers": [worker.pid for worker in workers],
             "pool": [process.pid for process in pool._pool],
             "sleep": sleep.pid, "ended": ended}
    print("READY", json.dumps(facts), flush=True)
    sys.stdin.readline()
    for worker in workers:
        try:
            assert worker.ask(7) == 49
        except (BrokenPipeError, IndexError):
            print("gone", worker.pid)
    assert pool.map(double, range(20)) == list(range(0, 40, 2))
    pool.terminate()
    pool.join()
    assert os.waitpid(ended, 0) == (ended, 0)
    assert len(masters) == 50 and sleep.poll() is None
    sleep.kill()
    sleep.wait()
    for worker in workers:
        os.close(worker.requests)
    print("statuses", sorted(os.waitpid(worker.pid, 0)[1] for worker in workers))


main()
