"""The fenced blocks of a Markdown page, with the comments that stand before them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

_FENCE = re.compile(r"( *)```(\S*) *(.*)")
_COMMENT = re.compile(r" *<!-- ([\w ]+): (.*) -->")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: the page's path below the repository's folder.
        line: the line of its opening fence.
        language: the word after the fence.
        title: the file that it shows, if it shows one.
        text: what stands in it.
        not_run: why it cannot be run, if it cannot.
    """

    page: str
    line: int
    language: str
    title: str | None
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page: its blocks in order, and what has to be there before the first.

    Attributes:
        name: its path below the repository's folder.
        setup: the words of its comment ``setup``.
        blocks: its fenced blocks.
    """

    name: str
    setup: tuple[str, ...]
    blocks: tuple[Block, ...]


def pages() -> list[Page]:
    """Every page that has blocks: what stands beside the code, and the documentation.

    Those of the distributions in ``plugins/`` are read where these are installed.
    """
    beside = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    beside += ROOT.glob("plugins/*.md")
    below = (ROOT / folder for folder in ("cassettes", "docs", "examples", "src"))
    found = beside + [path for folder in below for path in folder.rglob("*.md")]
    read = (
        read_page(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in sorted(found)
    )
    return [page for page in read if page.blocks]


def read_page(name: str, text: str) -> Page:
    """One page by its text."""
    setup = re.findall(r"<!-- setup: (.*) -->", text)
    words = [word for line in setup for word in line.split()]
    return Page(name, tuple(words), tuple(_blocks(name, text.splitlines())))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    comments: dict[str, str] = {}
    opened: tuple[int, re.Match[str]] | None = None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.fullmatch(line)
        if opened is not None:
            begin, first = opened
            if line.strip() == "```":
                text = textwrap.dedent("\n".join(lines[begin : number - 1])) + "\n"
                title = _TITLE.search(first[3])
                shown = title[1] if title else None
                yield Block(page, begin, first[2], shown, text, comments.get("not run"))
                opened, comments = None, {}
        elif fence:
            opened = number, fence
        elif comment := _COMMENT.fullmatch(line):
            comments[comment[1]] = comment[2]
        elif line.strip():
            comments = {}
    assert opened is None, f"{page}:{opened[0]}: the block is not closed" if opened else ""
