#!/usr/bin/env python3
"""Prints the headers that the API reference is made of, one per line.

They are digitry/digitry.h, the headers of the components, those that programs of examples/ include, and all
that these include, without those of digitry/internal_headers.txt.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "digitry"
INCLUDE = re.compile(r'^#include "(digitry/[^"]+\.h)"', re.MULTILINE)


def included_by(file):
    return [ROOT / name for name in INCLUDE.findall(file.read_text(encoding="utf-8"))]


def component_headers():
    for build in LIBRARY.glob("*/CMakeLists.txt"):
        if "digitry_add_component(" in build.read_text(encoding="utf-8"):
            yield from build.parent.rglob("*.h")


def internal_headers():
    names = LIBRARY / "internal_headers.txt"
    return {LIBRARY / name for name in names.read_text(encoding="utf-8").split()} if names.exists() else set()


internal = internal_headers()
public, waiting = set(), [LIBRARY / "digitry.h", *component_headers()]
for example in (ROOT / "examples").glob("*.cpp"):
    waiting += included_by(example)
while waiting:
    header = waiting.pop()
    if header not in public and header not in internal:
        public.add(header)
        waiting += included_by(header)
for path in sorted(public):
    print(path.relative_to(ROOT).as_posix())
