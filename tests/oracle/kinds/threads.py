# SPDX-License-Identifier: MIT
"""threads.py: threads, their locals and what they wait for; processes' counterparts."""
import _thread
import contextvars
import multiprocessing
import multiprocessing.managers
import multiprocessing.pool
import multiprocessing.shared_memory
import queue
import sched
import signal
import threading

from kinds import keep, make, run


class Local(threading.local):
    def __init__(self, *arguments):
        self.arguments = arguments


LOCAL = threading.local()
WITH_ARGUMENTS = Local([1], {2})
READY = threading.Semaphore(0)
NEVER = threading.Event()
VARIABLE = contextvars.ContextVar("of a thread")


def using_locals(number):
    LOCAL.value = [number]
    LOCAL.other = {number: [number]}
    keep(WITH_ARGUMENTS.arguments)
    VARIABLE.set([number])
    READY.release()
    NEVER.wait()


def waiting_in_generator():
    def generator():
        yield NEVER.wait()
    READY.release()
    for _ in generator():
        pass


def handling():
    try:
        raise ValueError([1])
    except ValueError:
        READY.release()
        NEVER.wait()


def waiting_for_queue(queue):
    READY.release()
    queue.get()


def started():
    """Threads that wait for something that never comes."""
    made = [threading.Thread(target=using_locals, args=(i,), name="local %d" % i, daemon=True)
            for i in range(3)]
    made += [threading.Thread(target=target, daemon=True, kwargs=more)
             for target, more in ((waiting_in_generator, {}), (handling, {}),
                                  (waiting_for_queue, {"queue": queue.Queue()}),
                                  (waiting_for_queue, {"queue": queue.SimpleQueue()}))]
    for thread in made:
        thread.start()
        READY.acquire()
    return made


def ended():
    made = threading.Thread(target=LOCAL.__setattr__, args=("gone", [1]))
    made.start()
    made.join()
    return made


def held(lock):
    lock.acquire()
    return lock


def timer():
    made = threading.Timer(1000, print, [1], {"end": ""})
    made.daemon = True
    made.start()
    return made


def local_with_cycle():
    made = threading.local()
    made.cycle = [made]
    return made


def shared_memory():
    made = multiprocessing.shared_memory.SharedMemory(create=True, size=100)
    made.unlink()
    return made


def scheduled():
    made = sched.scheduler()
    made.enter(1000, 1, print, ([1],))
    return made


LINES = """
started()
ended()
LOCAL
WITH_ARGUMENTS
threading.local()
local_with_cycle()
threading.Lock()
held(threading.Lock())
threading.RLock()
held(threading.RLock())
threading._RLock()
held(held(threading._CRLock()))
threading.Event()
threading.Condition()
threading.Condition(threading.Lock())
threading.Semaphore(3)
threading.BoundedSemaphore(3)
threading.Barrier(3)
threading.Thread(target=print, args=([1],))
threading.current_thread()
threading.enumerate()
timer()
threading.excepthook
_thread._ExceptHookArgs([ValueError, ValueError(1), None, None])
_thread.start_new_thread
_thread.allocate_lock()
_thread._local()
queue.Queue()
scheduled()
signal.getsignal(signal.SIGINT)
multiprocessing.Lock()
multiprocessing.RLock()
multiprocessing.Semaphore(2)
multiprocessing.Event()
multiprocessing.Condition()
multiprocessing.Value("i", 3)
multiprocessing.Array("d", [1.0, 2.0])
multiprocessing.RawArray("i", 3)
multiprocessing.Pipe()
multiprocessing.SimpleQueue()
multiprocessing.Queue()
multiprocessing.Process(target=print)
multiprocessing.get_context("fork")
shared_memory()
multiprocessing.managers.SyncManager()
"""

CHANNELS = """
import _interpchannels
channel = _interpchannels.create(1)
"""

OLD_CHANNELS = """
import _xxsubinterpreters
channel = _xxsubinterpreters.channel_create()
"""


def build():
    make(globals(), LINES)
    for text in (CHANNELS, OLD_CHANNELS):
        made = {}
        run(made, text)
        keep(made)
