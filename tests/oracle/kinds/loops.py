# SPDX-License-Identifier: MIT
"""loops.py: what asyncio and concurrent.futures have: tasks and futures, waiting and done."""
import asyncio
import asyncio.futures
import asyncio.tasks
import concurrent.futures
import contextlib
import contextvars
import socket
import ssl

from kinds import keep, make

VARIABLE = contextvars.ContextVar("of a task", default=[1])


async def returning(value):
    VARIABLE.set([value])
    await asyncio.sleep(0)
    return [value]


async def failing():
    await asyncio.sleep(0)
    raise ValueError([1])


async def waiting(event):
    local = [event]
    await event.wait()
    return local


async def waiting_for_future(future):
    return await future


async def waiting_for_task(task):
    await asyncio.wait_for(task, 1000)


async def yielding():
    for i in range(10):
        yield [i]
        await asyncio.sleep(0)


async def iterating():
    async for _ in yielding():
        await asyncio.sleep(1000)


async def queueing(queue):
    await queue.get()


async def locking(lock):
    async with lock:
        await asyncio.sleep(1000)


async def shielded(task):
    await asyncio.shield(task)


async def grouped():
    async with asyncio.TaskGroup() as group:
        keep(group, group.create_task(asyncio.sleep(1000)))
        await asyncio.sleep(1000)


async def timing_out():
    async with asyncio.timeout(1000):
        await asyncio.sleep(1000)


async def finish(*tasks):
    with contextlib.suppress(Exception):
        await asyncio.gather(*tasks, return_exceptions=True)


def callback(*arguments):
    pass


def futures(loop):
    """Futures in every state, of C and of Python."""
    for cls in (asyncio.Future, asyncio.futures._PyFuture):
        pending, done, failed, cancelled, many = [cls(loop=loop) for _ in range(5)]
        pending.add_done_callback(callback)
        done.set_result([1])
        failed.set_exception(ValueError(1))
        failed.exception()
        cancelled.cancel()
        for _ in range(3):
            many.add_done_callback(callback, context=contextvars.copy_context())
        pending.attribute = [1]
        keep(pending, done, failed, cancelled, many, cls(loop=loop), pending.__await__(),
             iter(many))


async def tasks(loop):
    """Tasks in every state."""
    event, lock, queue = asyncio.Event(), asyncio.Lock(), asyncio.Queue(3)
    keep(event, lock, queue, asyncio.Condition(), asyncio.Semaphore(2),
         asyncio.BoundedSemaphore(2), asyncio.PriorityQueue(), asyncio.LifoQueue())
    await queue.put([1])
    done = [loop.create_task(returning(1)), loop.create_task(returning(2), name="named"),
            loop.create_task(failing()), asyncio.ensure_future(returning([3]))]
    await finish(*done)
    future = loop.create_future()
    slow = loop.create_task(asyncio.sleep(1000))
    running = [slow, loop.create_task(waiting(event)), loop.create_task(waiting(event)),
               loop.create_task(waiting_for_future(future)), loop.create_task(iterating()),
               loop.create_task(waiting_for_task(slow)), loop.create_task(shielded(slow)),
               loop.create_task(queueing(queue)), loop.create_task(queueing(queue)),
               loop.create_task(locking(lock)), loop.create_task(locking(lock)),
               asyncio.gather(slow, loop.create_task(returning(4))),
               asyncio.tasks._PyTask(waiting(event), loop=loop)]
    for name in ("grouped", "timing_out"):
        if hasattr(asyncio, {"grouped": "TaskGroup", "timing_out": "timeout"}[name]):
            running.append(loop.create_task(globals()[name]()))
    fresh = loop.create_task(returning(5))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cancelled = loop.create_task(waiting(event))
    await asyncio.sleep(0)
    cancelled.cancel()
    await finish(cancelled)
    to_be_cancelled = loop.create_task(waiting(event))
    await asyncio.sleep(0)
    running[1].add_done_callback(callback)
    running[1].attribute = [1]
    to_be_cancelled.cancel()
    keep(done, running, fresh, cancelled, to_be_cancelled, future, loop.create_task(returning(6)),
         asyncio.current_task(), asyncio.all_tasks(), loop.call_later(1000, callback, [1]),
         loop.call_soon(callback), loop.call_at(1e9, callback), loop.call_soon_threadsafe(callback),
         slow.get_stack(), asyncio.as_completed([slow]))


async def network(loop):
    """Transports, a server and streams."""
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(1000), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello")
    await asyncio.sleep(0.01)
    left, right = socket.socketpair()
    for end in (left, right):
        end.setblocking(False)
    receiving = loop.create_task(loop.sock_recv(left, 10))
    await asyncio.sleep(0)
    endpoint = await loop.create_datagram_endpoint(asyncio.DatagramProtocol,
                                                   local_addr=("127.0.0.1", 0))
    keep(server, reader, writer, writer.transport, left, right, receiving, endpoint,
         asyncio.StreamReader(loop=loop), loop.create_task(reader.read(100)))
    await asyncio.sleep(0)


async def process(loop):
    child = await asyncio.create_subprocess_exec("/bin/cat", stdin=asyncio.subprocess.PIPE,
                                                 stdout=asyncio.subprocess.PIPE)
    keep(child, child.stdin, child.stdout, child._transport)
    child.stdin.close()
    await child.wait()


def run_part(loop, part):
    return loop.run_until_complete(part(loop))


class Protocol(asyncio.Protocol):
    pass


LINES = """
futures(loop)
run_part(loop, tasks)
run_part(loop, network)
run_part(loop, process)
loop
asyncio.new_event_loop()
asyncio.get_event_loop_policy()
asyncio.Runner()
asyncio.Barrier(3)
asyncio.Timeout(None)
asyncio.run(returning(7))
asyncio.SelectorEventLoop()
asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), loop=loop)
asyncio.sslproto.SSLProtocol(loop, Protocol(), ssl.create_default_context(), loop.create_future(), server_hostname="localhost")
asyncio.wrap_future(concurrent.futures.Future(), loop=loop)
asyncio.run_coroutine_threadsafe(returning(8), loop)
concurrent.futures.Future()
concurrent.futures.ThreadPoolExecutor(1)
finished_pool()
[loop.create_task(returning(i)) for i in range(2)]
loop._ready
"""


def finished_pool():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(lambda i: [i], i) for i in range(3)]
        failed = pool.submit(lambda: 1 / 0)
    return [pool, futures, failed, concurrent.futures.wait(futures)]


def build():
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(callback)
    asyncio.set_event_loop(loop)
    make(dict(globals(), loop=loop), LINES)
    asyncio.set_event_loop(None)
