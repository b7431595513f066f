"""Hooks of MkDocs: files of the tree outside docs/ that its pages link to become part of the site.

Pages link to each other, and to files of the tree, as they lie in the tree. In the site docs/ is the
root; what a page links to outside docs/ is put there too, under its path in the tree. Links to C++
headers lead to the header's page in the API reference, which Doxygen has made before (its tag file says
which page that is); links to folders, and to headers that the reference leaves out, become plain text.
"""

import os
import pathlib
import posixpath
import re
import urllib.parse
import xml.etree.ElementTree

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAGS = ROOT / "build/docs-api/digitry.tag"
HOME = "README.md"  # Its place in the site is that of docs/index.md.
REFERENCE_MARK = "<!-- The site has links to the reference here. -->"
REFERENCE_LINKS = ('<a href="api/index.html">Overview</a>, <a href="api/annotated.html">all classes</a>, '
                   '<a href="api/namespacemembers.html">all functions by name</a>, <a href="api/files.html">all headers</a>')
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^)\s]+)\)")


def tree_path(src_uri):
    """The path in the tree of a page of the site."""
    return f"docs/{src_uri}" if (ROOT / "docs" / src_uri).exists() else src_uri


def site_path(path):
    """The path in the site of a file of the tree."""
    if path == HOME:
        return "index.md"
    return path.removeprefix("docs/")


def resolved(page_path, target):
    """The path in the tree that a link of a page leads to, and its fragment; None for other links."""
    url = urllib.parse.urlsplit(target)
    if url.scheme or url.netloc or not url.path:
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page_path), urllib.parse.unquote(url.path)))
    return path, url.fragment


def linked_files(page_path):
    for match in LINK.finditer((ROOT / page_path).read_text(encoding="utf-8")):
        link = resolved(page_path, match["target"])
        if link and (ROOT / link[0]).is_file():
            yield link[0]


def leaves(entry):
    """The pages of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for child in entry.values() if isinstance(entry, dict) else entry:
            yield from leaves(child)


def on_files(files, config):
    known = {tree_path(file.src_uri) for file in files} | {HOME}
    in_navigation = [tree_path(page) for page in leaves(config.nav)]
    waiting = [path for path in known if path.endswith(".md") and path != HOME]

    def add(path):
        if path in known or path.endswith(".h"):
            return
        known.add(path)
        files.append(File.generated(config, path, abs_src_path=os.fspath(ROOT / path)))
        if path.endswith(".md"):
            waiting.append(path)

    for path in in_navigation:
        add(path)
    while waiting:
        for path in linked_files(waiting.pop()):
            add(path)
    return files


def header_pages():
    """From the path of a header to its page in the API reference."""
    pages = {}
    for compound in xml.etree.ElementTree.parse(TAGS).iter("compound"):
        if compound.get("kind") == "file":
            folder = pathlib.PurePath(compound.findtext("path"))
            path = folder / compound.findtext("name")
            if path.is_absolute():
                path = path.relative_to(ROOT)
            pages[path.as_posix()] = compound.findtext("filename").removesuffix(".html") + ".html"
    return pages


def on_page_markdown(markdown, page, config, files):
    page_path = tree_path(page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)
    headers = header_pages()

    def rewritten(match):
        link = resolved(page_path, match["target"])
        if not link:
            return match[0]
        path, fragment = link
        if not (ROOT / path).exists():
            return match[0]  # Code that looks like a link.
        if path.endswith(".h"):
            if path not in headers:
                return match["text"]
            target = posixpath.relpath(f"api/{headers[path]}", here or ".")
            text = re.sub(r"`([^`]*)`", r"<code>\1</code>", match["text"])
            return f'<a href="{target}">{text}</a>'  # Not looked for among the pages, as Markdown's links are.
        if (ROOT / path).is_dir():
            return match["text"]
        target = posixpath.relpath(site_path(path), here or ".")
        if fragment and path != HOME:
            target += f"#{fragment}"
        return f"{match['picture']}[{match['text']}]({target})"

    return LINK.sub(rewritten, markdown).replace(REFERENCE_MARK, REFERENCE_LINKS)
