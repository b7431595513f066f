#!/usr/bin/env python3
"""Doxygen's input filter: comments of the headers are plain text, not HTML or Doxygen commands.

In lines that begin with, or end in, a `///` comment it escapes what Doxygen would take for a tag or a
command, and shows indented lines (equations, lists of cases) as they are written. It declares each header
as documented, without which Doxygen leaves out free functions.
"""

import re
import sys

COMMENT = re.compile(r"^(?P<code>.*?)(?P<mark>///<?)(?P<text>( .*)?)$")
NAMESPACES = "/** @namespace digitry The library. */ /** @namespace digitry::serving The server. */ "


def escaped(text):
    """Code spans stay as they are: Doxygen looks for names in them, and for nothing else."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"[<>@\\#%]", r"\\\g<0>", part) for part in parts)


def filtered(lines):
    was_indented = False
    for line in lines:
        match = COMMENT.match(line)
        if not match:
            yield line
            was_indented = False
            continue
        code, mark, text = match["code"], match["mark"], match["text"]
        indented = not code.strip() and mark == "///" and re.match(r" {3,}\S", text)
        if bool(indented) != was_indented:
            yield code + mark  # Markdown's code blocks stand between empty lines.
        yield code + mark + ("     " + text if indented else escaped(text))
        was_indented = bool(indented)


print("/** @file */ " + (NAMESPACES if sys.argv[1].endswith("digitry/digitry.h") else ""), end="")
with open(sys.argv[1], encoding="utf-8") as header:
    for output in filtered(header.read().splitlines()):
        print(output)
