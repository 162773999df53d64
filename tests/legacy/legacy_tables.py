"""Tables to try both tools on, and how they are written to files."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from openpyxl import Workbook

from pitchpipe.affixes import ENDINGS, SEPARATORS

MISSING = "\0missing"
"""In place of the cell of a JSON record that lacks the key."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        kind: the extension of its file.
        columns: the cells by column, all columns as long.
        content: what the file holds, where its extension is wrong.
    """

    missing: ClassVar[str] = MISSING

    kind: str
    columns: dict[str, list[Any]] = field(default_factory=dict)
    content: str = ""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return max(map(len, self.columns.values()), default=0)

    def column(self, role: str) -> list[Any] | None:
        """The cells of the column that is the prompt or the completion; None if there is none."""
        names = [role, *(name for name in self.columns if name.lower() == role)]
        return next((self.columns[name] for name in names if name in self.columns), None)

    def write(self, folder: Path) -> Path:
        """The table as a file in a folder."""
        path = folder / f"table.{self.kind}"
        content = self.content or self.kind
        rows = list(zip(*self.columns.values(), strict=True))
        if content == "txt":
            path.write_text("\n".join(self.columns["completion"]), encoding="utf-8")
        elif content == "xlsx":
            book = Workbook()
            for row in (self.columns, *rows):
                book.active.append(list(row))
            book.save(path)
        elif content in {"csv", "tsv"}:
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, delimiter="," if content == "csv" else "\t")
                writer.writerows([list(self.columns), *rows])
        else:
            records = [
                {k: v for k, v in zip(self.columns, row, strict=True) if v != MISSING}
                for row in rows
            ]
            lines = [json.dumps(record, ensure_ascii=False) for record in records]
            text = {
                "jsonl": "\n".join(lines) + "\n",
                "json": json.dumps(records, ensure_ascii=False, indent=1),
                "line": json.dumps(records, ensure_ascii=False),
            }[content]
            path.write_text(text, encoding="utf-8")
        return path


WORDS = [
    "good",
    "bad",
    "Warm film",
    "COLD",
    "dull?",
    "2.0",
    "3.0",
    "\u00c4rger",
    "\u03a3\u0399\u03a3",
    "a b c",
    " x",
]
CASES = ["good", "Good", "GOOD", "x", " x", "X"]
LINES = ["two\nlines", "a -> b", "x\n\n###\n\ny", "a\n\n===\n\nb", "end.", "a\r\nb"]
LONG = ["long " * 1900, "LONG " * 1999]
ODD = ["NA", "null", "None", "nan", "\u0130stanbul", "   "]
MARKS = ["".join(SEPARATORS), "".join(ENDINGS), "a.b", "\U0001d400\U0001d401", "\u01c5"]

HEADS = {
    "prompt": [
        "",
        "",
        "",
        "",
        "Q: ",
        "Classify the text: ",
        "CLASSIFY THE TEXT: ",
        "\u0130 classify texts ",
    ],
    "completion": [
        "",
        "",
        "",
        "",
        " ",
        "label: ",
        " label: ",
        "LABEL ",
        "\u0130\u0130\u0130\u0130\u0130",
    ],
}
TAILS = {
    "prompt": ["", "", "", "", "?", ".0", " ->", "\n\n###\n\n", "\n", " Answer:"],
    "completion": ["", "", "", "", ".", "\n", " END", "}", "***"],
}
EXTRA = ["id", "Note", "PROMPT", "completion_2"]


@st.composite
def texts(draw: st.DrawFn, role: str, rows: int, plain: bool) -> list[str]:
    """A column's cells: mostly with something in common, now and then not."""
    pool = WORDS + draw(st.sampled_from([[], [], LINES, LINES[-1:], ODD, LONG, MARKS]))
    if draw(st.integers(0, 5)) == 0:
        pool = CASES
    if plain:
        pool = [word for word in pool if "\n" not in word]
    if draw(st.booleans()):
        pool = pool[: draw(st.integers(1, 3))] + pool[-draw(st.integers(1, 2)) :]
    head = draw(st.sampled_from(HEADS[role]))
    tail = "" if plain else draw(st.sampled_from(TAILS[role]))
    numbered = draw(st.booleans())
    hollow = draw(st.sampled_from([0, 0, 0, 0, 0, 10, 10, 3, 3, 1]))
    cells = []
    for at in range(rows):
        if hollow and draw(st.integers(1, 10)) % hollow == 0:
            cells.append("")
            continue
        body = draw(st.sampled_from(pool))
        cells.append(head + body + (f" {at}" if numbered else "") + tail)
    return cells


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table of any kind."""
    kind = draw(st.sampled_from(["csv", "tsv", "xlsx", "txt", "json", "jsonl", "jsonl"]))
    rows = draw(st.integers(1, 30) | st.integers(20, 60))
    if kind == "txt":
        return Table(kind, {"completion": draw(texts("completion", rows, plain=True))})
    columns: dict[str, list[Any]] = {}
    for role in ("prompt", "completion"):
        name = draw(st.sampled_from([role] * 6 + [role.title(), role.upper()]))
        cells: list[Any] = draw(texts(role, rows, plain=False))
        if kind in {"json", "jsonl"} and draw(st.integers(0, 7)) == 0:
            odd = draw(st.sampled_from([None, MISSING, True, 1, 2.5, ["a"]]))
            cells[draw(st.integers(0, rows - 1))] = odd
        columns[name] = cells
    if draw(st.integers(0, 15)) == 0:
        columns.popitem()
    for name in draw(st.lists(st.sampled_from(EXTRA), max_size=2, unique=True)):
        columns.setdefault(name, [draw(st.sampled_from(["x", "1", ""])) for _ in range(rows)])
    if draw(st.booleans()):
        columns = dict(reversed(columns.items()))
    if kind in {"csv", "tsv", "xlsx"} and draw(st.integers(0, 5)) == 0:
        columns = {"": list(range(rows)), **columns}  # as pandas writes its index
    content = (
        draw(st.sampled_from(["", "", "jsonl", "line", "json"])) if kind.startswith("json") else ""
    )
    return Table(kind, columns, content)
