"""On which tables prepare_data was right, so that the legacy profile must give the same records.

Every fault is named as its entry in docs/explanation/legacy.md is. What is right about a table's
end is decided by ``pitchpipe.affixes``, all else here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pitchpipe.affixes import ENDINGS, SEPARATORS, ending_of, separator_of

WORDS_FOR_NOTHING = {"NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "<NA>"}
"""Some of those that pandas takes for an empty cell."""

Row = tuple[str, str]


def old_tool_was_right(table: Any, outcome: Mapping[str, Any]) -> bool:
    """Whether prepare_data made no fault with a table.

    Args:
        table: the table.
        outcome: what it made of it.
    """
    return not faults(table, outcome)


def faults(table: Any, outcome: Mapping[str, Any]) -> list[str]:
    """What it got wrong."""
    prompts, completions = table.column("prompt"), table.column("completion")
    if table.kind == "txt":
        prompts = [""] * len(completions)
    found = [*file_faults(table, outcome), *cell_faults(table, [prompts, completions])]
    if found or prompts is None or completions is None:
        return found
    kept = [at for at, completion in enumerate(completions) if completion != ""]
    if not kept:
        return ["Nothing left"]
    rows = [(str(prompts[at]), str(completions[at])) for at in kept]
    return [
        *row_faults(rows, kept),
        *prompt_faults(rows),
        *completion_faults(rows),
        *result_faults(outcome),
    ]


def file_faults(table: Any, outcome: Mapping[str, Any]) -> list[str]:
    """Files that it refused, or left as they are, without a reason."""
    content = table.content or table.kind
    if content == "jsonl" and table.rows == 1:
        return ["One record in JSON lines"]
    if (table.kind, content) == ("jsonl", "json"):
        return ["JSON of several lines called JSONL"]
    if table.kind == "json" and outcome.get("files") == {}:
        return ["JSON that needs no fix"]
    return []


def cell_faults(table: Any, columns: Sequence[list[Any] | None]) -> list[str]:
    """Cells that it took for something else."""
    found = []
    for cells in columns:
        if cells is None:
            continue
        kinds = {type(cell) for cell in cells}
        if kinds - {str, int, float} or table.missing in cells:
            found.append("Values that are no text")
        if kinds == {int, float}:
            found.append("Whole numbers among others")
        if table.kind in {"csv", "tsv", "xlsx"} and WORDS_FOR_NOTHING.intersection(cells):
            found.append("Words for nothing")
        if table.kind == "txt" and any(cell and not cell.strip() for cell in cells):
            found.append("Lines of white space")
    return found


def row_faults(rows: Sequence[Row], numbers: Sequence[int]) -> list[str]:
    """Rows that it dropped wrongly, given those that have a completion, and their numbers."""
    if not any(prompt for prompt, _ in rows):
        return []
    first = dict(zip(reversed(rows), reversed(numbers), strict=True))
    left = sorted((number, row) for row, number in first.items())
    long = [(at, number) for at, (number, row) in enumerate(left) if sum(map(len, row)) > 10_000]
    return ["Long rows by position"] if any(at != number for at, number in long) else []


def prompt_faults(rows: Sequence[Row]) -> list[str]:
    """What it did wrongly to prompts."""
    prompts = [prompt for prompt, _ in rows]
    if len(set(prompts)) == 1:
        return []
    tail, head = common_tail(prompts), common_head(prompts)
    separator = separator_of(tail)
    found = []
    if tail and not separator:
        found.append("Accidental separators and endings")
    if not separator and any(SEPARATORS[-1] in prompt for prompt in prompts):
        found.append("No separator or ending left")
    if len(head) > 12:
        found += head_faults(prompts, head, separator)
    return found


def completion_faults(rows: Sequence[Row]) -> list[str]:
    """What it did wrongly to completions."""
    completions = [completion for _, completion in rows]
    if len(set(completions)) == 1:
        return []
    tail, head = common_tail(completions), common_head(completions)
    inside = {mark for mark in ENDINGS if any(mark in text[: -len(mark)] for text in completions)}
    ending = ending_of(tail, [mark for mark in ENDINGS if mark not in inside])
    conditional = any(prompt for prompt, _ in rows) and 3 * len(set(completions)) >= len(rows)
    found = []
    if conditional and tail and not ending:
        found.append("Accidental separators and endings")
    if conditional and not ending and any(ENDINGS[-1] in text for text in completions):
        found.append("No separator or ending left")
    if len(head) > 4:
        found += head_faults(completions, head, ending_of(tail))
    return found


def head_faults(texts: Sequence[str], head: str, mark: str) -> list[str]:
    """What it did wrongly when it took away what all texts begin with."""
    found = []
    if min(len(text.rstrip()) for text in texts) <= len(head) + len(mark.rstrip()):
        found.append("Nothing between prefix and mark")
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    lowered = 2 * sum(map(str.isupper, letters)) > sum(map(str.islower, letters))
    if lowered and len(head.lower()) != len(head):
        found.append("Longer lower case")
    return found


def result_faults(outcome: Mapping[str, Any]) -> list[str]:
    """What is wrong with the records that were written, by either tool."""
    files = outcome.get("files", {})
    sides = [[(r["prompt"], r["completion"]) for r in files[name]] for name in sorted(files)]
    records = [record for side in sides for record in side]
    prompts, completions = {prompt for prompt, _ in records}, {answer for _, answer in records}
    found = []
    conditional = any(prompts) and 3 * len(completions) >= len(records)
    if (len(prompts) == 1 and any(prompts)) or (len(completions) == 1 and conditional):
        found.append("One prompt or completion left")
    if len(sides) == 2:
        train, valid = map(set, sides)
        if train & valid:
            found.append("The same record on both sides")
        one_sided = {answer for _, answer in train} ^ {answer for _, answer in valid}
        if any(sum(a == answer for _, a in train | valid) > 1 for answer in one_sided):
            found.append("Classes on one side only")
    return found


def common_tail(texts: Sequence[str]) -> str:
    """What all texts end with."""
    return common_head([text[::-1] for text in texts])[::-1]


def common_head(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    return "".join(letters[0] for letters in alike)
