# SPDX-License-Identifier: MIT
"""service.py [OBJECTS]: a process like a service, of at least so many objects (a million unless
told), that prints READY and goes on for each line it reads: it computes a checksum over its data,
prints it with the next READY, and replaces and adds some of the data in between."""
import collections
import datetime
import functools
import hashlib
import os
import random
import sys


class Customer:
    def __init__(self, n, rng):
        self.number = n
        self.name = "customer %d" % n
        self.mail = "c%d@example.org" % n
        self.balance = rng.random()
        self.orders = []


class Order:
    __slots__ = ("number", "lines", "placed", "state")

    def __init__(self, n, rng):
        self.number = n
        self.lines = tuple((rng.randrange(10 ** 6), rng.randrange(9) + 1) for _ in range(3))
        self.placed = datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=n)
        self.state = ("new", "paid", "sent")[n % 3]


def document(n, rng):
    return {"id": n, "tags": ["t%d" % rng.randrange(5000), "u%d" % n], "unit": {"x": n * 0.5,
            "path": ["a", n, {"leaf": "value %d" % n}]}, "ok": n % 2 == 0,
            "blob": b"%d" % rng.randrange(10 ** 9)}


def handler(n):
    state = [n]

    def handle(value):
        state.append(value)
        return n
    return handle


@functools.lru_cache(maxsize=20000)
def priced(n):
    return (n, n * 1.1)


def past(objects, rng):
    """Leave the memory as a service of some age has it: blocks free here and there."""
    junk = [(n, [n], "%d" % n, n * 0.5)[n % 4] for n in range(objects // 2)]
    rng.shuffle(junk)
    del junk[objects // 10:]
    return junk


class Service:
    def __init__(self, objects):
        self.rng = random.Random(7)
        self.survivors = past(objects, self.rng)
        scale = objects // 44 + 1
        self.customers = [Customer(n, self.rng) for n in range(scale)]
        self.orders = {}
        self.documents = collections.OrderedDict()
        self.handlers = [handler(n) for n in range(scale // 4)]
        self.sets = [{n, "s%d" % n, (n,)} for n in range(scale // 4)]
        self.queue = collections.deque()
        self.next = 0
        for _ in range(scale * 3 // 2):
            self.step()
        for n in range(scale):
            priced(n)

    def step(self):
        n = self.next
        self.next += 1
        order = Order(n, self.rng)
        self.customers[n % len(self.customers)].orders.append(order)
        self.orders[n] = order
        self.documents["doc-%d" % n] = document(n, self.rng)
        if n % 4 == 0:
            self.queue.append("job %d" % n)

    def churn(self):
        for _ in range(len(self.orders) // 50):
            self.step()
            self.documents.popitem(last=False)

    def checksum(self):
        digest = hashlib.sha256()
        for customer in self.customers:
            digest.update(customer.mail.encode())
            for order in customer.orders:
                digest.update(b"%d %r" % (order.number, order.lines[0][0]))
        for name, body in self.documents.items():
            digest.update(name.encode() + body["blob"])
        return digest.hexdigest()


def main():
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    service = Service(objects)
    while True:
        os.write(1, b"READY %s\n" % service.checksum().encode())
        if not os.read(0, 1):
            return
        service.churn()


main()
