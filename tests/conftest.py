# SPDX-License-Identifier: MIT
"""conftest.py: the command, the interpreters there are, and targets that block when told to.

Environment: HEAPSNAP names the command to test, HEAPSNAP_PYTHONS (colon-separated) more
interpreters than those found on PATH, in the version manager's folder, and where
tests/interpreters unpacks those of other releases of Debian.
"""
import contextlib
import ctypes
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[1]
TARGETS = TOP / "tests/e2e/targets"
SUPPORTED = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
TIMEOUT = 120  # seconds; nothing here takes a tenth of it

PR_SET_PTRACER = 0x59616D61

PROBE = """
import json, os, platform, sys, sysconfig
print(json.dumps({
    "minor": "%d.%d" % sys.version_info[:2],
    "version": platform.python_version(),
    "command": sys.executable,
    "file": os.path.realpath(sys.executable),
    "plain": platform.python_implementation() == "CPython"
             and not sysconfig.get_config_var("Py_DEBUG")
             and not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


def find_interpreters():
    """Every CPython there is, as dicts of PROBE's keys, each file once; shims are seen through."""
    names = ["/usr/bin/python3"]
    names += [f"python3.{minor}" for minor in range(8, 20)]
    names += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python")))
    names += filter(None, os.environ.get("HEAPSNAP_PYTHONS", "").split(":"))
    unpacked = sorted(map(str, TOP.glob("build/interpreters/*/python")))
    found = {}
    for name in names + unpacked:
        command = shutil.which(name)
        if not command:
            continue
        with contextlib.suppress(subprocess.SubprocessError, ValueError, OSError):
            out = subprocess.run([command, "-c", PROBE], capture_output=True, timeout=20,
                                 check=True).stdout
            row = json.loads(out)
            row["origin"] = "system" if row["command"].startswith("/usr/") else "other"
            if name in unpacked:  # these need the libraries that came with them
                row.update(command=name, origin=pathlib.Path(name).parent.name.split("-")[0])
            found.setdefault(row["file"], row)
    return list(found.values())


INTERPRETERS = find_interpreters()


def interpreters(minors, every):
    """Parameters: the plain interpreters of these versions, one each unless @every."""
    rows = []
    for minor in minors:
        fitting = [i for i in INTERPRETERS if i["minor"] == minor and i["plain"]]
        for row in fitting if every else fitting[:1]:
            rows.append(pytest.param(row["command"], id=f"{row['version']}-{row['origin']}"))
        if not fitting:
            reason = f"no CPython {minor} on this machine; HEAPSNAP_PYTHONS can name one"
            rows.append(pytest.param(None, id=minor, marks=pytest.mark.skip(reason=reason)))
    return rows


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run sweeps that take their time, too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes minutes: tests/run --long"))


@pytest.fixture(scope="session", params=interpreters(SUPPORTED, every=True))
def python(request):
    """Each supported interpreter there is, in turn."""
    return request.param


@pytest.fixture(scope="session", params=interpreters(SUPPORTED, every=False))
def one_python(request):
    """One interpreter of each supported version, in turn: for what takes longer."""
    return request.param


@pytest.fixture(scope="session")
def any_python():
    """One supported interpreter: for what does not depend on its version."""
    for row in INTERPRETERS:
        if row["minor"] in SUPPORTED and row["plain"]:
            return row["command"]
    pytest.skip("no supported CPython on this machine; HEAPSNAP_PYTHONS can name one")


class Heapsnap:
    """The command under test."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *words, code=0, **more):
        """Run it and see that it exits with @code; None: whatever it exits with."""
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        more.setdefault("stdin", subprocess.DEVNULL)
        result = subprocess.run([self.path, *map(str, words)], timeout=TIMEOUT, **more)
        if code is not None:
            assert result.returncode == code, (
                f"heapsnap {' '.join(map(str, words))} exited with {result.returncode}, "
                f"not {code}: {(result.stderr or b'').decode(errors='replace')}")
        return result

    def json(self, *words, **more):
        return json.loads(self(*words, "--json", **more).stdout)

    def fails(self, code, *words, **more):
        """Run it, see it fail with @code and one line on standard error; the line, decoded."""
        result = self(*words, code=code, **more)
        lines = result.stderr.decode().splitlines()
        assert len(lines) == 1 and lines[0].startswith("heapsnap: "), lines
        assert not result.stdout
        return lines[0]


@pytest.fixture(scope="session")
def heapsnap():
    named = os.environ.get("HEAPSNAP")
    paths = [named] if named else [TOP / "build" / kind / "cli/heapsnap"
                                   for kind in ("test", "release")]
    for path in paths:
        if os.access(path, os.X_OK):
            return Heapsnap(str(path))
    pytest.exit(f"there is no command at {' or '.join(map(str, paths))}; HEAPSNAP can name it", 2)


LAUNCH = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss * 1024)
sys.exit(status != 0)
"""


def peak_of(command, *words):
    """
    Run it and see that it succeeds; the most memory that it had at a time, in bytes.  A process
    counts as its own what its parent has when it is forked: so a small one has to be between.
    """
    result = subprocess.run(["/usr/bin/python3", "-S", "-c", LAUNCH, command, *map(str, words)],
                            stdout=subprocess.PIPE, timeout=TIMEOUT, check=True)
    return int(result.stdout)


def allow_tracing():
    """Where Yama is strict, let any process of ours trace this one; kept over exec."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)


class Target:
    """A process that prints READY and waits for a line, as often as its script says."""

    def __init__(self, command, **more):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=allow_tracing, **more)
        self.pid = self.process.pid
        self.said = ""  # with the last READY

    def wait_ready(self):
        """Wait for the next READY; the rest of its line."""
        line = self.process.stdout.readline().decode()
        assert line.startswith("READY"), f"the target said {line!r}"
        self.said = line[5:].strip()
        return self.said

    def go_on(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def finish(self):
        """Let it run to its end; what it printed until then."""
        out, _ = self.process.communicate(b"\n", timeout=TIMEOUT)
        assert self.process.returncode == 0
        return out.decode()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()

    def status(self):
        """The fields of /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def assert_unharmed(self):
        """It runs or has come to its own end, and nobody traces any of its threads any more."""
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                text = (task / "status").read_text()
                fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
                assert fields["TracerPid"].strip() == "0"
                assert fields["State"][0] in "RSDZX", fields["State"]
        assert self.process.poll() in (None, 0)


@pytest.fixture(scope="session")
def start_session():
    """start() for fixtures that live as long as the session."""
    with contextlib.ExitStack() as stack:
        yield make_start(stack)


@pytest.fixture
def start():
    """start(PYTHON, SCRIPT, ARGUMENT...) runs a script of targets/ up to its first READY."""
    with contextlib.ExitStack() as stack:
        yield make_start(stack)


@pytest.fixture
def start_command():
    """start_command(PROGRAM, ARGUMENT...) runs any program up to its first READY."""
    with contextlib.ExitStack() as stack:
        def begin(*command):
            target = Target(command)
            stack.callback(target.kill)
            target.wait_ready()
            return target
        yield begin


def make_start(stack):
    def begin(python, script, *arguments, **more):
        target = Target([python, "-B", TARGETS / script, *arguments], **more)
        stack.callback(target.kill)
        target.wait_ready()
        return target
    return begin


INCLUDE = "import sysconfig; print(sysconfig.get_paths()['include'])"


def build_extension(python, source, folder):
    """Build @source of targets/ for @python with its own headers, or skip."""
    include = subprocess.check_output([python, "-c", INCLUDE], text=True).strip()
    compiler = shutil.which("cc")
    if not os.path.exists(f"{include}/Python.h"):
        pytest.skip(f"this interpreter came without headers: no {include}/Python.h")
    if not compiler:
        pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", f"-I{include}", TARGETS / source,
                    "-o", (folder / source).with_suffix(".so")], check=True)


class Pair:
    """Two snapshots of targets/sample.py, between which its registry grew."""

    def __init__(self, first, second, pid, facts):
        self.first, self.second, self.pid, self.facts = first, second, pid, facts


@pytest.fixture(scope="session")
def pairs(heapsnap, start_session, tmp_path_factory):
    """pairs(PYTHON) is the Pair of that interpreter, taken once in a session."""
    made = {}

    def pair(python):
        if python not in made:
            folder = tmp_path_factory.mktemp("pair")
            target = start_session(python, "sample.py")
            heapsnap("dump", target.pid, "-o", folder / "a.snap")
            target.go_on()
            facts = json.loads(target.wait_ready())
            heapsnap("dump", target.pid, "-o", folder / "b.snap")
            made[python] = Pair(folder / "a.snap", folder / "b.snap", target.pid, facts)
        return made[python]
    return pair


@pytest.fixture
def pair(pairs, python):
    return pairs(python)


@pytest.fixture
def any_pair(pairs, any_python):
    return pairs(any_python)


def as_nobody(heapsnap, folder, *words):
    """Run the command as a user without rights, from a place that user can read."""
    program = pathlib.Path(folder, "heapsnap")
    shutil.copy(heapsnap.path, program)
    out = subprocess.run(["ldd", heapsnap.path], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        if "libsnap.so" in line:
            shutil.copy(line.split("=>")[1].split()[0], folder)
    for path in [folder, *folder.parents]:
        path.chmod(0o755)
        if path.name.startswith("pytest-of-"):
            break
    environment = dict(os.environ, LD_LIBRARY_PATH=str(folder))
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program),
               *map(str, words)]
    return subprocess.run(command, capture_output=True, timeout=60, env=environment, cwd=folder)


needs_root = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"),
                                reason="needs root and setpriv to run as another user")


def wait_until(condition, seconds=20):
    """Poll until @condition() is true; fail after @seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("what was waited for did not happen")


def state_of(pid):
    """The letter that /proc has for the state of a process: R, S, T, t, Z."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def end(process):
    """Kill a process of our own and reap it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()


AGREEMENTS = pytest.StashKey()


@pytest.fixture
def agreements(request):
    """Where tests leave each compare.Agreement for the table at the end."""
    return request.config.stash.setdefault(AGREEMENTS, [])


def pytest_terminal_summary(terminalreporter, config):
    """At the end of a run, how far every interpreter and its snapshot agree."""
    agreements = config.stash.get(AGREEMENTS, [])
    if not agreements:
        return
    import compare  # beside the tests that left them
    terminalreporter.section("snapshots against what interpreters say of themselves")
    heads = "".join(f"{aspect + ' %':>13}" for aspect in compare.ASPECTS)
    terminalreporter.write_line(f"{'':32}{'objects':>9}{'kinds':>7}{heads}")
    for agreement in agreements:
        shares = "".join(f"{agreement.share(aspect):13.4f}" for aspect in compare.ASPECTS)
        terminalreporter.write_line(f"{agreement.title:32}{agreement.objects:9}"
                                    f"{len(agreement.kinds):7}{shares}")
    for agreement in agreements:
        if agreement.exceptions():
            terminalreporter.write_line(f"exceptions in {agreement.title}:")
        for line in agreement.lines():
            terminalreporter.write_line(line)
