"""Asking a tuned model about records, and keeping the answers as they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from pitchpipe.calls import comparable_text, parse_calls
from pitchpipe.errors import DataError, RunError
from pitchpipe.journal import LineFile, reporting
from pitchpipe.records import (
    COMPLETION,
    PROMPT,
    Contract,
    Prediction,
    TaskChoice,
    TrainedModel,
)
from pitchpipe.stages import Formatter, Ledger, Predictor
from pitchpipe.tasks import task_of

_NEEDED = ("line", "reference", "answer", "text", "finish_reason", "probabilities")
COLUMNS = (*_NEEDED, "task")
"""What is kept of a prediction: the place of its record, what it should have been, what it was in
the user's words and in the model's, why it ended, each label's probability, and whether answers
are labels or text (None where nobody said)."""


class Asker:
    """Asks one model about records of one contract.

    Args:
        model: whom to ask.
        formatter: that of the model's contract.
        predictor: how to ask.
    """

    def __init__(self, model: TrainedModel, formatter: Formatter, predictor: Predictor) -> None:
        self._model = model
        self._formatter = formatter
        self._predictor = predictor
        self._expected = _expected(formatter, model.contract.labels)

    def ask(
        self, records: Iterable[tuple[int, Mapping[str, Any]]], ledger: Ledger, done: int = 0
    ) -> Iterator[dict[str, Any]]:
        """The predictions of records, in order.

        Args:
            records: places and records.
            ledger: where the predictor keeps what it paid for.
            done: how many of the first records have their predictions already.
        """
        places: list[tuple[int, Mapping[str, Any]]] = []
        skip = 0 if self._predictor.resumes else done

        def requests() -> Iterator[Any]:
            for place, record in islice(records, skip, None):
                places.append((place, record))
                yield self._formatter.request(record)

        answers = self._predictor.predict(self._model.name, requests(), ledger)
        for number, prediction in enumerate(answers, start=skip):
            place, record = places.pop(0)
            if number >= done:
                yield self._row(place, record, prediction)

    def _row(self, place: int, record: Mapping[str, Any], got: Prediction) -> dict[str, Any]:
        reference = self._formatter.reference(record)
        task = self._model.contract.answers_are
        return {
            "line": place,
            "reference": None if reference is None else self._formatter.parse(reference),
            "answer": self._formatter.parse(comparable_text(got.calls) if got.calls else got.text),
            "text": got.text,
            "finish_reason": got.finish_reason,
            "probabilities": label_probabilities(got, self._expected),
            "task": None if task == "auto" else task,
        }


def label_probabilities(got: Prediction, expected: Mapping[str, str]) -> dict[str, float] | None:
    """How likely each label was, by the first token of the answer.

    Args:
        got: the answer, with the tokens that could have come first.
        expected: the whole answer that stands for each label.

    Returns:
        A probability a label; tokens that begin several labels tell nothing and are left out. None
        when no token tells anything.
    """
    found = dict.fromkeys(expected, 0.0)
    for token, _ in got.alternatives:
        begun = [label for label, answer in expected.items() if token and answer.startswith(token)]
        if len(begun) == 1:
            found[begun[0]] += got.probability(token)
    return found if any(found.values()) else None


def complete(
    asker: Asker,
    records: Sequence[tuple[int, Mapping[str, Any]]],
    path: Path,
    key: str,
    ledger: Ledger,
) -> Generator[dict[str, Any], None, None]:
    """Fills a file of predictions, going on where an earlier attempt was stopped.

    Args:
        asker: gives the predictions.
        records: all of them.
        path: the final name; until every answer is there they are kept in a hidden file beside it.
        key: what the predictions depend on; an attempt with another key starts anew.
        ledger: for the predictor.

    Yields:
        Every prediction, old and new, in order.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    partial = path.with_name(f".{path.name}.{digest}")
    with LineFile(partial, durable=False) as file:
        _check_partial(partial, file.lines, [place for place, _ in records])
        yield from file.lines
        for row in asker.ask(records, ledger, done=len(file.lines)):
            file.append(row)
            yield row
    with reporting(path):
        partial.replace(path)


def _check_partial(path: Path, rows: Sequence[Mapping[str, Any]], places: Sequence[int]) -> None:
    """Whether unfinished predictions are those of the first records.

    Raises:
        RunError: one is not.
    """
    for number, row in enumerate(rows, start=1):
        try:
            _fields(row)
            good = number <= len(places) and row["line"] == places[number - 1]
        except (KeyError, TypeError):
            good = False
        if not good:
            raise RunError(
                f"{path}, line {number}: not the prediction that belongs here; something else "
                "wrote to this file. Delete it and give the same command again: the model is asked "
                "again, which may cost something."
            )


def check_lines(path: Path, places: Sequence[int]) -> None:
    """Whether a file holds one prediction for each record.

    Args:
        path: the file.
        places: where the records stand.

    Raises:
        DataError: as for ``load``.
        RunError: predictions are missing, or of other records.
    """
    found = load(path)["line"].tolist()
    if found != list(places):
        raise RunError(
            f"{path}: holds {len(found)} predictions, and they are not those of the "
            f"{len(places)} records held out. Delete it and give the command of the run again: "
            "the model is asked again, which may cost something."
        )


def load(path: Path) -> pd.DataFrame:
    """The predictions in a file.

    Raises:
        DataError: it is missing or not a file of predictions; names the line.
    """
    try:
        if path.is_char_device() or path.is_block_device():
            raise DataError(f"{path}: is a device; expected a file that 'predict' wrote.")
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; expected a file that 'predict' wrote.") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows.append(_fields(row))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(
                f"{path}, line {number}: not a prediction; expected an object with "
                f"{', '.join(_NEEDED)}, as 'predict' writes them."
            ) from None
    if not rows:
        raise DataError(f"{path}: holds no predictions.")
    return frame(dict(zip(COLUMNS, row, strict=True)) for row in rows)


def _fields(row: Mapping[str, Any]) -> list[Any]:
    """A prediction by its ``COLUMNS``.

    Raises:
        KeyError: it lacks one.
        TypeError: it holds what cannot be scored.
    """
    fields = [*(row[column] for column in _NEEDED), row.get("task")]
    _check_types(row)
    return fields


def _check_types(row: Mapping[str, Any]) -> None:
    """Raises TypeError where a prediction holds what cannot be scored."""
    probabilities = row["probabilities"]
    if probabilities is not None and not (
        isinstance(probabilities, dict)
        and all(type(value) in (int, float) for value in probabilities.values())
    ):
        raise TypeError("probabilities must be numbers by label")
    scored = row["reference"] is not None
    if scored and not all(isinstance(row[key], str) for key in ("reference", "answer")):
        raise TypeError("reference and answer must be text")
    if row.get("task") not in (None, *get_args(TaskChoice)):
        raise TypeError("task must be one of TaskChoice")


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Predictions as a table with ``COLUMNS``."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)


def score(
    predictions: pd.DataFrame,
    positive_class: str | None = None,
    labels: Iterable[str] = (),
    task: TaskChoice = "auto",
) -> dict[str, Any]:
    """Measures predictions against their references.

    Args:
        predictions: with ``COLUMNS``.
        positive_class: as for ``scoring.score``.
        labels: the known ones; by default those that probabilities name.
        task: whether answers are labels; by default what the predictions say, else whether there
            are labels or a positive class, else whether the references are as few as labels.

    Raises:
        DataError: no prediction has a reference.
    """
    from pitchpipe.scoring import score as measure

    known = predictions[[r is not None for r in predictions["reference"]]]
    if known.empty:
        raise DataError("none of the predictions has a reference; there is nothing to score by.")
    references = known["reference"].tolist()
    probabilities = known["probabilities"].tolist()
    found = {*labels, *(label for p in probabilities if p for label in p)}
    distinct = set(references)
    told = set(known["task"]) - {None, "auto"} if "task" in known else set()
    if task == "auto" and len(told) == 1:
        task = told.pop()
    if task == "auto" and (found or positive_class):
        task = "classification"
    longest = max(map(len, distinct))
    called = any(parse_calls(reference) for reference in distinct)
    kind = task_of(task, len(known), len(distinct), longest=longest, conversations=called)
    found = found | distinct if kind == "classification" else set()
    return measure(
        references,
        known["answer"].tolist(),
        labels=sorted(found),
        probabilities=[p or {} for p in probabilities] if any(probabilities) else None,
        positive_class=positive_class,
    )


def _expected(formatter: Formatter, labels: Sequence[str]) -> dict[str, str]:
    if not labels:
        return {}
    columns = (PROMPT, COMPLETION)
    if not set(formatter.required_columns(columns)) <= set(columns):
        # it makes records of other columns: what is trained for a label can only be guessed
        return {label: label for label in labels if formatter.parse(label) == label}
    rows = pd.DataFrame({PROMPT: "?", COMPLETION: list(labels)}, dtype=object)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="row")
    records = formatter.apply(rows).to_dict("records")
    answers = (formatter.reference({str(k): v for k, v in record.items()}) for record in records)
    return {label: a for label, a in zip(labels, answers, strict=True) if a is not None}


def contract_key(contract: Contract) -> str:
    """A contract as one string: equal contracts, equal strings."""
    return json.dumps(contract.to_json(), sort_keys=True)
