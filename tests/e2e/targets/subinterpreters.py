# SPDX-License-Identifier: MIT
"""subinterpreters.py: two more interpreters, in one of which a thread waits."""
import json
import os
import sys
import threading
import time

try:
    import _interpreters as interpreters  # 3.13
except ImportError:
    import _xxsubinterpreters as interpreters

IDLE = """
import json
only_in_idle = {"of": "the idle one"}
"""
BUSY = """
import os
only_in_busy = ["of", "the busy one"]

def waiting(inside):
    os.write(%d, b".")
    return os.read(%d, 1)

waiting(["a local", "of the busy one"])
"""


def run(number, code):
    (getattr(interpreters, "exec", None) or interpreters.run_string)(number, code)


def number_of(one):
    return int(one)


started, waited = os.pipe(), os.pipe()
idle, busy = interpreters.create(), interpreters.create()
run(idle, IDLE)
thread = threading.Thread(target=run, args=(busy, BUSY % (started[1], waited[0])), daemon=True)
thread.start()
os.read(started[0], 1)
time.sleep(0.2)  # until it waits
only_in_main = ["of the main one"]
os.write(1, b"READY " + json.dumps({"idle": number_of(idle), "busy": number_of(busy),
                                    "native_id": thread.native_id}).encode() + b"\n")
sys.stdin.readline()
os.write(waited[1], b".")
thread.join()
