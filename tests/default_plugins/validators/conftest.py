from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from pitchpipe.digests import digest
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Finding
from pitchpipe.stages import Validator

OPTIONS = {
    "completion": {"separator": "##", "prefix": " ", "suffix": "", "labels": {}},
    "chat": {"labels": {"p": "positive"}},
    "preference": {},
}


@pytest.fixture(scope="session")
def frame() -> Callable[..., pd.DataFrame]:
    """Builds a chunk from columns; rows are numbered from 2 on, as below a header."""

    def make(first: int = 2, unit: str = "line", **columns: Sequence[Any]) -> pd.DataFrame:
        rows = len(next(iter(columns.values()), ()))
        index = pd.RangeIndex(first, first + rows, name=unit)
        made = {
            name: pd.Series(list(cells), index=index, dtype=object)
            for name, cells in columns.items()
        }
        return pd.DataFrame(made, index=index)

    return make


def seen_by(validator: Validator[Any], chunk: pd.DataFrame) -> pd.DataFrame:
    """Source rows as a validator of that scope sees them: hashes instead of records, if need be."""
    if validator.scope not in {"index", "split"}:
        return chunk
    asked = [column for column in ("prompt", "input", "messages", "tools") if column in chunk]
    answered = [column for column in ("completion", "preferred_output") if column in chunk]
    none = [[None] * len(chunk)]
    question = digest([chunk[column].tolist() for column in asked] or none)
    answer = digest([chunk[column].tolist() for column in answered] or none)
    if validator.scope == "index":
        return pd.DataFrame({"question": question, "answer": answer}, index=chunk.index)
    sides = chunk["split"].tolist() if "split" in chunk else "train"
    columns = {"label": None, "prompt": question, "bytes": 9, "split": sides}
    return pd.DataFrame(columns, index=chunk.index)


@pytest.fixture(scope="session")
def bound() -> Callable[..., Validator[Any]]:
    """Makes a registered validator that knows a contract."""
    host = PluginHost(entry_points=False)

    def make(
        rule: str,
        record_format: Any = "completion",
        labels: Sequence[str] = (),
        stop: Sequence[str] = ("\n",),
        mapping: Mapping[str, str] | None = None,
        task: Any = "auto",
        **options: Any,
    ) -> Validator[Any]:
        known: Mapping[str, Any] = OPTIONS[record_format] | options
        if mapping is not None:
            known = {**known, "labels": mapping}
        contract = Contract(
            record_format, record_format, known, tuple(labels), tuple(stop), task=task
        )
        return host.validators.create(rule).bind(contract)

    return make


@pytest.fixture(scope="session")
def find() -> Callable[..., list[Finding]]:
    """What a validator finds in some chunks, seen one after the other."""

    def run(validator: Validator[Any], *chunks: pd.DataFrame) -> list[Finding]:
        state = validator.start()
        for chunk in chunks:
            state = validator.observe(state, seen_by(validator, chunk))
        return list(validator.conclude(state))

    return run


def message(role: str, content: str | None) -> dict[str, Any]:
    return {"role": role, "content": content}


@pytest.fixture(scope="session")
def talk() -> Callable[..., list[dict[str, Any]]]:
    """Messages that take turns, the user first."""

    def make(*texts: str | None) -> list[dict[str, Any]]:
        return [message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts)]

    return make
