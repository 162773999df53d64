from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import pandas as pd
import pytest

from pitchpipe.records import Contract, Format, Request
from pitchpipe.stages import Formatter, FormatterCapabilities
from pitchpipe.testing import Check, parametrize_with_checks


@dataclass(frozen=True)
class Plain(Formatter):
    """As little as a formatter can be."""

    format: ClassVar[Format] = "completion"
    end: str = " ->"

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        return ("prompt", "completion")

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        made = chunk[[name for name in ("prompt", "completion") if name in chunk]].copy()
        made["prompt"] = [text + self.end for text in chunk["prompt"]]
        return made

    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        return False

    def request(self, record: Mapping[str, Any]) -> Request:
        return Request("completions", {"prompt": record["prompt"]})

    def reference(self, record: Mapping[str, Any]) -> str | None:
        return record.get("completion")

    def parse(self, answer: str) -> str:
        return answer

    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        return Contract(self.format, name, asdict(self), tuple(sorted(labels)))


class ChangesItsInput(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        chunk["prompt"] = [text + self.end for text in chunk["prompt"]]
        return chunk


class LosesTheLabel(Plain):
    def parse(self, answer: str) -> str:
        return answer.strip()


class LosesRows(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return super().apply(chunk).drop_duplicates("prompt")


class NumbersRowsAnew(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return super().apply(chunk).reset_index(drop=True)


class LooksAtTheWholeChunk(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        made = super().apply(chunk)
        made["prompt"] = [text.ljust(made["prompt"].str.len().max()) for text in made["prompt"]]
        return made


class AsksOtherwise(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return super().apply(chunk) if "completion" in chunk else chunk[["prompt"]]


class ForgetsItsOption(Plain):
    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        return Contract(self.format, name, {}, tuple(sorted(labels)))


class KeepsLabelsUnsorted(Plain):
    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        return Contract(self.format, name, asdict(self), tuple(labels))


class FormatsTwice(Plain):
    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        return all(text.endswith(self.end) for text in chunk["prompt"])


class ColumnsOfRows(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return super().apply(chunk) if len(chunk) else pd.DataFrame(index=chunk.index)


class NamesTheModel(Plain):
    def request(self, record: Mapping[str, Any]) -> Request:
        return Request("completions", {"prompt": record["prompt"], "model": "m"})


class AllQuestionsAlike(Plain):
    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        return [None] * len(records)


class HoldsASet(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        made = super().apply(chunk)
        made["words"] = [set(text.split()) for text in made["prompt"]]
        return made


class Crashes(Plain):
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return chunk.assign(prompt=[text[0] for text in chunk["prompt"]])


class Counts(Plain):
    made: ClassVar = itertools.count()

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        return super().apply(chunk).assign(number=next(self.made))


class CountsAndSaysSo(Counts):
    capabilities = FormatterCapabilities(deterministic=False)


class Unpickled(Plain):
    def __reduce__(self) -> Any:
        return Plain, ("other",)


@parametrize_with_checks([Plain(), CountsAndSaysSo()])
def test_a_correct_one_passes(stage: object, check: Check) -> None:
    check(stage)


@pytest.mark.parametrize(
    ("stage", "check"),
    [
        (ChangesItsInput(), "input-unchanged"),
        (LosesTheLabel(), "completion-restored"),
        (LosesRows(), "rows-kept"),
        (NumbersRowsAnew(), "rows-kept"),
        (LooksAtTheWholeChunk(), "chunking"),
        (AsksOtherwise(), "asked-alike"),
        (ForgetsItsOption("other"), "contract-remakes"),
        (KeepsLabelsUnsorted(), "contract-complete"),
        (FormatsTwice(), "formatted-kept"),
        (ColumnsOfRows(), "no-rows"),
        (NamesTheModel(), "request-is-json"),
        (AllQuestionsAlike(), "questions-agree"),
        (HoldsASet(), "records-are-json"),
        (Counts(), "deterministic"),
        (Unpickled(), "pickles"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_faulty_one_is_caught(
    stage: Formatter, check: str, breaks: Callable[[object, str], str]
) -> None:
    message = breaks(stage, check)
    assert message.startswith(f"{type(stage).__name__} breaks a promise of Formatter: ")


def test_the_message_shows_the_smallest_example(shrunk: Callable[[object, str], str]) -> None:
    promise, heading, columns, row, outcome = shrunk(
        LosesTheLabel(), "completion-restored"
    ).splitlines()
    assert promise == (
        "LosesTheLabel breaks a promise of Formatter: parse(reference(record)) is the row's "
        "completion (check 'completion-restored')."
    )
    assert (heading, columns.split()) == ("Smallest example:", ["line", "prompt", "completion"])
    wanted = ast.literal_eval(re.findall(r"'[^']*'$", row)[0])
    assert wanted != wanted.strip()
    assert outcome.endswith(f"'completion': {wanted!r}}}; found {wanted.strip()!r}")


def test_what_a_stage_raises_is_told_with_the_example(shrunk: Callable[[object, str], str]) -> None:
    message = shrunk(Crashes(), "rows-kept")
    _, _, _, row, _ = message.splitlines()
    assert "''" in row
    assert message.endswith("Expected no error; found IndexError: string index out of range")
