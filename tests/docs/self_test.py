#!/usr/bin/env python3
"""That tests/docs/check.py finds what each of its rules is for, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parent / "check.py"
EXAMPLE = """int main() {
  // 1. The data.
  load();

  // 2. The network.
  if (true) {
    train();
  }
}
"""


class RulesTest(unittest.TestCase):
    def check(self, page, *, name="docs/page.md", arguments=(), **files):
        """The findings for a tree with this page, a page README.md and an example."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in {"README.md": "# Top\n\n## A heading, `code` & more\n", name: page,
                               "examples/a.cpp": EXAMPLE, **files}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            result = subprocess.run([sys.executable, CHECK, *arguments, root], capture_output=True, text=True)
            self.written = (root / name).read_text(encoding="utf-8")
        findings = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1 if findings else 0, result.stderr)
        return findings

    def assert_finds(self, page, rule, line=None, **more):
        findings = self.check(page, **more)
        self.assertEqual(len(findings), 1, findings)
        place, _, rest = findings[0].partition(": ")
        self.assertEqual(rest.partition(":")[0], rule, findings)
        if line is not None:
            self.assertEqual(place, f"{more.get('name', 'docs/page.md')}:{line}")

    def assert_fine(self, page, **more):
        self.assertEqual(self.check(page, **more), [])

    def test_links(self):
        self.assert_fine("[a](../README.md) ![b](../examples/a.cpp \"title\") [c](https://x.example/no)\n")
        self.assert_fine("[a folder](../examples/)\n")
        self.assert_finds("one\n[a](missing.md)\n", "link", 2)
        self.assert_finds("![a](missing.png)\n", "link", 1)
        self.assert_finds("[![a](../README.md)](missing.md)\n", "link", 1)
        self.assert_finds("[a][b]\n\n[b]: missing.md\n", "link", 3)
        self.assert_finds('<img src="missing.png" alt="">\n', "link", 1)
        self.assert_finds("[out of the tree](../../../etc/passwd)\n", "link")
        self.assert_finds("[absolute](/README.md)\n", "link")

    def test_what_is_no_link(self):
        self.assert_fine("`[a](missing.md)` and <!-- [a](missing.md) -->\n")
        self.assert_fine("```text\n[a](missing.md)\n```\n")

    def test_top_pages_are_checked(self):
        self.assert_finds("[a](missing.md)\n", "link", 1, name="CHANGELOG.md")
        self.assert_finds("[a](missing.md)\n", "link", 1, name="docs/deep/er.md")

    def test_anchors(self):
        self.assert_fine("# Here\n\n[a](#here) [b](../README.md#a-heading-code--more) [c](../examples/a.cpp#L9)\n")
        self.assert_fine("# Same\n\n# Same\n\n[a](#same-1)\n")
        self.assert_fine('<a id="spot"></a> [a](#spot)\n')
        self.assert_finds("# Here\n\n[a](#there)\n", "anchor", 3)
        self.assert_finds("[a](../README.md#there)\n", "anchor", 1)
        self.assert_finds("[a](../examples/a.cpp#L10)\n", "anchor", 1)
        self.assert_finds("```text\n# Here\n```\n[a](#here)\n", "anchor", 4)

    def test_languages(self):
        self.assert_fine("```sh\ntrue\n```\n\n~~~text\n```\n~~~\n")
        self.assert_finds("text\n\n```\ntrue\n```\n", "language", 3)
        self.assert_finds("- a list\n\n  ```\n  true\n  ```\n", "language", 3)
        self.assert_finds("```sh\ntrue\n", "language", 1)

    def test_toml_and_json(self):
        self.assert_fine('```toml\na = 1\n```\n```json\n{"a": 1}\n```\n')
        self.assert_finds("```toml\na = \n```\n", "toml", 1)
        self.assert_finds("```json\n{'a': 1}\n```\n", "json", 1)

    def test_source(self):
        comment = '<!-- examples/a.cpp: "// 2." to "}" -->\n'
        block = "```cpp\n// 2. The network.\nif (true) {\n  train();\n}\n```\n"
        self.assert_fine(comment + block)
        self.assert_fine('<!-- examples/a.cpp: "load();" -->\n\n```cpp\nload();\n```\n')
        self.assert_finds(comment + block.replace("train", "fit"), "source", 2)
        self.assert_finds(comment.replace("a.cpp", "b.cpp") + block, "source", 2)
        self.assert_finds(comment.replace("// 2.", "// 3.") + block, "source", 2)
        self.assert_finds(comment.replace('"}"', '"]"') + block, "source", 2)

    def test_source_is_written_anew(self):
        comment = '<!-- examples/a.cpp: "// 1." to "load" -->\n'
        old = f"before\n\n{comment}```cpp\nold();\n```\n\nafter\n"
        self.assert_fine(old, arguments=["--update"])
        self.assertEqual(self.written, f"before\n\n{comment}```cpp\n// 1. The data.\nload();\n```\n\nafter\n")

    def test_tutorial(self):
        self.assert_finds("```cpp\nload();\n```\n", "tutorial", 1, name="docs/tutorial.md")
        self.assert_fine("```cpp\nload();\n```\n")

    def test_a_tree_without_pages(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no page", result.stderr)


if __name__ == "__main__":
    unittest.main()
