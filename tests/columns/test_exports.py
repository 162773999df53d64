"""What annotation tools export is read as texts with one label, or refused by what it is."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.columns.exports.answers import loaded, single
from pitchpipe.columns.exports.base import Unanswered, Unfit
from pitchpipe.config import Config
from pitchpipe.errors import DataError
from pitchpipe.pipeline import Pipeline

Rows = list[dict[str, Any]]
LABELS = ("glad", "cross")
N = 24


def texts(make: Callable[[int, str], dict[str, Any]]) -> Rows:
    return [make(n, LABELS[n % 2]) for n in range(N)]


def task(n: int, *results: Mapping[str, Any], **annotation: Any) -> dict[str, Any]:
    said = [{"id": n, "completed_by": 1, "result": list(results), "was_cancelled": False}]
    return {
        "id": n,
        "annotations": [{**said[0], **annotation}],
        "drafts": [],
        "predictions": [],
        "data": {"text": f"ticket {n}"},
        "project": 7,
    }


def chosen(*labels: str, name: str = "mood") -> dict[str, Any]:
    value = {"choices": list(labels)}
    return {"value": value, "from_name": name, "to_name": "text", "type": "choices"}


def small(n: int, label: object) -> dict[str, Any]:
    about = {"annotator": 1, "annotation_id": n, "lead_time": 3.1, "created_at": "2024-05-01"}
    return {"text": f"ticket {n}", "id": n, "mood": label, **about}


def prodigy(n: int, **parts: Any) -> dict[str, Any]:
    return {"text": f"ticket {n}", "_input_hash": n, "_task_hash": -n, "answer": "accept", **parts}


SPAN = {"start": 0, "end": 6, "label": "THING"}
AREA = {"value": {"start": 0, "end": 6, "labels": ["X"]}, "from_name": "l", "type": "labels"}

READ: Mapping[str, Rows] = {
    "label studio, tasks": texts(lambda n, label: task(n, chosen(label))),
    "label studio, a text to write": texts(
        lambda n, label: task(
            n, {"value": {"text": [label]}, "from_name": "mood", "type": "textarea"}
        )
    ),
    "label studio, annotators who agree": [
        {**t, "annotations": t["annotations"] * 2}
        for t in texts(lambda n, label: task(n, chosen(label)))
    ],
    "label studio, a ground truth": [
        {**t, "annotations": [*t["annotations"], {"result": [chosen("odd")], "id": 1}]}
        for t in texts(lambda n, label: task(n, chosen(label), ground_truth=True))
    ],
    "label studio, rows": texts(small),
    "label studio, rows with lists": texts(lambda n, label: small(n, {"choices": [label]})),
    "doccano": texts(lambda n, label: {"id": n, "text": f"ticket {n}", "label": [label]}),
    "doccano, old": texts(
        lambda n, label: {"id": n, "text": f"ticket {n}", "labels": [label], "meta": {}}
    ),
    "doccano, bare labels": texts(
        lambda n, label: {"id": n, "text": f"ticket {n}", "label": label}
    ),
    "prodigy": texts(lambda n, label: prodigy(n, label=label)),
    "prodigy, with marked words": texts(lambda n, label: prodigy(n, label=label, spans=[SPAN])),
    "prodigy, choices": texts(
        lambda n, label: prodigy(
            n, options=[{"id": each, "text": each} for each in LABELS], accept=[label]
        )
    ),
    "argilla 1": texts(
        lambda n, label: {
            "text": f"ticket {n}",
            "inputs": {"text": f"ticket {n}"},
            "prediction": [["glad", 0.9]],
            "annotation": label,
            "status": "Validated",
        }
    ),
    "argilla 1, lists": texts(
        lambda n, label: {
            "text": f"ticket {n}",
            "annotation": [label],
            "annotation_agent": "me",
            "status": "Validated",
        }
    ),
    "argilla 2": texts(
        lambda n, label: {
            "id": str(n),
            "fields": {"text": f"ticket {n}"},
            "suggestions": {"mood": {"value": "odd", "score": 0.5, "agent": "m"}},
            "responses": {"mood": [{"value": label, "user_id": "u", "status": "submitted"}]},
        }
    ),
    "argilla, feedback": texts(
        lambda n, label: {
            "fields": {"text": f"ticket {n}"},
            "suggestions": [],
            "responses": [
                {"user_id": "u", "values": {"mood": {"value": label}}, "status": "submitted"}
            ],
        }
    ),
    "argilla 2, flat": texts(
        lambda n, label: {
            "id": str(n),
            "text": f"ticket {n}",
            "mood.responses": [label, "odd"],
            "mood.responses.users": ["u", "v"],
            "mood.responses.status": ["submitted", "draft"],
            "mood.suggestion": "odd",
        }
    ),
    "argilla, flat feedback": texts(
        lambda n, label: {
            "text": f"ticket {n}",
            "mood": [{"user_id": "u", "value": label, "status": "submitted"}],
            "mood-suggestion": "odd",
        }
    ),
    "spacy": texts(
        lambda n, label: {
            "text": f"ticket {n}",
            "cats": {each: float(each == label) for each in LABELS},
            "entities": [],
        }
    ),
}
"""Exports whose rows are tickets 0 to 23, which are glad and cross by turns."""


def area(n: int, label: str) -> dict[str, Any]:
    return {"id": n, "text": f"ticket {n}", "label": [[0, 6, label]]}


REFUSED: Mapping[str, tuple[Rows, str]] = {
    "label studio, several": (texts(lambda n, label: task(n, chosen(*LABELS))), "several labels"),
    "label studio, parts": (texts(lambda n, label: task(n, AREA)), "labels of parts of the text"),
    "label studio, rows of parts": (
        texts(lambda n, label: small(n, [{"start": 0, "end": 6, "labels": [label]}])),
        "labels of parts of the text",
    ),
    "label studio, rows of several": (
        texts(lambda n, label: small(n, {"choices": list(LABELS)})),
        "several labels",
    ),
    "label studio, annotators who disagree": (
        [
            {**t, "annotations": [*t["annotations"], {"result": [chosen("odd")], "id": 1}]}
            for t in texts(lambda n, label: task(n, chosen(label)))
        ],
        "annotators who disagree",
    ),
    "label studio, two questions": (
        texts(lambda n, label: task(n, chosen(label), chosen("a", name="tone"))),
        "'mood' and 'tone' may hold it",
    ),
    "doccano, several": (
        texts(lambda n, label: {"text": f"ticket {n}", "label": list(LABELS)}),
        "several labels",
    ),
    "doccano, parts": (texts(area), "labels of parts of the text"),
    "doccano, relations": (
        texts(
            lambda n, label: {
                "text": f"ticket {n}",
                "entities": [{"id": 1, "label": label, "start_offset": 0, "end_offset": 6}],
                "relations": [],
            }
        ),
        "labels of parts of the text",
    ),
    "doccano, joined": (
        [
            *texts(lambda n, label: {"id": n, "text": f"ticket {n}", "label": label}),
            {"id": 99, "text": "ticket 99", "label": "glad#cross"},
        ],
        "several labels",
    ),
    "doccano, joined under data": (
        [
            *texts(lambda n, label: {"id": n, "data": f"ticket {n}", "label": label}),
            {"id": 99, "data": "ticket 99", "label": "glad#cross"},
        ],
        "several labels",
    ),
    "prodigy, parts": (texts(lambda n, label: prodigy(n, spans=[SPAN])), "parts of the text"),
    "prodigy, several": (texts(lambda n, label: prodigy(n, accept=list(LABELS))), "several labels"),
    "argilla 1, tokens": (
        texts(
            lambda n, label: {
                "text": f"ticket {n}",
                "tokens": ["ticket", str(n)],
                "annotation": [[label, 0, 6]],
                "status": "Validated",
            }
        ),
        "labels of parts of the text",
    ),
    "argilla 2, users who disagree": (
        texts(
            lambda n, label: {"text": f"ticket {n}", "mood.responses": [label, "odd"], "id": str(n)}
        ),
        "annotators who disagree",
    ),
    "spacy, several": (
        texts(lambda n, label: {"text": f"ticket {n}", "cats": {"glad": 1, "cross": 1}}),
        "several labels",
    ),
    "spacy, entities": (
        texts(lambda n, label: {"text": f"ticket {n}", "entities": [[0, 6, label]]}),
        "labels of parts of the text",
    ),
}


def as_json(rows: Rows, path: Path) -> Path:
    path = path.with_suffix(".json")
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def as_lines(rows: Rows, path: Path) -> Path:
    path = path.with_suffix(".jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_csv(rows: Rows, path: Path) -> Path:
    """As tools write it: what is no text in JSON."""
    path = path.with_suffix(".csv")
    cells = [
        {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()}
        for row in rows
    ]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, cells[0])
        writer.writeheader()
        writer.writerows(cells)
    return path


def as_pandas_csv(rows: Rows, path: Path) -> Path:
    """As pandas writes it: what is no text in Python's words."""
    path = path.with_suffix(".csv")
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


FILES = (as_json, as_lines, as_csv, as_pandas_csv)


def prepared(path: Path, **data: Any) -> tuple[list[dict[str, str]], Sequence[str]]:
    quick = {"data": data, "engine": {"name": "local", "workers": 1}}
    done = Pipeline(Config.from_mapping(quick)).prepare(path)
    files = [done.train, *([done.valid] if done.valid else [])]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines], done.notes


def labels_of(records: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {
        record["prompt"].removesuffix("\n\n###\n\n"): record["completion"].strip()
        for record in records
    }


EXPECTED = {f"ticket {n}": LABELS[n % 2] for n in range(N)}


@pytest.mark.parametrize("write", FILES)
@pytest.mark.parametrize("kind", READ)
def test_exports_are_read(kind: str, write: Callable[..., Path], tmp_path: Path) -> None:
    records, notes = prepared(write(READ[kind], tmp_path / "export"))
    assert labels_of(records) == EXPECTED
    used = {"text", "label", "labels", "mood", "annotation"}
    read = {"annotations", "data", "answer", "accept", "options", "fields", "responses", "cats"}
    [named] = [note for note in notes if note.startswith("Left out of the records:")] or [""]
    for column in READ[kind][0].keys() - used - read:
        told = repr(column) in named
        assert told or column in ("inputs", "status", "mood.responses", "mood.responses.status")


@pytest.mark.parametrize("write", FILES)
@pytest.mark.parametrize("kind", REFUSED)
def test_exports_that_are_no_single_answers_are_refused_by_what_they_are(
    kind: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    rows, said = REFUSED[kind]
    with pytest.raises(DataError) as caught:
        prepared(write(rows, tmp_path / "export"))
    assert said in str(caught.value)
    assert not list(tmp_path.glob("*prepared*"))


def test_the_rows_at_fault_are_named(tmp_path: Path) -> None:
    rows = texts(lambda n, label: task(n, chosen(label)))
    rows[4] = task(4, chosen(*LABELS))
    rows[6] = task(6, chosen(*LABELS))
    with pytest.raises(DataError, match=r"export\.json, record 5, 7: 2 rows of a Label Studio"):
        prepared(as_json(rows, tmp_path / "export"))


LEFT: Mapping[str, tuple[dict[str, Any], str]] = {
    "label studio, tasks": (task(99, chosen("odd"), was_cancelled=True), "cancelled or skipped"),
    "label studio, a text to write": (task(99), "without a label"),
    "prodigy": (prodigy(99, label="odd", answer="reject"), "answered 'reject'"),
    "prodigy, choices": (prodigy(99, options=[], accept=[]), "without a label"),
    "doccano": ({"id": 99, "text": "ticket 99", "label": []}, "without a label"),
    "argilla 1": (
        {"text": "ticket 99", "annotation": "odd", "status": "Discarded", "prediction": None},
        "discarded",
    ),
    "argilla 2": (
        {"id": "9", "fields": {"text": "ticket 99"}, "suggestions": {}, "responses": {}},
        "without a response that was submitted",
    ),
    "spacy": ({"text": "ticket 99", "cats": {"glad": 0, "cross": 0}}, "without a category"),
}


@pytest.mark.parametrize("kind", LEFT)
def test_rows_without_an_answer_are_left_out_and_counted(kind: str, tmp_path: Path) -> None:
    row, reason = LEFT[kind]
    records, notes = prepared(as_lines([*READ[kind], row, row], tmp_path / "export"))
    assert labels_of(records) == EXPECTED
    assert any(f"Left out of the table: 2 rows {reason}" in note for note in notes), notes


def test_an_export_without_any_answer_is_refused(tmp_path: Path) -> None:
    rows = [prodigy(n, label="a", answer="ignore") for n in range(N)]
    with pytest.raises(DataError, match="has an answer that counts"):
        prepared(as_lines(rows, tmp_path / "export"))


def test_of_two_questions_the_user_names_one(tmp_path: Path) -> None:
    rows, _ = REFUSED["label studio, two questions"]
    path = as_json(rows, tmp_path / "export")
    assert labels_of(prepared(path, completion_column="mood")[0]) == EXPECTED


def test_a_named_column_is_taken_at_its_word(tmp_path: Path) -> None:
    rows = [prodigy(n, label="x", answer=("accept", "reject")[n % 2]) for n in range(N)]
    path = as_lines(rows, tmp_path / "export")
    records, _ = prepared(path, prompt_column="text", completion_column="answer")
    assert set(labels_of(records).values()) == {"accept", "reject"}


@pytest.mark.parametrize("answer", ["completion", "response", "output"])
def test_answers_that_read_like_lists_are_texts(answer: str, tmp_path: Path) -> None:
    rows = [{"prompt": f"ticket {n}", answer: json.dumps([n, "two"])} for n in range(N)]
    records, _ = prepared(as_lines(rows, tmp_path / "rows"))
    assert labels_of(records) == {f"ticket {n}": f'[{n}, "two"]' for n in range(N)}


@pytest.mark.parametrize("order", [("tags", "label"), ("label", "tags")])
def test_lists_beside_a_label_are_left_out(order: tuple[str, str], tmp_path: Path) -> None:
    values = {"tags": ["a", "b"], "label": "odd"}
    rows = [
        {"text": f"ticket {n}", **{name: values[name] for name in order}, "label": LABELS[n % 2]}
        for n in range(N)
    ]
    records, notes = prepared(as_lines(rows, tmp_path / "rows"))
    assert labels_of(records) == EXPECTED
    assert "Left out of the records: 'tags'." in notes


@pytest.mark.parametrize("lines", [True, False])
def test_pairs_of_spacy_are_objects(lines: bool, tmp_path: Path) -> None:
    pairs = [[f"ticket {n}", {"cats": {LABELS[n % 2]: 1.0}}] for n in range(N)]
    path = (as_lines if lines else as_json)(pairs, tmp_path / "export")  # type: ignore[arg-type]
    assert labels_of(prepared(path)[0]) == EXPECTED


SCALARS = st.one_of(st.text(min_size=1), st.integers(), st.booleans())


@given(label=SCALARS, depth=st.integers(0, 3))
def test_a_list_of_one_label_is_that_label(label: object, depth: int) -> None:
    cell = label
    for _ in range(depth):
        cell = [cell]
    if loaded(label) is label or not isinstance(label, str):
        assert single(cell) == label


@given(labels=st.lists(st.text("abc", min_size=1), min_size=2, unique=True))
def test_several_labels_are_never_one(labels: list[str]) -> None:
    for cell in (labels, {"choices": labels}, json.dumps(labels), repr(labels)):
        with pytest.raises(Unfit):
            single(cell)


@pytest.mark.parametrize("cell", [None, "", [], {}, "[]", [[]], {"choices": []}])
def test_nothing_is_no_label(cell: object) -> None:
    with pytest.raises(Unanswered):
        single(cell)
