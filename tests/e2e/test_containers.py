# SPDX-License-Identifier: MIT
"""test_containers.py: targets whose files are elsewhere, gone or replaced since they began."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import TARGETS, TOP, Target, as_nobody, needs_root

WHERE = """
import json, os, sys
maps = [line.split(None, 5) for line in open("/proc/self/maps")]
files = sorted({m[5].strip() for m in maps if len(m) > 5 and "libpython" in m[5]})
print(json.dumps({"file": os.path.realpath(sys.executable), "libraries": files,
                  "home": sys.base_prefix}))
"""


def copied(python, folder):
    """A copy of @python and of its library in @folder: its command, environment and files."""
    if pathlib.Path(python).read_bytes()[:2] == b"#!":
        pytest.skip("a script has another loader run this one: see test_another_root")
    where = json.loads(subprocess.check_output([python, "-c", WHERE]))
    files = [pathlib.Path(shutil.copy(path, folder)) for path in (where["file"], *where["libraries"])]
    environment = dict(os.environ, PYTHONHOME=where["home"], LD_LIBRARY_PATH=str(folder))
    return files[0], environment, files


def take_away(files, fate):
    for path in files:
        path.unlink()
        if fate == "replaced":
            path.write_bytes(b"\x7fELF, but another one" + bytes(1 << 16))


def same_heap(heapsnap, snap):
    document = heapsnap.json("top", snap, "--by", "type")
    kinds = {row["kind"] for row in document["rows"]}
    assert document["objects"] > 10000 and {"dict", "module", "function"} <= kinds


@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_files_are_gone(heapsnap, python, tmp_path, fate):
    """As after an upgrade, while the old one still runs."""
    command, environment, files = copied(python, tmp_path)
    target = Target([command, "-B", TARGETS / "sample.py"], env=environment)
    try:
        target.wait_ready()
        take_away(files, fate)
        heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
        heapsnap("verify", tmp_path / "a.snap")
        same_heap(heapsnap, tmp_path / "a.snap")
        target.assert_unharmed()
        row = next(r for r in heapsnap.json("ps")["rows"] if r["pid"] == target.pid)
        assert row["supported"]
    finally:
        target.kill()


@needs_root
@pytest.mark.parametrize("fate", ["deleted", "replaced"])
def test_files_are_gone_and_nobody_is_root(heapsnap, one_python, tmp_path, fate):
    """Without rights the kernel does not open the files of mappings that have no name any more."""
    out = tmp_path / "out"
    out.mkdir()
    tmp_path.chmod(0o755)
    out.chmod(0o777)
    command, environment, files = copied(one_python, tmp_path)
    if as_nobody(heapsnap, tmp_path, "--version").returncode or not readable(command, environment):
        pytest.skip("nobody may not run a copy of this interpreter")
    target = Target(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", command, "-B",
                     TARGETS / "sample.py"], env=environment)
    try:
        target.wait_ready()
        take_away(files, fate)
        result = as_nobody(heapsnap, tmp_path, "dump", target.pid, "-o", out / "a.snap")
        assert result.returncode == 0, result.stderr
        same_heap(heapsnap, out / "a.snap")
    finally:
        target.kill()


def readable(command, environment):
    """Whether somebody without rights can run it."""
    result = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", command,
                             TARGETS / "sample.py"], env=environment, stdin=subprocess.DEVNULL,
                            capture_output=True)
    return result.stdout.startswith(b"READY")


# A root file system below $PWD: the folders of $1, what newer releases have links for, and /proc.
ROOT = """set -e
for folder in "$1"/bin "$1"/etc "$1"/lib* "$1"/sbin "$1"/usr; do
	[ -d "$folder" ] || continue
	mkdir "${folder##*/}"
	mount --bind "$folder" "${folder##*/}"
done
for name in lib lib64; do [ -e $name ] || ln -s usr/$name $name; done
mkdir proc tmp
cp "$3" tmp/target.py
mount -t proc proc proc
exec chroot . "$2" -B /tmp/target.py
"""


@needs_root
@pytest.mark.parametrize("name", ["bullseye-3.9", "bookworm-3.11", "trixie-3.13", "sid-3.14"])
def test_another_root(heapsnap, tmp_path, name):
    """A root of its own, with another C library, in which processes are numbered anew."""
    root = (TOP / "build/interpreters").resolve() / name
    if not root.is_dir():
        pytest.skip(f"tests/interpreters has not unpacked {name}")
    minor = name.split("-")[1]
    snap = tmp_path / "a.snap"
    (tmp_path / "root").mkdir()
    outer = subprocess.Popen(["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c",
                              ROOT, "sh", root, f"/usr/bin/python{minor}", TARGETS / "sample.py"],
                             cwd=tmp_path / "root", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if not outer.stdout.readline().startswith(b"READY"):
            pytest.skip("namespaces cannot be made here")
        children = pathlib.Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text()
        pid = int(children.split()[0])
        heapsnap("dump", pid, "-o", snap)
        heapsnap("verify", snap)
        same_heap(heapsnap, snap)
        info = heapsnap.json("info", snap)
        assert info["capture"]["mode"] == "fork" and info["process"]["pid"] == pid
        assert info["process"]["version"].startswith(minor)
        assert info["coverage"]["complete"]
    finally:
        outer.kill()
        outer.wait()
