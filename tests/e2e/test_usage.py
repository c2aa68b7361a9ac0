# SPDX-License-Identifier: MIT
"""test_usage.py: help, version, and what is said to mistakes on the command line."""
import os
import pty
import re

import pytest

COMMANDS = ["dump", "top", "diff", "info", "verify", "export", "flatten", "ps"]

# Whatever the word after it is, each of these is a mistake that is found before any work is done.
MISTAKES = [
    (["nosuch"], "nosuch"),
    (["--nosuch"], "--nosuch"),
    (["help", "nosuch"], "nosuch"),
    (["help", "dump", "extra"], "'extra'"),
    (["--help", "dump", "extra"], "'extra'"),
    (["--version", "extra"], "'extra'"),
    (["version", "extra"], "'extra'"),
    (["top"], "nothing to work on"),
    (["top", "a", "b"], "'b'"),
    (["diff", "a"], "missing"),
    (["top", "a", "--nosuch"], "--nosuch"),
    (["top", "--nosuch=3", "a"], "--nosuch=3"),
    (["top", "a", "-qx"], "-x"),
    (["top", "a", "-xq"], "option -x"),
    (["top", "-xq", "a"], "option -x"),
    (["top", "-\udcffq", "a"], "option -\\xff"),
    (["top", "a", "-n"], "-n"),
    (["top", "a", "-n", "ten"], "'ten'"),
    (["top", "a", "-n", "-1"], "'-1'"),
    (["top", "a", "-n", "1x"], "'1x'"),
    (["top", "a", "-n", "99999999999999999999"], "'99999999999999999999'"),
    (["top", "a", "--by", "nosuch"], "'nosuch'"),
    (["top", "a", "--by", "kind,"], "'kind,'"),
    (["top", "a", "--by", ""], "''"),
    (["top", "a", "--json", "--csv"], "exclude"),
    (["top", "a", "-q", "-v"], "exclude"),
    (["top", "a", "--color=sometimes"], "'sometimes'"),
    (["top", "a", "-o", "x"], "-o"),
    (["diff", "a", "b", "--csv"], "--csv"),
    (["diff", "a", "b", "--fail-on", "shrink"], "'shrink'"),
    (["diff", "a", "b", "--fail-on", "growth="], "growth"),
    (["diff", "a", "b", "--fail-on", "growth=1Q"], "1Q"),
    (["diff", "a", "b", "--fail-on", "growthy"], "y"),
    (["info", "a", "-n", "1"], "-n"),
    (["dump", "x"], "PID"),
    (["dump", "0"], "PID"),
    (["dump", "-1"], "-1"),
    (["dump", "12x"], "PID"),
    (["dump", "4294967297"], "PID"),
    (["dump", "1", "--mode", "gentle"], "'gentle'"),
    (["dump", "1", "--level", "0"], "'0'"),
    (["dump", "1", "--level", "20"], "'20'"),
    (["dump", "1", "-o", ""], "-o"),
    (["export", "a"], "--to"),
    (["export", "a", "--to", "nosuch"], "'nosuch'"),
    (["ps", "a"], "'a'"),
    (["dump", "1", "--base"], "--base"),
    (["dump", "1", "--base", "a", "--subprocesses"], "exclude"),
    (["flatten", "a"], "-o"),
    (["dump", "1", "--jobs", "0"], "--jobs"),
    (["dump", "1", "--max-memory", "much"], "--max-memory"),
    (["dump", "1", "--max-memory", "0"], "--max-memory"),
    (["dump", "1", "--max-memory", "1G", "--base", "a"], "excludes"),
    (["dump", "1", "--max-memory", "1G", "--subprocesses"], "excludes"),
    (["dump", "1", "--level", "20"], "--level"),
    # Options of later releases: absent, not accepted and ignored.
    (["dump", "--core", "core", "1"], "--core"),
    (["top", "a", "--where", "x"], "--where"),
]


@pytest.mark.parametrize("words, named", MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistakes_are_named(heapsnap, tmp_path, words, named):
    assert named in heapsnap.fails(2, *words, cwd=tmp_path)
    assert not os.listdir(tmp_path)


def test_escape_sequences_in_mistakes_are_harmless(heapsnap):
    assert "\x1b" not in heapsnap.fails(2, "top", "a", "--by", "\x1b[2J")
    assert "\x1b" not in heapsnap.fails(2, "\x1b[2J")
    assert "\x1b" not in heapsnap.fails(2, "top", "a", "--\x1b[2J")


def test_no_command_is_a_mistake(heapsnap):
    result = heapsnap(code=2)
    assert not result.stdout
    assert b"usage: heapsnap" in result.stderr


def test_help_names_every_command(heapsnap):
    for words in (["help"], ["--help"], ["-h"], ["help", "help"]):
        text = heapsnap(*words).stdout.decode()
        for command in COMMANDS:
            assert re.search(rf"^  {command} ", text, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_names_its_options(heapsnap, command):
    texts = {heapsnap(*words).stdout.decode()
             for words in (["help", command], [command, "--help"], [command, "-h", "--json"])
             if command != "dump" or "--json" not in words}
    assert len(texts) == 1
    text = texts.pop()
    usage = text.splitlines()[0]
    assert usage.startswith(f"usage: heapsnap {command}")
    for option in re.findall(r"--?[a-z][a-z-]*", usage):
        assert re.search(rf"^  .*{option}\b", text, re.M), option


def test_version(heapsnap):
    text = heapsnap("--version").stdout.decode()
    assert re.fullmatch(r"heapsnap \d+\.\d+\.\d+ \(format \d+\.\d+\)\n", text)


def test_options_may_come_anywhere(heapsnap, any_pair):
    file = any_pair.first
    right = heapsnap("top", file, "--by", "type", "-n", "3", "-q").stdout
    assert heapsnap("top", "-n3", "--by=type", "-q", file).stdout == right
    assert heapsnap("top", "-qn3", file, "--by", "type").stdout == right
    assert heapsnap("top", "-q", "--rows", "3", "--by", "type", "--", file).stdout == right


def test_a_file_that_is_called_like_an_option(heapsnap, any_pair, tmp_path):
    (tmp_path / "-n").write_bytes(any_pair.first.read_bytes())
    result = heapsnap("info", "--", "-n", cwd=tmp_path)
    assert b"next: heapsnap top './-n'" in result.stderr


def test_missing_files(heapsnap, tmp_path):
    for words in (["top"], ["info"], ["verify"], ["export", "--to", "jsonl"]):
        assert "nosuch.snap" in heapsnap.fails(1, *words, tmp_path / "nosuch.snap")


@pytest.mark.parametrize("words", [["top"], ["info"], ["verify"], ["export", "--to", "jsonl"]])
def test_output_that_cannot_be_written_is_an_error(heapsnap, any_pair, words):
    with open("/dev/full", "wb") as full:
        result = heapsnap(*words, any_pair.first, "-q", code=1, stdout=full)
    assert b"No space left" in result.stderr
    result = heapsnap(*words, any_pair.first, "-q", code=1, stdout=None,
                      preexec_fn=lambda: os.close(1))
    assert result.stderr.startswith(b"heapsnap: ")


def test_help_that_cannot_be_written_is_an_error(heapsnap):
    with open("/dev/full", "wb") as full:
        assert b"No space left" in heapsnap("--version", code=1, stdout=full).stderr


def test_a_reader_that_has_seen_enough(heapsnap, any_pair):
    for ignored in (False, True):
        reading, writing = os.pipe()
        os.close(reading)
        result = heapsnap("export", any_pair.first, "--to", "jsonl", code=None, stdout=writing,
                          restore_signals=not ignored)
        os.close(writing)
        assert result.stderr == b""
        assert result.returncode != 0


def run_on_terminal(heapsnap, *words, **variables):
    """What the command prints with a terminal as its standard output."""
    leader, follower = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    heapsnap(*words, stdout=follower, env=dict(environment, TERM="xterm", **variables))
    os.close(follower)
    text = b""
    try:
        while chunk := os.read(leader, 65536):
            text += chunk
    except OSError:
        pass  # what Linux says when the other end is closed
    os.close(leader)
    return text


def test_colour_is_for_terminals_that_want_it(heapsnap, any_pair):
    file = any_pair.first
    assert b"\x1b[" in run_on_terminal(heapsnap, "top", file)
    assert b"\x1b[" not in run_on_terminal(heapsnap, "top", file, NO_COLOR="1")
    assert b"\x1b[" not in run_on_terminal(heapsnap, "top", file, "--color=never")
    assert b"\x1b[" not in heapsnap("top", file).stdout
    assert b"\x1b[" in heapsnap("top", file, "--color=always").stdout
    assert b"\x1b[" not in heapsnap("top", file, "--color=always", "--json").stdout


def test_quiet_and_verbose(heapsnap, any_pair):
    assert heapsnap("top", any_pair.first, "-q").stderr == b""
    assert b"next: heapsnap" in heapsnap("top", any_pair.first).stderr
    assert heapsnap("top", any_pair.first, "--json").stderr == b""


@pytest.mark.parametrize("words", [["export", "{}", "--to", "jsonl"], ["flatten", "{}"],
                                   ["dump", "--core", "{}"]])
def test_what_is_read_is_not_replaced(heapsnap, any_pair, tmp_path, words):
    path = tmp_path / "a.snap"
    path.write_bytes(any_pair.first.read_bytes())
    before = path.read_bytes()
    text = heapsnap.fails(2, *[word.format(path) for word in words], "-o", path, "-f")
    assert "the same file" in text
    assert path.read_bytes() == before
