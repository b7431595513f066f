"""Puts the tables between the markers of docs/benchmarks.md."""

BEGIN = "<!-- peers: begin; written by bench/peers/run --update-docs -->"
END = "<!-- peers: end -->"


class DocsError(Exception):
    """The page stays as it is."""


class MarkersMissing(DocsError):
    pass


class NotForPublication(DocsError):
    pass


def between_markers(page, content):
    """`page` with `content` in place of what stood between the markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarkersMissing(f"want the lines '{BEGIN}' and '{END}', in this order")
    return f"{before}{BEGIN}\n\n{content.strip()}\n\n{END}{after}"
