"""Puts the tables between the markers of docs/benchmarks.md."""

END = "<!-- peers: end -->"


def begin(held_to=None):
    option = f" --hold-to {held_to}" if held_to else ""
    return f"<!-- peers: begin; written by bench/peers/run --update-docs{option} -->"


class DocsError(Exception):
    """The page stays as it is."""


class MarkersMissing(DocsError):
    pass


class NotForPublication(DocsError):
    pass


def between_markers(page, content, held_to=None):
    """`page` with `content` in place of what stood between the markers."""
    marker = begin(held_to)
    before, found, rest = page.partition(marker)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise MarkersMissing(f"want the lines '{marker}' and '{END}', in this order")
    return f"{before}{marker}\n\n{content.strip()}\n\n{END}{after}"
