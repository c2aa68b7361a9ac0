#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""headers.py: every public header compiles alone, as C11 and as C++."""
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [TOP / "format/include", TOP / "libsnap/include"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = [
    ("C11", "cc", ["-x", "c", "-std=c11"]),
    ("C++11", "c++", ["-x", "c++", "-std=c++11"]),
]


def main():
    headers = sorted(h.relative_to(f) for f in FOLDERS for h in f.rglob("*.h"))
    if not headers:
        print("no public headers found")
        return 1
    failed = 0
    for language, compiler, flags in LANGUAGES:
        if not shutil.which(compiler):
            print(f"skipped: there is no {compiler} to compile the headers as {language}")
            return 77
        for header in headers:
            # Twice, for the include guard; _GNU_SOURCE is not to be needed.
            source = f"#include <{header}>\n#include <{header}>\n"
            include = [f"-I{folder}" for folder in FOLDERS]
            result = subprocess.run([compiler, *flags, *WARNINGS, *include, "-"], input=source,
                                    capture_output=True, text=True)
            if result.returncode:
                failed += 1
                print(f"{header} does not compile alone as {language}:\n{result.stderr}")
    print(f"{len(headers)} headers, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
