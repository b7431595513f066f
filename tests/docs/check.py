#!/usr/bin/env python3
"""Checks the pages README.md, ARCHITECTURE.md, CONTRIBUTING.md, CHANGELOG.md and docs/**/*.md.

usage: check.py [--update] [ROOT]

The rules:
  link       a relative link leads to a file or folder of the tree
  anchor     what stands behind its '#' is a heading of that page, or a line (#L10) of that file
  language   a fenced code block names its language ('text' if it has none) and ends
  toml json  blocks of these languages parse
  source     a block below the comment
                 <!-- PATH: "FIRST" to "LAST" -->
             is a part of the file PATH: from the first line that contains FIRST to the next one that
             contains LAST, without the indentation that all these lines share
  tutorial   each C++ block of docs/tutorial.md has such a comment

--update writes such blocks anew from their files.

Prints a line for each finding; exit status 1 if there is any.
"""

import argparse
import json
import pathlib
import re
import sys
import textwrap
import tomllib
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import pages  # noqa: E402

TOP_PAGES = "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"
TUTORIAL = "docs/tutorial.md"
SOURCE = re.compile(r'^<!-- (?P<path>[\w./-]+): "(?P<first>.+?)"(?: to "(?P<last>.+?)")? -->$')


class PartMissing(Exception):
    """The file has no such part."""


def part_of(file, first, last):
    """The lines from the first that contains `first` to the next that contains `last`, dedented."""
    if not file.is_file():
        raise PartMissing("there is no such file")
    lines = file.read_text(encoding="utf-8").splitlines()
    begin = next((i for i, line in enumerate(lines) if first in line), None)
    if begin is None:
        raise PartMissing(f'no line contains "{first}"')
    end = begin
    if last is not None:
        end = next((i for i in range(begin + 1, len(lines)) if last in lines[i]), None)
    if end is None:
        raise PartMissing(f'no line after "{first}" contains "{last}"')
    return textwrap.dedent("\n".join(lines[begin:end + 1])) + "\n"


class Checker:
    def __init__(self, root):
        self.root = root.resolve()
        self.findings = []
        self.read = {}

    def page(self, path):
        if path not in self.read:
            self.read[path] = pages.read_page(path)
        return self.read[path]

    def paths(self):
        top = [self.root / name for name in TOP_PAGES if (self.root / name).exists()]
        return top + sorted((self.root / "docs").rglob("*.md"))

    def find(self, page, line, rule, text):
        self.findings.append(f"{page.path.relative_to(self.root)}:{line}: {rule}: {text}")

    def check(self):
        for path in self.paths():
            page = self.page(path)
            for line, target in page.links():
                self.check_link(page, line, target)
            for block in page.blocks:
                self.check_block(page, block)
        return self.findings

    def check_link(self, page, line, target):
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            return
        path = page.path
        if url.path:
            path = (page.path.parent / urllib.parse.unquote(url.path)).resolve()
            if url.path.startswith("/") or not path.is_relative_to(self.root) or not path.exists():
                self.find(page, line, "link", f"'{target}' leads to no file of the tree")
                return
        if url.fragment:
            self.check_anchor(page, line, target, path, urllib.parse.unquote(url.fragment))

    def check_anchor(self, page, line, target, path, fragment):
        if path.suffix == ".md":
            known = fragment in self.page(path).anchors
        else:
            number = re.fullmatch(r"L(\d+)", fragment)
            known = (number and path.is_file()
                     and 1 <= int(number[1]) <= len(path.read_text(encoding="utf-8").splitlines()))
        if not known:
            self.find(page, line, "anchor", f"'{target}': there is no '#{fragment}'")

    def check_block(self, page, block):
        if not block.language:
            self.find(page, block.line, "language", "the code block names no language")
        if not block.closed:
            self.find(page, block.line, "language", "the code block does not end")
        parse = {"toml": tomllib.loads, "json": json.loads}.get(block.language)
        if parse:
            try:
                parse(block.text)
            except ValueError as error:
                self.find(page, block.line, block.language, f"does not parse: {error}")
        source = SOURCE.match(block.before)
        if source:
            self.check_source(page, block, source)
        elif block.language == "cpp" and page.path == self.root / TUTORIAL:
            self.find(page, block.line, "tutorial", 'expected <!-- PATH: "FIRST" to "LAST" --> before it')

    def check_source(self, page, block, source):
        try:
            part = part_of(self.root / source["path"], source["first"], source["last"])
        except PartMissing as error:
            self.find(page, block.line, "source", f"{source['path']}: {error}")
            return
        if block.text != part:
            self.find(page, block.line, "source", f"differs from {source['path']}; --update writes it anew")

    def update(self):
        """Writes blocks with a source anew. Those whose part is missing stay as they are."""
        for path in self.paths():
            page = self.page(path)
            lines = page.text.splitlines(keepends=True)
            for block in reversed(page.blocks):
                source = SOURCE.match(block.before)
                if not source:
                    continue
                try:
                    part = part_of(self.root / source["path"], source["first"], source["last"])
                except PartMissing:
                    continue
                lines[block.line:block.line + block.text.count("\n")] = [
                    (block.indent + line if line.strip() else line) for line in part.splitlines(keepends=True)]
            text = "".join(lines)
            if text != page.text:
                path.write_text(text, encoding="utf-8")
        self.read.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parents[2])
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    checker = Checker(arguments.root)
    if not checker.paths():
        sys.exit(f"{arguments.root}: no page to check")
    if arguments.update:
        checker.update()
    findings = checker.check()
    for finding in findings:
        print(finding)
    print(f"{len(checker.paths())} pages, {len(findings)} findings", file=sys.stderr)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
