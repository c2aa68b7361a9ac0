# SPDX-License-Identifier: MIT
"""aiohttp.py: a server and a client that talk over the loopback, and stop in the middle."""
import asyncio

import aiohttp
import aiohttp.web
import multidict
import yarl

from kinds import keep, make


async def hello(request):
    keep(request, request.headers, request.query, request.match_info)
    return aiohttp.web.json_response({"hello": [1]}, headers={"X-Header": "value"})


async def slow(request):
    response = aiohttp.web.StreamResponse()
    await response.prepare(request)
    await response.write(b"beginning")
    keep(request, response)
    await asyncio.sleep(1000)


async def socket(request):
    made = aiohttp.web.WebSocketResponse()
    await made.prepare(request)
    async for message in made:
        keep(message)
        await made.send_str("answer")
    return made


async def upload(request):
    form = await request.post()
    keep(form)
    return aiohttp.web.Response(text="done")


@aiohttp.web.middleware
async def middleware(request, handler):
    return await handler(request)


async def serve():
    app = aiohttp.web.Application(middlewares=[middleware])
    app["state"] = [1]
    app.router.add_get("/hello/{name}", hello)
    app.router.add_get("/slow", slow)
    app.router.add_get("/socket", socket)
    app.router.add_post("/upload", upload)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    keep(app, runner, site)
    return "http://127.0.0.1:%d" % site._server.sockets[0].getsockname()[1]


async def talk():
    base = await serve()
    session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(), headers={"A": "b"})
    async with session.get(base + "/hello/you", params={"q": "1"}) as response:
        keep(response, await response.json(), response.headers)
    unread = await session.get(base + "/slow")
    form = aiohttp.FormData()
    form.add_field("file", b"content" * 1000, filename="name")
    async with session.post(base + "/upload", data=form) as response:
        keep(response, await response.text())
    channel = await session.ws_connect(base + "/socket")
    await channel.send_str("question")
    keep(session, unread, form, channel, await channel.receive(), session.connector,
         asyncio.ensure_future(unread.read()), asyncio.ensure_future(channel.receive()))
    await asyncio.sleep(0.05)


LINES = """
loop.run_until_complete(talk())
loop
multidict.CIMultiDict({"A": "b", "C": "d"})
multidict.MultiDict([("a", [1]), ("a", 2)])
multidict.MultiDictProxy(multidict.MultiDict(a=[1]))
multidict.CIMultiDictProxy(multidict.CIMultiDict(a="b"))
multidict.MultiDict(a=1).keys()
multidict.MultiDict(a=1).items()
iter(multidict.MultiDict(a=1))
next(iter(multidict.MultiDict(a=[1], b=2).items()))
multidict.istr("text")
yarl.URL("http://user:pass@host:80/path?query=1#fragment")
yarl.URL("http://host/path").with_query(a=1).query
aiohttp.ClientTimeout(total=3)
aiohttp.web.Response(body=b"x")
"""


def build():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    make(dict(globals(), loop=loop), LINES)
