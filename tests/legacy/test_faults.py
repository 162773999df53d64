"""Where prepare_data of openai 0.27.8 was wrong: what it did, and what the legacy profile does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from legacy_oracle import faults
from legacy_tables import MISSING, Table

from pitchpipe.affixes import ENDINGS, SEPARATORS

PAGE = Path(__file__).parents[2] / "docs/explanation/legacy.md"
LONG = "x" * 9_999
ASKED = ["a ->", "b ->", "c ->", "d ->"]


def pairs(
    prompts: list[Any], completions: list[Any], kind: str = "jsonl", content: str = ""
) -> Table:
    return Table(kind, {"prompt": prompts, "completion": completions}, content)


def numbered(numbers: str, completions: list[str]) -> Table:
    return pairs([f"{number} ->" for number in numbers], completions)


SAME = numbered("0120456789", [" x", "x", " x", *["x"] * 7])
ONE_SIDED = numbered("0123456789", [" y"] * 2 + [" x"] * 8)

# an entry; a table; what the old tool made of it; and what the profile makes of it: "error",
# "crash", "same" for no file, the records of the one file as prompt and completion, or some of
# those for training with all of those held out
FAULTS: list[tuple[str, Table, Any, Any]] = [
    (
        "Long rows by position",
        pairs(["q ->", *ASKED], ["", " 1\n", " 2\n", " 3\n", f" {LONG}\n"]),
        [("a ->", " 1\n"), ("b ->", " 2\n"), ("d ->", f" {LONG}\n")],
        [("a ->", " 1\n"), ("b ->", " 2\n"), ("c ->", " 3\n")],
    ),
    (
        "Long rows by position",
        pairs(["q ->", *ASKED], ["", f" {LONG}\n", " 1\n", " 2\n", " 3\n"]),
        "crash",
        [("b ->", " 1\n"), ("c ->", " 2\n"), ("d ->", " 3\n")],
    ),
    (
        "Accidental separators and endings",
        pairs(["who?", "where?"], ["{1}", "{2}"]),
        [("who?", " {1}"), ("where?", " {2}")],
        [("who? ->", " {1}\n"), ("where? ->", " {2}\n")],
    ),
    (
        "Accidental separators and endings",
        pairs(["1.0", "2.0"], ["Yes.\nOr no.", "It is."]),
        [("1.0", " Yes.\nOr no."), ("2.0", " It is.")],
        [("1.0 ->", " Yes.\nOr no. END"), ("2.0 ->", " It is. END")],
    ),
    (
        "No separator or ending left",
        pairs(["a".join(SEPARATORS), "b"], ["1".join(ENDINGS), "2"]),
        [
            ("a".join(SEPARATORS) + SEPARATORS[-1], f" {'1'.join(ENDINGS).lower()}{ENDINGS[-1]}"),
            ("b" + SEPARATORS[-1], f" 2{ENDINGS[-1]}"),
        ],
        [("a".join(SEPARATORS), f" {'1'.join(ENDINGS)}".lower()), ("b", " 2")],
    ),
    (
        "Nothing between prefix and mark",
        pairs(list("abcdefgh"), ["label:", "label:x"] * 4),
        "crash",
        ([("a ->", " label:"), ("b ->", " label:x")], [("d ->", " label:x"), ("g ->", " label:")]),
    ),
    (
        "Nothing between prefix and mark",
        pairs(ASKED[:2], [" label:", " label:x"]),
        [("a ->", " \n"), ("b ->", " x\n")],
        [("a ->", " label:\n"), ("b ->", " label:x\n")],
    ),
    (
        "Nothing between prefix and mark",
        pairs(["Name the town\n", "Name the town\nat the sea\n"], [" a\n", " b\n"]),
        [("", " a\n"), ("at the sea\n", " b\n")],
        "same",
    ),
    (
        "Longer lower case",
        pairs(["a", "b"], ["\u0130\u0130\u0130\u0130 A", "\u0130\u0130\u0130\u0130 B"]),
        [("a ->", " \u0307i\u0307 a\n"), ("b ->", " \u0307i\u0307 b\n")],
        [("a ->", " a\n"), ("b ->", " b\n")],
    ),
    (
        "Values that are no text",
        pairs([None, "b", "c"], [True, None, "x"]),
        [("None ->", " True\n"), ("b ->", " None\n"), ("c ->", " x\n")],
        [(" ->", " true\n"), ("c ->", " x\n")],
    ),
    (
        "Values that are no text",
        pairs([MISSING, "b", "c"], ["x", MISSING, "y"]),
        [("nan ->", " x\n"), ("b ->", " nan\n"), ("c ->", " y\n")],
        [(" ->", " x\n"), ("c ->", " y\n")],
    ),
    (
        "Values that are no text",
        pairs(["a", "b"], [["x"], {"y": 1}]),
        [("a ->", " ['x']\n"), ("b ->", " {'y': 1}\n")],
        "error",
    ),
    (
        "Whole numbers among others",
        pairs(["a", "b"], [1, 2.5]),
        [("a ->", " 1.0\n"), ("b ->", " 2.5\n")],
        [("a ->", " 1\n"), ("b ->", " 2.5\n")],
    ),
    (
        "Words for nothing",
        pairs(["null", "b", "c"], ["x", "None", "y"], "csv"),
        [(" ->", " x\n"), ("c ->", " y\n")],
        [("null ->", " x\n"), ("b ->", " None\n"), ("c ->", " y\n")],
    ),
    (
        "Lines of white space",
        Table("txt", {"completion": ["a", "  ", "b"]}),
        [("", " a"), ("", "  "), ("", " b")],
        [("", " a"), ("", " b")],
    ),
    ("One record in JSON lines", pairs([""], ["b"]), "error", [("", " b")]),
    (
        "JSON of several lines called JSONL",
        pairs(["a", "b"], ["x", "y"], "jsonl", "json"),
        "error",
        [("a ->", " x\n"), ("b ->", " y\n")],
    ),
    (
        "JSON that needs no fix",
        pairs(["a ->", "b ->"], [" x\n", " y\n"], "json"),
        "same",
        [("a ->", " x\n"), ("b ->", " y\n")],
    ),
    ("Nothing left", pairs(["a", "b"], ["", ""], "csv"), [], "error"),
    (
        "One prompt or completion left",
        pairs(["a", "a", LONG], ["x", "y", "z!"]),
        [("a ->", " x\n"), ("a ->", " y\n")],
        "error",
    ),
    (
        "The same record on both sides",
        SAME,
        ([("0 ->", " x")], [("0 ->", " x"), ("6 ->", " x")]),
        ([("0 ->", " x")], [("6 ->", " x")]),
    ),
    (
        "Classes on one side only",
        ONE_SIDED,
        ([("0 ->", " y"), ("1 ->", " y")], [("3 ->", " x"), ("6 ->", " x")]),
        ([("1 ->", " y")], [("0 ->", " y"), ("3 ->", " x"), ("6 ->", " x")]),
    ),
]


def check(outcome: dict[str, Any], expected: Any) -> None:
    if isinstance(expected, str) and expected != "same":
        assert expected in outcome
        return
    files = [
        [(record["prompt"], record["completion"]) for record in records]
        for _, records in sorted(outcome["files"].items())
    ]
    if expected == "same":
        assert not files
    elif isinstance(expected, tuple):
        train, valid = files
        assert set(expected[0]) <= set(train)
        assert not expected[1] or valid == expected[1]
    else:
        assert files == [expected]


@pytest.mark.parametrize(("entry", "table", "theirs", "ours"), FAULTS)
def test_what_was_wrong_is_right_now(both, entry, table, theirs, ours) -> None:
    old, new = both(table)
    check(old, theirs)
    check(new, ours)
    assert set(faults(table, old)) == {entry}


def test_every_fault_is_described() -> None:
    text = PAGE.read_text("utf-8")
    described = re.findall(r"^\*\*(.+)\.\*\*", text, re.MULTILINE)
    assert set(described) == {entry for entry, *_ in FAULTS}
