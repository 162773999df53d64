"""Exports of Argilla: records of version 1, and of version 2 nested or flattened.

Sources: https://docs.argilla.io/latest/how_to_guides/import_export/ and, for version 1,
https://docs.v1.argilla.io/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import NO_LABEL, agreed, loaded, single
from pitchpipe.columns.exports.base import Export, Row, Unanswered
from pitchpipe.columns.shapes import filled

_DISCARDED = "discarded"
_NO_RESPONSE = "without a response that was submitted"


@dataclass(frozen=True)
class ArgillaOne(Export):
    """Records of version 1: ``text`` or ``inputs``, ``annotation``, ``prediction``, ``status``."""

    title: ClassVar[str] = "an Argilla export"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by the annotation, beside what only Argilla writes."""
        columns = set(sample.columns)
        marks = {"prediction", "annotation_agent", "prediction_agent", "status"}
        fits = "annotation" in columns and columns & marks and columns & {"text", "inputs"}
        return cls(table, answers) if fits else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The annotation, the status and the inputs."""
        return frozenset(("annotation", "status", "inputs")) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """Whether it is the text."""
        return column == "text"

    def given(self, row: Row) -> dict[str, Any]:
        """The inputs by name, or the text."""
        inputs = loaded(row.get("inputs"))
        fields = dict(inputs) if isinstance(inputs, dict) else {}
        return fields or {"text": row.get("text")}

    def labels(self, row: Row) -> dict[str, Any]:
        """The annotation of a record that was not discarded."""
        if str(row.get("status")).lower() == _DISCARDED:
            raise Unanswered(_DISCARDED)
        return {"annotation": single(row.get("annotation"))}


@dataclass(frozen=True)
class ArgillaNested(Export):
    """Records with ``fields`` and ``responses``."""

    title: ClassVar[str] = "an Argilla export"

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by objects under ``fields``, beside responses or suggestions."""
        if "fields" not in sample.columns or not {"responses", "suggestions"} & set(sample.columns):
            return None
        fields = [loaded(cell) for cell in filled(sample["fields"].tolist())]
        return cls(table, answers) if fields and isinstance(fields[0], dict) else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """Fields and responses."""
        return frozenset(("fields", "responses")) & frozenset(columns)

    def passes_on(self, column: str) -> bool:
        """No column: fields are in ``fields``."""
        del column
        return False

    def given(self, row: Row) -> dict[str, Any]:
        """The fields by name."""
        fields = loaded(row.get("fields"))
        return dict(fields) if isinstance(fields, dict) else {}

    def labels(self, row: Row) -> dict[str, Any]:
        """What the submitted responses say, by question."""
        responses = loaded(row.get("responses"))
        said: list[Mapping[str, Any]] = []
        if isinstance(responses, dict):
            said = [
                {name: single(each.get("value"))}
                for name, all_ in responses.items()
                for each in (all_ if isinstance(all_, list) else [all_])
                if isinstance(each, dict) and _submitted(each.get("status"))
            ]
        elif isinstance(responses, list):
            said = [
                {name: single(value) for name, value in (each.get("values") or {}).items()}
                for each in responses
                if isinstance(each, dict) and _submitted(each.get("status"))
            ]
        if not said:
            raise Unanswered(_NO_RESPONSE)
        return agreed(said)


@dataclass(frozen=True)
class ArgillaFlat(Export):
    """Records with a column a field.

    Responses are under ``QUESTION.responses``, or under ``QUESTION`` with a column
    ``QUESTION-suggestion`` beside it.

    Attributes:
        questions: the columns of responses, by question.
    """

    title: ClassVar[str] = "an Argilla export"

    questions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def recognised(cls, table: str, sample: pd.DataFrame, answers: bool) -> Export | None:
        """Told by the names of its columns."""
        columns = [str(name) for name in sample.columns]
        ends = (".responses", ".response")
        found = [(c.removesuffix(end), c) for end in ends for c in columns if c.endswith(end)]
        found += [(c, c) for c in columns if f"{c}-suggestion" in columns]
        return cls(table, answers, tuple(found)) if found else None

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """The columns of responses, and their status."""
        read = {column for _, column in self.questions}
        return frozenset(c for c in columns if c in read or c.removesuffix(".status") in read)

    def passes_on(self, column: str) -> bool:
        """Whether it is a field."""
        own = {"id", "status", "_server_id", "metadata", "external_id", "vectors"}
        asked = {question for question, _ in self.questions}
        family = column.split(".")[0] in asked or column.split("-suggestion")[0] in asked
        return column not in own and not family and not column.startswith("metadata.")

    def labels(self, row: Row) -> dict[str, Any]:
        """What the submitted responses say, by question."""
        said = []
        for question, column in self.questions:
            values = loaded(row.get(column))
            states = loaded(row.get(f"{column}.status"))
            values = values if isinstance(values, list) else [values]
            states = states if isinstance(states, list) else [states] * len(values)
            for value, state in zip(values, states, strict=False):
                if isinstance(value, dict) and "value" in value:
                    value, state = value["value"], value.get("status", state)
                if value is not None and _submitted(state):
                    said.append({question: single(value)})
        if not said:
            raise Unanswered(_NO_RESPONSE if self.questions else NO_LABEL)
        return agreed(said)


def _submitted(status: object) -> bool:
    return status is None or str(status).lower() == "submitted"
