from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from pitchpipe.calls import Call, comparable_text
from pitchpipe.errors import DataError, ServiceError, UsageError
from pitchpipe.files import WriteError
from pitchpipe.journal import MemoryLedger
from pitchpipe.plugins import PluginHost
from pitchpipe.predictions import (
    COLUMNS,
    Asker,
    complete,
    contract_key,
    frame,
    label_probabilities,
    load,
    score,
)
from pitchpipe.records import Contract, Prediction, Request, TrainedModel
from pitchpipe.stages import Formatter, Ledger, Predictor

LABELS = ("neg", "pos")
RECORDS = [
    (line, {"prompt": f"film {line}\n\n###\n\n", "completion": f" {LABELS[line % 2]}"})
    for line in range(1, 7)
]


@dataclass(frozen=True)
class Echo(Predictor):
    """Answers "pos" to everything, and breaks down before a given request."""

    fails_at: int | None = None
    asked: list[str] = field(default_factory=list)

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        for number, request in enumerate(requests):
            if number == self.fails_at:
                raise ServiceError("gone")
            self.asked.append(request.body["prompt"])
            yield Prediction(" pos", "stop", ((" pos", math.log(0.7)), (" neg", math.log(0.2))))


class Resuming(Echo):
    resumes: ClassVar[bool] = True


def line(**fields: Any) -> str:
    return json.dumps({**dict.fromkeys(COLUMNS), **fields})


@pytest.fixture
def formatter() -> Formatter:
    return PluginHost(entry_points=False).formatters.create("completion")


@pytest.fixture
def ask(formatter: Formatter) -> Callable[..., Asker]:
    def make(predictor: Predictor, labels: tuple[str, ...] = LABELS) -> Asker:
        model = TrainedModel("ft:m", "m", "fake", formatter.contract("completion", labels))
        return Asker(model, formatter, predictor)

    return make


def test_answers_come_in_the_users_words(ask: Callable[..., Asker]) -> None:
    rows = list(ask(Echo()).ask(RECORDS[:2], MemoryLedger()))
    assert [(row["line"], row["reference"], row["answer"]) for row in rows] == [
        (1, "pos", "pos"),
        (2, "neg", "pos"),
    ]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["text"] == " pos"
    assert rows[0]["finish_reason"] == "stop"
    assert rows[0]["probabilities"] == pytest.approx({"neg": 0.2, "pos": 0.7})


def test_records_without_an_answer_have_no_reference(ask: Callable[..., Asker]) -> None:
    questions = [(1, {"prompt": "film\n\n###\n\n"})]
    (row,) = ask(Echo(), labels=()).ask(questions, MemoryLedger())
    assert (row["reference"], row["answer"], row["probabilities"]) == (None, "pos", None)


@pytest.mark.parametrize(
    ("labels", "task", "told"),
    [
        (LABELS, "auto", "classification"),
        ((), "classification", "classification"),
        ((), "text", "text"),
        ((), "auto", None),
    ],
)
def test_a_prediction_tells_what_answers_are(
    formatter: Formatter, labels: tuple[str, ...], task: Any, told: str | None
) -> None:
    contract = replace(formatter.contract("completion", labels), task=task)
    asker = Asker(TrainedModel("ft:m", "m", "fake", contract), formatter, Echo())
    (row,) = asker.ask(RECORDS[:1], MemoryLedger())
    assert row["task"] == told


class Calling(Echo):
    """Calls two tools, and says something besides."""

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        for _ in requests:
            made = (Call.of("g", ""), Call.of("f", '{"b":1.0,"a":[]}'))
            yield Prediction("I go.", "tool_calls", calls=made)


def test_calls_are_answers_and_what_is_said_besides_is_kept(ask: Callable[..., Asker]) -> None:
    (row,) = ask(Calling(), labels=()).ask(RECORDS[:1], MemoryLedger())
    assert row["answer"] == (
        '[{"name": "f", "arguments": {"a": [], "b": 1}}, {"name": "g", "arguments": ""}]'
    )
    assert row["text"] == "I go."


def test_a_token_that_begins_several_labels_tells_nothing() -> None:
    got = Prediction("", None, (("re", math.log(0.6)), ("red", math.log(0.25)), ("", 0.0)))
    assert label_probabilities(got, {"r": "real", "d": "red"}) == pytest.approx(
        {"r": 0.0, "d": 0.25}
    )
    assert label_probabilities(got, {"r": "rest", "d": "reed"}) is None
    assert label_probabilities(Prediction("x"), {"r": "x"}) is None


@pytest.mark.parametrize("kind", [Echo, Resuming])
def test_a_broken_off_file_is_gone_on_with(
    ask: Callable[..., Asker], tmp_path: Path, kind: type[Echo]
) -> None:
    path = tmp_path / "predictions.jsonl"
    with pytest.raises(ServiceError):
        list(complete(ask(kind(fails_at=4)), RECORDS, path, "key", MemoryLedger()))
    assert not path.exists()

    second = kind()
    rows = list(complete(ask(second), RECORDS, path, "key", MemoryLedger()))
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert len(second.asked) == (6 if kind.resumes else 2), "only what is missing is paid for"
    assert load(path).to_dict("records") == rows
    assert list(tmp_path.iterdir()) == [path]


def test_another_key_begins_anew(ask: Callable[..., Asker], tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    with pytest.raises(ServiceError):
        list(complete(ask(Echo(fails_at=4)), RECORDS, path, "one", MemoryLedger()))
    second = Echo()
    assert len(list(complete(ask(second), RECORDS, path, "two", MemoryLedger()))) == 6
    assert len(second.asked) == 6


def test_predictions_that_cannot_be_kept_are_not_asked_for(
    ask: Callable[..., Asker], tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    predictor = Echo()
    with pytest.raises(WriteError):
        list(complete(ask(predictor), RECORDS, blocked / "p.jsonl", "key", MemoryLedger()))
    assert predictor.asked == []


# --- files ---------------------------------------------------------------------------------------


def test_loaded_predictions_have_all_columns(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(line(line=1, answer="a\u2028b", more=1) + "\n\n", encoding="utf-8")
    loaded = load(path)
    assert list(loaded.columns) == list(COLUMNS)
    assert loaded["answer"].tolist() == ["a\u2028b"]
    assert loaded["reference"].tolist() == [None]


def test_files_from_before_tasks_were_told_are_read(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    row = json.loads(line(line=1, reference="a", answer="a"))
    del row["task"]
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert load(path)["task"].tolist() == [None]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        '{"line": 1}',
        "3",
        line(reference=3, answer="a"),
        line(reference="a", answer=None),
        line(reference="a", answer="a", task="guess"),
    ],
)
def test_a_line_that_is_no_prediction_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(f"{line(line=1)}\n\n{bad}\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"p\.jsonl, line 3: not a prediction; expected .* line, ref"
    ):
        load(path)


def test_files_that_hold_no_predictions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        load(path)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no predictions"):
        load(path)


# --- scores --------------------------------------------------------------------------------------


def table(pairs: Iterable[tuple[str | None, str, Mapping[str, float] | None]]) -> pd.DataFrame:
    rows = [
        dict(zip(("reference", "answer", "probabilities"), pair, strict=True)) for pair in pairs
    ]
    return frame({**dict.fromkeys(COLUMNS), **row} for row in rows)


def test_labels_are_scored_as_labels() -> None:
    sure, unsure = {"neg": 0.1, "pos": 0.9}, {"neg": 0.6, "pos": 0.4}
    scores = score(
        table(
            [("pos", "pos", sure), ("neg", "neg", unsure), ("neg", "pos", sure), (None, "x", None)]
        )
    )
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["auroc"] is not None


def test_few_references_are_labels_even_without_probabilities() -> None:
    scores = score(table([("a", "a", None), ("b", "a", None)] * 4))
    assert scores["accuracy"] == 0.5
    assert scores.get("auroc") is None


def test_many_references_are_free_text_unless_a_class_is_asked_for() -> None:
    pairs = [(f"r{n}", f"r{n}" if n else "wrong", None) for n in range(6)]
    text, labels = score(table(pairs)), score(table(pairs), positive_class="r1")
    assert "confusion_matrix" not in text
    assert "confusion_matrix" in labels


def told(task: str | None, *pairs: tuple[str, str]) -> pd.DataFrame:
    return table((r, a, None) for r, a in pairs).assign(task=task)


def test_what_predictions_or_the_user_say_of_the_task_counts() -> None:
    same = [("Done.", "Done.")] * 6
    assert score(told(None, *same))["task"] == "classification"
    assert score(told("text", *same))["task"] == "text"
    assert score(told("text", *same), task="classification")["task"] == "classification"
    many = [(f"r{n}", f"r{n}") for n in range(60)]
    assert score(told("classification", *many))["task"] == "classification"
    assert score(told("classification", *many), task="text")["task"] == "text"
    both = pd.concat([told("text", *same), told("classification", *same)])
    assert score(both)["task"] == "classification", "they contradict each other"
    with pytest.raises(UsageError, match="free text"):
        score(told("text", *same), positive_class="Done.")


def test_calls_are_no_labels_and_compared_as_calls() -> None:
    one, other = (comparable_text([Call.of("f", {"a": value})]) for value in "xX")
    scores = score(told(None, (one, one), (one, other), (one, "f")))
    assert (scores["task"], scores["accuracy"]) == ("text", pytest.approx(1 / 3))
    assert scores["normalised_exact_match"] == scores["accuracy"]
    assert scores["notes"][1].startswith("tool calls (3 references): compared by name")
    assert score(told("text", ("a b", "A  b")))["normalised_exact_match"] == 1


def test_long_references_are_text() -> None:
    assert score(told(None, *[("x" * 201, "a")] * 6))["task"] == "text"


def test_without_references_there_is_no_score() -> None:
    with pytest.raises(DataError, match="none of the predictions has a reference"):
        score(table([(None, "a", None)]))


def test_equal_contracts_have_equal_keys() -> None:
    one = Contract("chat", "chat", {"a": 1, "b": 2})
    assert contract_key(one) == contract_key(Contract("chat", "chat", {"b": 2, "a": 1}))
    assert contract_key(one) != contract_key(Contract("chat", "chat", {"a": 1}))
