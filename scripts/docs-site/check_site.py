#!/usr/bin/env python3
"""Checks that the links inside a built site lead to files of it, and to anchors of these.

usage: check_site.py FOLDER
"""

import html.parser
import pathlib
import sys
import urllib.parse


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.targets, self.anchors = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.targets.add(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)


# Doxygen links to this heading of a class even if it leaves the heading out, as all nested classes are private.
IGNORED_ANCHORS = {"nested-classes"}

root = pathlib.Path(sys.argv[1]).resolve()
pages = {path: Links(path.read_text(encoding="utf-8")) for path in root.rglob("*.html")}
if not pages:
    sys.exit(f"{root}: no page")
findings, count = set(), 0
for page, links in pages.items():
    if page.name == "404.html":
        continue  # Its links begin at the root of the server.
    for target in links.targets:
        url = urllib.parse.urlsplit(target)
        if url.scheme or url.netloc:
            continue
        count += 1
        path = (page.parent / urllib.parse.unquote(url.path)).resolve() if url.path else page
        if path.is_dir():
            path = path / "index.html"
        fragment = urllib.parse.unquote(url.fragment)
        if not path.is_file():
            findings.add(f"{page.relative_to(root)}: '{target}' leads to no file")
        elif fragment and path in pages and fragment not in pages[path].anchors | IGNORED_ANCHORS:
            findings.add(f"{page.relative_to(root)}: '{target}': no such anchor")
for finding in sorted(findings):
    print(finding)
print(f"{len(pages)} pages, {count} links, {len(findings)} findings", file=sys.stderr)
sys.exit(1 if findings else 0)
