#!/usr/bin/env python3
"""Prints the headers that the API reference is made of, one per line: digitry/public_headers.txt."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
for name in (ROOT / "digitry" / "public_headers.txt").read_text(encoding="utf-8").split():
    print("digitry/" + name)
