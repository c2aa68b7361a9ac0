"""waits.py: a thread for each way of waiting, and some that compute; says what came too early.

Every wait takes a known time or ends in a known way.  On a line of standard input it ends, with 0
if every wait was as it should be and every sum was right.
"""
import hashlib
import os
import queue
import select
import signal
import socket
import sys
import threading
import time

NAP = 0.2
wrong = []
ended = threading.Event()
signals = {"sent": 0}


def forever(body):
    def run():
        while not ended.is_set():
            start = time.monotonic()
            result = body()
            if result is not None:
                wrong.append("%s: %r" % (body.__name__, result))
            elif time.monotonic() - start < NAP * 0.98:
                wrong.append("%s came back early" % body.__name__)
    threading.Thread(target=run, daemon=True).start()


def sleep():
    time.sleep(NAP)


def epoll(poller=select.epoll()):
    return poller.poll(NAP) or None


def select_nothing():
    return any(select.select([], [], [], NAP)) or None


def futex(lock=threading.Lock()):
    lock.acquire(blocking=False)
    return lock.acquire(timeout=NAP) or None


def condition(event=threading.Event()):
    return event.wait(NAP) or None


def from_queue(nothing=queue.Queue()):
    try:
        return nothing.get(timeout=NAP)
    except queue.Empty:
        return None


def read():
    reader, writer = os.pipe()
    timer = threading.Timer(NAP, os.write, (writer, b"x"))
    timer.start()
    data = os.read(reader, 1)
    timer.join()
    os.close(reader)
    os.close(writer)
    return None if data == b"x" else data


def receive():
    one, other = socket.socketpair()
    one.settimeout(NAP)
    try:
        return one.recv(1)
    except socket.timeout:
        return None
    finally:
        one.close()
        other.close()


def compute():
    text = repr([{"n": n, "parts": (n, [n])} for n in range(2000)]).encode()
    expected = hashlib.sha256(text).hexdigest()
    while not ended.is_set():
        text = repr([{"n": n, "parts": (n, [n])} for n in range(2000)]).encode()
        if hashlib.sha256(text).hexdigest() != expected:
            wrong.append("a sum is wrong")


def count(number, frame):
    signals["sent"] += 1


signal.signal(signal.SIGUSR1, count)
signal.signal(signal.SIGCHLD, lambda number, frame: wrong.append("SIGCHLD"))
for body in sleep, epoll, select_nothing, futex, condition, from_queue, read, receive:
    forever(body)
for _ in range(2):
    threading.Thread(target=compute, daemon=True).start()
print("READY", flush=True)
sys.stdin.readline()
ended.set()
try:
    wrong.append("a child that is not ours: %r" % (os.waitpid(-1, os.WNOHANG),))
except ChildProcessError:
    pass
print("\n".join(wrong) or "all as it should be", signals["sent"], flush=True)
os._exit(1 if wrong else 0)
