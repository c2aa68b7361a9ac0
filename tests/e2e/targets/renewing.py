# SPDX-License-Identifier: MIT
"""renewing.py: a service whose sessions are replaced, one in a hundred at each line of input."""
import random
import sys


class Session:
    def __init__(self, number):
        self.user = "user-%d" % random.randrange(10**9)
        self.visited = ["/page/%d" % (number % 977), "/item/%d" % number]
        self.settings = {"lang": "en", "seen": number}
        self.total = number / 7


SESSIONS = {}


def serve(count, total=[0]):
    for _ in range(count):
        total[0] += 1
        SESSIONS["session-%d" % total[0]] = Session(total[0])


def main(size):
    random.seed(1)
    serve(size)
    print("READY", flush=True)
    for _ in sys.stdin:
        for key in random.sample(list(SESSIONS), size // 100):
            del SESSIONS[key]
        serve(size // 100)
        key = None
        print("READY", flush=True)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
