#!/usr/bin/env python3
"""Runs docs/model_format.md: its hexdump is a file that its plain Python reads.

usage: model_format_page.py docs/model_format.md
Where the packages safetensors and numpy are installed, they read the same file.
"""

import json
import pathlib
import re
import sys
import tempfile

page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
blocks = re.findall(r"```(\w*)\n(.*?)```", page, re.DOTALL)
(dump,) = [text for _, text in blocks if text.startswith("00000000")]
(plain,) = [text for kind, text in blocks if kind == "python" and "import json, struct" in text]

content = b""
for line in dump.splitlines():
    offset, digits, shown = re.fullmatch(r"(\w{8})  ([\w ]+?) *\|(.*)\|", line).groups()
    row = bytes.fromhex(digits)
    assert int(offset, 16) == len(content), line
    assert shown == "".join(chr(b) if 32 <= b < 127 else "." for b in row), line
    content += row

for kind, text in blocks:
    if kind == "json":
        json.loads(text)

scope = {}
exec(plain, scope)
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.safetensors"
    path.write_bytes(content)
    assert scope["read"](path) == ({"k": "v"}, {"b": ([2], (1.0, -2.0))})
    try:
        from safetensors import safe_open
        import numpy
    except ImportError:
        sys.exit(0)
    with safe_open(path, framework="np") as file:
        assert file.metadata() == {"k": "v"}
        assert file.get_tensor("b").tolist() == [1.0, -2.0]
