# SPDX-License-Identifier: MIT
"""test_doctor.py: what is in the way of a dump is what a dump then meets."""
import subprocess

from conftest import as_nobody, needs_root


def states(document):
    return {row["check"]: row["state"] for row in document["rows"]}


def test_a_process_that_can_be_dumped(heapsnap, start, python):
    target = start(python, "sample.py")
    document = heapsnap.json("doctor", target.pid)
    assert document["schema"] == "heapsnap.doctor/1"
    assert document["pid"] == target.pid and document["possible"] is True
    found = states(document)
    assert found["permission"] == found["runtime"] == found["memory"] == "good"
    assert "bad" not in found.values()
    target.assert_unharmed()
    text = heapsnap("doctor", target.pid)
    assert b"can be taken" in text.stdout
    assert f"next: heapsnap dump {target.pid}".encode() in text.stderr


def test_the_machine(heapsnap):
    document = heapsnap.json("doctor")
    assert document["pid"] is None
    assert states(document).keys() >= {"privileges", "yama", "memory"}
    assert heapsnap("doctor").stdout.startswith(b"What decides here")


def same_as_dump(heapsnap, pid, code, tmp_path):
    result = heapsnap("doctor", pid, code=code)
    message = heapsnap.fails(code, "dump", pid, "-o", tmp_path / "a.snap")
    assert b"cannot be taken" in result.stdout
    return result.stdout.decode(), message


def test_no_python(heapsnap, tmp_path):
    process = subprocess.Popen(["sleep", "100"])
    try:
        text, _ = same_as_dump(heapsnap, process.pid, 3, tmp_path)
        assert "runtime" in text and "not a Python process" in " ".join(text.split())
    finally:
        process.kill()
        process.wait()


def test_no_process(heapsnap, tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    same_as_dump(heapsnap, process.pid, 3, tmp_path)


@needs_root
def test_no_permission(heapsnap, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    result = as_nobody(heapsnap, tmp_path, "doctor", target.pid)
    assert result.returncode == 4
    assert "belongs to user 0" in " ".join(result.stdout.decode().split())


def test_wrong_words(heapsnap):
    heapsnap.fails(2, "doctor", "x")
    heapsnap.fails(2, "doctor", "1", "2")
