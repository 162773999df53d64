from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from pitchpipe.errors import DataError, ServiceError
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


def line(**fields: Any) -> str:
    return json.dumps({**dict.fromkeys(COLUMNS), **fields})


def test_loaded_predictions_have_all_columns(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(line(line=1, answer="a\u2028b", more=1) + "\n\n", encoding="utf-8")
    loaded = load(path)
    assert list(loaded.columns) == list(COLUMNS)
    assert loaded["answer"].tolist() == ["a\u2028b"]
    assert loaded["reference"].tolist() == [None]


@pytest.mark.parametrize("bad", ["{", "[]", '{"line": 1}', "3"])
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


def test_without_references_there_is_no_score() -> None:
    with pytest.raises(DataError, match="none of the predictions has a reference"):
        score(table([(None, "a", None)]))


def test_equal_contracts_have_equal_keys() -> None:
    one = Contract("chat", "chat", {"a": 1, "b": 2})
    assert contract_key(one) == contract_key(Contract("chat", "chat", {"b": 2, "a": 1}))
    assert contract_key(one) != contract_key(Contract("chat", "chat", {"a": 1}))
