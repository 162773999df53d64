"""What fixes bring about is told in one line a rule, which says what brought it about."""

from __future__ import annotations

import json
import pickle
from collections import Counter

import pandas as pd
import pytest

from pitchpipe.default_plugins.validators.duplicate_rows import DropLines
from pitchpipe.errors import DataError
from pitchpipe.pipeline import Pipeline
from pitchpipe.prepare.changes import Changes
from pitchpipe.prepare.rounds import explained, merged
from pitchpipe.records import Change, Finding, Fix, Severity


def found(rule: str, count: int, *lines: int, fix: bool = True, said: str = "rows") -> Finding:
    import numpy as np

    made = Fix(f"drop {count}", DropLines(np.array(lines or (1,)))) if fix else None
    return Finding(rule, Severity.WARNING, f"{count} {said}", count, tuple(lines), fix=made)


def changed(*rules: str) -> Changes:
    changes = Changes()
    for rule in rules:
        after = None if rule.startswith("drop") else {"a": 2}
        changes.samples[rule] = [Change("line", 1, rule, {"a": 1}, after)]
    return changes


def test_rounds_of_one_rule_are_one_finding() -> None:
    first, later, last = (found("a", n, *range(n, n + 3)) for n in (3, 1, 9))
    [finding, other] = merged([[first, found("b", 1)], [later], [last]])
    assert (finding.message, finding.count) == ("3 rows; 1 rows; 9 rows", 13)
    assert finding.lines == (1, 2, 3)
    assert finding.fix.description == "drop 3; drop 1; drop 9"
    chunk = pd.DataFrame({"x": range(12)})
    again = pickle.loads(pickle.dumps(finding.fix))
    assert again.apply(chunk).index.tolist() == [0, 6, 7, 8]
    assert other.rule == "b"


def test_what_means_different_things_stays_apart() -> None:
    two, one = [found("a", 1), found("a", 2)], found("b", 1)
    assert merged([two, [one]]) == (*two, one)
    assert len(merged([[found("a", 1)], two])) == 3
    assert len(merged([[found("a", 1)], [found("a", 2, fix=False)]])) == 2
    assert len(merged([[two[0]], [two[1]]], apart=[two[1]])) == 2


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (["x"], "once x was fixed: 3 rows"),
        (["x", "y"], "once x and y were fixed: 3 rows"),
        (["x", "y", "z"], "once x, y and z were fixed: 3 rows"),
        (["drops", "x", "mine"], "once x was fixed: 3 rows"),
        (["drops", "mine"], "3 rows"),
    ],
)
def test_only_fixes_that_change_rows_bring_something_about(rules, said) -> None:
    assert explained(found("mine", 3), (), rules, changed(*rules)).message == said


def test_what_was_found_before_needs_no_cause() -> None:
    assert explained(found("a", 3), {"a"}, ["x"], changed("x")).message == "3 rows"
    assert explained(found("a", 3, fix=False), (), ["x"], changed("x")).message == "3 rows"


def spaced(n: int) -> tuple[str, str]:
    """Rows of which two thirds are equal once the zero-width spaces and line ends are gone."""
    label = "no" if n // 6 % 2 else "yes"
    return f"question {n // 6}" + "\u200b" * (n % 3 == 1), label + "\n" * (n % 3 == 2)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "chat"])
def test_repeats_that_a_fix_brings_about_are_one_line(tmp_path, kind) -> None:
    rows = [spaced(n) for n in range(120)]
    path = tmp_path / ("a.csv" if kind == "csv" else "a.jsonl")
    if kind == "csv":
        pd.DataFrame(rows, columns=["prompt", "completion"]).to_csv(path, index=False)
    else:
        keys = ("user", "assistant")
        records = [
            dict(zip(("prompt", "completion"), row, strict=True))
            if kind == "jsonl"
            else {"messages": [{"role": k, "content": c} for k, c in zip(keys, row, strict=True)]}
            for row in rows
        ]
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    prepared = Pipeline().prepare(path, tmp_path / "out")
    fixed = [f for f in prepared.findings if f.fix]
    assert [f.rule for f in fixed] == ["control-characters", "label-noise", "duplicate-rows"]
    assert fixed[-1].message == (
        "60 rows the same as an earlier one; once control-characters and label-noise were fixed: "
        "40 rows the same as an earlier one"
    )
    assert (fixed[-1].count, prepared.changed["duplicate-rows"]) == (100, 100)
    entries = [json.loads(line) for line in prepared.changes.read_text().splitlines()]
    dropped = Counter(e["line"] for e in entries if e["rule"] == "duplicate-rows")
    assert (len(dropped), set(dropped.values())) == (100, {1})
    assert prepared.train_rows + prepared.valid_rows == 20


def test_repeats_after_a_repair_alone_say_so(tmp_path) -> None:
    rows = [(f"q {n // 2}" + "\u200b" * (n % 2), f"answer {n // 2}") for n in range(40)]
    frame = pd.DataFrame(rows, columns=["prompt", "completion"])
    prepared = Pipeline().prepare(frame, tmp_path)
    [repeats] = [f for f in prepared.findings if f.rule == "duplicate-rows"]
    assert repeats.message == (
        "once control-characters was fixed: 20 rows the same as an earlier one"
    )


def test_an_error_tells_of_the_fixes_in_one_line_each(tmp_path) -> None:
    rows = [(f"same{' ' * (n % 3)}", "label" + "\n" * (n % 2)) for n in range(20)]
    frame = pd.DataFrame(rows, columns=["prompt", "completion"])
    with pytest.raises(DataError) as caught:
        Pipeline().prepare(frame, tmp_path)
    [repeats] = [f for f in caught.value.everything if f.rule == "duplicate-rows"]
    assert "; once label-noise was fixed: " in repeats.message
    assert {"label-noise", "duplicate-rows"} <= set(caught.value.applied)
