# SPDX-License-Identifier: MIT
"""streams.py: files and sockets, buffers full and empty, compressors and hashes half-way."""
import bz2
import codecs
import gzip
import hashlib
import hmac
import io
import lzma
import mmap
import os
import select
import selectors
import shelve
import socket
import ssl
import subprocess
import tarfile
import tempfile
import zipfile
import zlib

from kinds import keep, make, run

FOLDER = tempfile.mkdtemp(prefix="heapsnap-zoo-")
FILE = os.path.join(FOLDER, "file")


class Raw(io.RawIOBase):
    """A raw stream written in Python."""

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        buffer[:4] = b"raw\n"
        return 4

    def write(self, data):
        return len(data)


def after(stream, *calls):
    """@stream, after these of its methods were called: a name, or a name and an argument."""
    for call in calls:
        words = call if isinstance(call, tuple) else (call,)
        getattr(stream, words[0])(*words[1:])
    return stream


def text(data=b"line\nline\nline\n", **more):
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", **more)


def detached(stream):
    stream.detach()
    return stream


def with_attributes(stream):
    stream.extra = [1]
    return stream


def bound():
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def talking():
    """A TLS conversation over memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    conversation = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        conversation.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return [context, incoming, outgoing, conversation, outgoing.read()]


def shaken():
    """Both ends of a TLS conversation that was begun, without any certificate."""
    ends, pipes = [], [ssl.MemoryBIO(), ssl.MemoryBIO()]
    for server in (False, True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")
        ends.append(context.wrap_bio(*(pipes if server else pipes[::-1]), server_side=server))
    for turn in range(6):
        try:
            ends[turn % 2].do_handshake()
        except ssl.SSLWantReadError:
            pass
    return [ends, pipes, ends[0].session, ends[0].cipher()]


def ssl_context():
    made = ssl.create_default_context()
    made.set_alpn_protocols(["h2"])
    made.keylog_filename = os.path.join(FOLDER, "keys")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.sni_callback = lambda *arguments: None
    return [made, server, made.get_ca_certs()[:2], made.get_ciphers()[:2]]


def mapped():
    with open(FILE, "r+b") as file:
        made = mmap.mmap(file.fileno(), 0)
    return [made, memoryview(made), mmap.mmap(-1, 100)]


def polls():
    made = select.poll()
    made.register(0)
    return made


def selector():
    made = selectors.DefaultSelector()
    made.register(keep(bound()), selectors.EVENT_READ, [1])
    return [made, made.get_map()]


def archives():
    path = os.path.join(FOLDER, "archive.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("name", b"content" * 100)
    tar = os.path.join(FOLDER, "archive.tar.gz")
    with tarfile.open(tar, "w:gz") as archive:
        archive.add(FILE, "name")
    opened = zipfile.ZipFile(path)
    member = opened.open("name")
    member.read(10)
    return [opened, member, tarfile.open(tar), opened.infolist(), tarfile.open(tar).getmembers()]


def child():
    made = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    made.stdin.write("text")
    made.stdin.close()
    made.wait()
    return [made, made.stdin, made.stdout]


LINES = """
open(FILE)
open(FILE, "rb")
open(FILE, "wb")
open(FILE, "ab", buffering=0)
after(open(FILE, "w"), ("write", "x" * 100 + "\\n" * 3))
after(open(FILE, "w", encoding="utf-16"), ("write", "text\\u20ac"), "flush")
after(open(FILE, "w+", newline="\\r\\n"), ("write", "some text" * 1000), "flush", ("seek", 0))
after(open(FILE), "readline")
after(open(FILE, newline=""), ("read", 5))
after(open(FILE, errors="replace", encoding="ascii"), ("read", 3), "tell")
after(open(FILE, "rb"), ("read", 3))
after(open(FILE, "rb"), "peek")
after(open(FILE, "r+b"), ("write", b"abc"), ("seek", 1), ("read", 1))
after(open(FILE, "rb", buffering=0), ("read", 3))
after(open(FILE), "close")
after(open(FILE, "rb"), "close")
after(open(FILE, "rb", buffering=0), "close")
open(FILE, "rb", buffering=100)
open(FILE, "rb", opener=lambda path, flags: os.open(path, flags))
with_attributes(open(FILE))
with_attributes(open(FILE, "rb"))
with_attributes(open(FILE, "rb", buffering=0))
io.FileIO(os.devnull)
io.FileIO(os.dup(0), closefd=True)
io.BytesIO()
io.BytesIO(b"bytes")
after(io.BytesIO(), ("write", b"x" * 1000))
after(io.BytesIO(b"shared"), ("read", 3))
after(io.BytesIO(b"shared"), "getvalue")
after(io.BytesIO(), "close")
with_attributes(io.BytesIO(b"bytes"))
[io.BytesIO(b"exported").getbuffer()]
io.StringIO()
io.StringIO("text")
after(io.StringIO(), ("write", "text\\u20ac"))
after(io.StringIO("text\\n\\u20ac", newline=None), "readline")
after(io.StringIO("text", newline=""), ("seek", 2), ("write", "more"))
after(io.StringIO(), "close")
with_attributes(io.StringIO())
io.BufferedReader(io.BytesIO(b"x" * 100))
after(io.BufferedReader(io.BytesIO(b"x" * 100)), ("read", 3))
after(io.BufferedReader(Raw()), ("read", 3))
after(io.BufferedReader(Raw(), 100), "close")
detached(io.BufferedReader(io.BytesIO()))
after(io.BufferedWriter(io.BytesIO(), 100), ("write", b"x"))
after(io.BufferedWriter(Raw()), ("write", b"x"))
after(io.BufferedRandom(io.BytesIO(b"x" * 100)), ("read", 3), ("write", b"y"))
io.BufferedRWPair(io.BytesIO(b"in"), io.BytesIO())
after(io.BufferedRWPair(Raw(), Raw()), ("read", 1), ("write", b"x"))
with_attributes(io.BufferedRWPair(Raw(), Raw()))
text()
after(text(), "readline")
after(text(), ("read", 3))
after(text(), "read")
after(text(), "readline", ("write", "x"))
after(text(write_through=True), ("write", "x"))
after(text(line_buffering=True, newline="\\n"), ("write", "x"))
after(text(errors="surrogateescape"), "readline", ("reconfigure",))
after(text(b"\\xff\\xfet\\0e\\0"), "close")
io.TextIOWrapper(Raw(), encoding="latin-1")
after(io.TextIOWrapper(io.BufferedReader(Raw()), encoding="utf-8-sig"), "readline")
detached(text())
with_attributes(text())
io.IncrementalNewlineDecoder(None, True)
after(io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), True), ("decode", b"a\\r"))
Raw()
with_attributes(Raw())
io.RawIOBase()
__import__("_io")._IOBase()
__import__("_io")._RawIOBase()
io.IOBase()
io.BufferedIOBase()
io.TextIOBase()
after(io.BytesIO(b"bytes"), "getbuffer")
codecs.open(FILE, encoding="utf-8")
codecs.lookup("utf-8")
codecs.getincrementaldecoder("utf-8")()
codecs.getincrementaldecoder("utf-16")()
codecs.getincrementaldecoder("shift_jis")()
after(codecs.getincrementaldecoder("shift_jis")(), ("decode", b"\\x82"))
codecs.getincrementalencoder("gb18030")()
codecs.getreader("euc_jp")(io.BytesIO(b"text"))
codecs.getwriter("big5")(io.BytesIO())
codecs.getreader("utf-8")(io.BytesIO(b"text"))
codecs.lookup("shift_jis").incrementaldecoder.codec
codecs.charmap_build("".join(map(chr, range(256))))
codecs.charmap_build("".join(map(chr, range(255, -1, -1))) + "\\u20ac")
codecs.lookup_error("strict")
__import__("encodings.cp1252").cp1252.encoding_table
tempfile.TemporaryFile()
tempfile.NamedTemporaryFile()
tempfile.SpooledTemporaryFile()
tempfile.TemporaryDirectory()
socket.socket()
__import__("_socket").socket()
bound()
socket.socketpair()
socket.socketpair()[0].makefile("rw")
bound().getsockname()
socket.getaddrinfo("127.0.0.1", 80)
select.epoll()
polls()
select.select
selector()
selectors.PollSelector()
mapped()
child()
zlib.compressobj()
after(zlib.compressobj(zdict=b"dictionary"), ("compress", b"x" * 100))
zlib.decompressobj()
after(zlib.decompressobj(), ("decompress", zlib.compress(b"x" * 1000), 10))
after(zlib.decompressobj(zdict=b"dictionary"))
after(zlib.decompressobj(), ("decompress", zlib.compress(b"x") + b"unused"))
zlib._ZlibDecompressor()
bz2.BZ2Compressor()
bz2.BZ2Decompressor()
after(bz2.BZ2Decompressor(), ("decompress", bz2.compress(b"x" * 1000) + b"unused"))
bz2.BZ2File(io.BytesIO(bz2.compress(b"x" * 1000)))
lzma.LZMACompressor()
lzma.LZMADecompressor()
after(lzma.LZMADecompressor(), ("decompress", lzma.compress(b"x" * 1000) + b"unused"))
lzma.LZMAFile(io.BytesIO(lzma.compress(b"x")))
gzip.GzipFile(fileobj=io.BytesIO(), mode="w")
after(gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"x" * 100))), ("read", 3))
zstd.ZstdCompressor()
zstd.ZstdDecompressor()
after(zstd.ZstdDecompressor(), ("decompress", zstd.compress(b"x" * 1000) + b"unused"))
zstd.ZstdDict(b"raw dictionary", is_raw=True)
zstd.ZstdCompressor(zstd_dict=zstd.ZstdDict(b"raw dictionary", is_raw=True))
zstd.train_dict([b"a%d" % i * 10 for i in range(100)], 1000)
archives()
hashlib.md5(b"x")
hashlib.sha1()
hashlib.sha256(b"x" * 100)
hashlib.sha512()
hashlib.sha384()
hashlib.sha3_256()
hashlib.shake_128()
hashlib.blake2b(b"x", key=b"k")
hashlib.blake2s()
hashlib.new("sha224")
hashlib.new("ripemd160")
__import__("_md5").md5()
__import__("_sha1").sha1()
__import__("_sha256").sha256()
__import__("_sha256").sha224()
__import__("_sha512").sha512()
__import__("_sha512").sha384()
__import__("_sha2").sha256()
__import__("_sha2").sha224()
__import__("_sha2").sha384()
__import__("_sha2").sha512()
__import__("_sha3").sha3_224()
__import__("_sha3").shake_256()
__import__("_sha3").shake_128()
__import__("_sha3").sha3_256()
__import__("_sha3").sha3_384()
__import__("_sha3").sha3_512()
__import__("_hmac").new(b"key", b"x", "sha256")
hmac.new(b"key", b"message", "sha256")
hmac.new(b"key", b"message", hashlib.sha1)
hmac.HMAC(b"key", digestmod="blake2s")
ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ssl_context()
ssl.MemoryBIO()
after(ssl.MemoryBIO(), ("write", b"x" * 100), "write_eof")
talking()
shaken()
after(shelve.open(os.path.join(FOLDER, "shelf")), ("__setitem__", "k", [1]))
dbm.open(os.path.join(FOLDER, "dbm"), "c")
__import__("_dbm").open(os.path.join(FOLDER, "ndbm"), "c")
__import__("dbm.dumb").dumb.open(os.path.join(FOLDER, "dumb"), "c")
"""

MODULES = """
import compression.zstd as zstd
"""

DBM = """
import dbm
"""


def build():
    with open(FILE, "w") as file:
        file.write("line of text\n" * 100)
    names = dict(globals())
    run(names, MODULES)
    run(names, DBM)
    make(names, LINES)
