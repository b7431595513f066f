"""Markdown pages as tests/docs/check.py sees them: fenced code blocks, links, headings."""

import dataclasses
import functools
import pathlib
import re

FENCE = re.compile(r"^(?P<indent>\s*)(?P<marks>`{3,}|~{3,})\s*(?P<language>[^\s`{]*)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?(?P<target>[^)\s>]*)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*(?P<target>\S+)", re.MULTILINE)
ATTRIBUTE = re.compile(r"<[a-z][^>]*?\s(?:href|src)=\"(?P<target>[^\"]*)\"", re.IGNORECASE)
IDENTIFIER = re.compile(r"<[a-z][^>]*?\s(?:id|name)=\"(?P<name>[^\"]*)\"", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(?P<text>.*?)(?:\s+#+)?\s*$", re.MULTILINE)


@dataclasses.dataclass
class Block:
    """A fenced code block."""

    line: int  # Of the opening fence, from 1.
    language: str
    indent: str
    text: str  # Without the fences and their indentation; each line ended.
    before: str  # The last line before the fence that is not blank.
    closed: bool = True


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    text: str
    blocks: list[Block]
    prose: str  # The text with blocks, comments and code spans blanked; lines stay where they were.

    def links(self):
        """(line, target) of every link and picture."""
        for pattern in LINK, DEFINITION, ATTRIBUTE:
            for match in pattern.finditer(self.prose):
                yield self.prose.count("\n", 0, match.start()) + 1, match["target"]

    @functools.cached_property
    def anchors(self):
        """What a link to this page may have behind its '#'."""
        found, counts = set(), {}
        for match in HEADING.finditer(self.headed):
            slug = slug_of(match["text"])
            count = counts.get(slug, 0)
            counts[slug] = count + 1
            found.add(f"{slug}-{count}" if count else slug)
        return found | {match["name"] for match in IDENTIFIER.finditer(self.prose)}

    @functools.cached_property
    def headed(self):
        """The text without blocks and comments; headings keep their code spans."""
        return blank(COMMENT, without_blocks(self.text, self.blocks))


def slug_of(heading):
    """The anchor that GitHub gives a heading; the site is set to make the same."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[`*]", "", text).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def blank(pattern, text):
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def without_blocks(text, blocks):
    lines = text.splitlines(keepends=True)
    for block in blocks:
        first = block.line - 1
        for i in range(first, min(len(lines), first + block.text.count("\n") + 2)):
            lines[i] = "\n"
    return "".join(lines)


def blocks_of(text):
    blocks, before, block, marks = [], "", None, ""
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if block is None:
            if match:
                block = Block(number, match["language"], match["indent"], "", before)
                marks = match["marks"]
            elif line.strip():
                before = line.strip()
        elif match and match["marks"].startswith(marks) and line.strip() == match["marks"]:
            blocks.append(block)
            block, before = None, line.strip()
        else:
            block.text += line.removeprefix(block.indent) + "\n"
    if block is not None:
        block.closed = False
        blocks.append(block)
    return blocks


def read_page(path):
    text = path.read_text(encoding="utf-8")
    blocks = blocks_of(text)
    prose = blank(CODE_SPAN, blank(COMMENT, without_blocks(text, blocks)))
    return Page(path, text, blocks, prose)
