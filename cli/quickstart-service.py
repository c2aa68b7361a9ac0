#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""quickstart-service.py: a small web shop's back end with a leak, for cli/quickstart to look at.

Requests come in all the time; most clients log in and never log out, so that the registry of
sessions grows.  The product cache is full from the start and leaks nothing.
"""
import ctypes
import itertools
import random
import time

PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)


class Product:
    def __init__(self, number):
        self.name = f"product {number}"
        self.price = number * 7 % 1000
        self.tags = [f"tag{number % 13}", f"tag{number % 17}"]


class Session:
    def __init__(self, user, address):
        self.user = user
        self.address = address
        self.cart = []
        self.settings = {"language": "en", "currency": "EUR"}


class Shop:
    def __init__(self):
        self.products = {number: Product(number) for number in range(20000)}
        self.active_sessions = {}

    def login(self, number):
        session = Session(f"user{number}", f"192.0.2.{number % 256}")
        self.active_sessions[f"token-{number:08d}"] = session
        return session

    def logout(self, number):
        del self.active_sessions[f"token-{number:08d}"]

    def serve(self, number, rng):
        session = self.login(number)
        session.cart.append(self.products[rng.randrange(len(self.products))].name)
        if number % 10 == 0:  # few clients say good-bye
            self.logout(number)


def main():
    # Where Yama is strict, a process may be traced by its ancestors only; heapsnap is a sibling.
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
    shop = Shop()
    rng = random.Random(1)
    for number in itertools.count():
        shop.serve(number, rng)
        if number == 2000:
            print("READY", flush=True)
        if number >= 2000:
            time.sleep(0.0005)


if __name__ == "__main__":
    main()
