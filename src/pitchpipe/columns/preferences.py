"""Pairs of answers as ``chosen`` and ``rejected``, as Hugging Face's trainers take them.

Source: https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import eq
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.columns.exports.answers import loaded
from pitchpipe.columns.exports.base import Export, Row, Unanswered, Unfit
from pitchpipe.columns.names import meaning_of, words_of
from pitchpipe.columns.shapes import filled
from pitchpipe.errors import DataError
from pitchpipe.formats.repairs import SYNONYMS

INPUT, PREFERRED, NON_PREFERRED = "input", "preferred_output", "non_preferred_output"
_PAIRS = (
    ("chosen", "rejected"),
    ("chosen response", "rejected response"),
    ("response chosen", "response rejected"),
    ("chosen answer", "rejected answer"),
    ("preferred", "rejected"),
    ("preferred", "dispreferred"),
    ("accepted", "rejected"),
)
_TOOLS, _SYSTEM, _HISTORY = "tools", "system", "history"

Message = Mapping[str, Any]


@dataclass(frozen=True)
class ChosenPairs(Export):
    """Rows with an answer that is preferred to another, as text or as messages.

    Attributes:
        prompt: the column of prompts; None where both answers begin with it.
        chosen: the column of the better answers.
        rejected: the column of the others.
    """

    title: ClassVar[str] = "a table of preferences"

    prompt: str | None = None
    chosen: str = "chosen"
    rejected: str = "rejected"

    @classmethod
    def recognised(
        cls, table: str, sample: pd.DataFrame, answers: bool, prompt: str | None = None
    ) -> ChosenPairs | None:
        """Told by the names of both columns.

        Args:
            table: what to call the table in messages.
            sample: its first rows.
            answers: whether rows without a pair are left out.
            prompt: the column of prompts, where the user named it.

        Raises:
            DataError: both are texts, and there is no prompt.
        """
        by_name = {" ".join(words_of(str(name))): str(name) for name in reversed(sample.columns)}
        for good, bad in _PAIRS:
            if good in by_name and bad in by_name:
                pair = by_name[good], by_name[bad]
                break
        else:
            return None
        if prompt is None:
            asked = [
                (meaning_of(name).rank, name)
                for name in map(str, sample.columns)
                if meaning_of(name).kind == "prompt" and filled(sample[name].tolist())
                if name not in pair and words_of(name) != ["messages"]
            ]
            prompt = min(asked)[1] if asked else None
        if prompt is None:
            prompt = _conversation(sample, pair)
        texts = [c for c in filled(sample[pair[0]].tolist()) if not isinstance(_structure(c), list)]
        if prompt is None and texts and answers:
            raise DataError(
                f"{table}: {pair[0]!r} and {pair[1]!r} hold answers only, and no column holds the "
                "prompt. Expected a column 'prompt', or messages. Pass --prompt-column NAME; or, "
                "if each text begins with its prompt, --format hf-preference, which parts them "
                "(pip install pitchpipe-formats)."
            )
        return cls(table, answers, prompt, *pair)

    def consumed(self, columns: Sequence[str]) -> frozenset[str]:
        """Prompt and answers, the system's text, earlier turns and tools."""
        own = {self.prompt, self.chosen, self.rejected, _TOOLS, _SYSTEM, _HISTORY}
        return frozenset(column for column in columns if column in own)

    def passes_on(self, column: str) -> bool:
        """No column: all there is, is in the pair."""
        del column
        return False

    def given(self, row: Row) -> dict[str, Any]:
        """Nothing but the pair: the input is a part of it."""
        if self.answers or self.prompt is None:
            return {}
        try:
            asked = _asked(_read(row.get(self.prompt), self.prompt))
            return {INPUT: self._input(row, asked)}
        except Unfit:
            return {}  # a rule names the row

    def labels(self, row: Row) -> dict[str, Any]:
        """The input and both outputs, in messages."""
        good, bad = row.get(self.chosen), row.get(self.rejected)
        if good is None or bad is None:
            raise Unanswered("without both answers")
        better, worse = _read(good, self.chosen), _read(bad, self.rejected)
        if self.prompt is None:
            if isinstance(better, str) or isinstance(worse, str):
                raise Unfit("without a prompt", "messages in both answers", good)
            start = _shared(better, worse)
            asked = better[:start]
        else:
            asked = _asked(_read(row.get(self.prompt), self.prompt))
            start = 0
        if not asked:
            raise Unfit("without a prompt", "both answers to begin with the same messages", good)
        return {
            INPUT: self._input(row, asked),
            PREFERRED: _output(better, asked, start),
            NON_PREFERRED: _output(worse, asked, start),
        }

    def _input(self, row: Row, asked: list[Message]) -> dict[str, Any]:
        asked = [*_history(row.get(_HISTORY)), *asked]
        system = row.get(_SYSTEM)
        if isinstance(system, str) and system and asked[0].get("role") != "system":
            asked = [{"role": "system", "content": system}, *asked]
        tools = loaded(row.get(_TOOLS))
        return {"messages": asked, **({_TOOLS: tools} if isinstance(tools, list) else {})}


def _read(cell: object, column: str) -> str | list[Message]:
    """A text, or messages.

    Raises:
        Unfit: it is neither.
    """
    value = _structure(cell)
    if isinstance(value, dict) and "role" in value:
        value = [value]
    if isinstance(value, list):
        if value and all(isinstance(m, dict) and isinstance(m.get("role"), str) for m in value):
            return value
        raise Unfit(f"with no messages in {column!r}", "objects with a role and a content", value)
    if not isinstance(value, str) or not value.strip():
        raise Unfit(f"with nothing in {column!r}", "a text or messages", value)
    return value


def _structure(cell: object) -> object:
    """A cell as messages, where its text writes them, be it as ShareGPT's turns; else as it is."""
    value = loaded(cell)
    parts = value if isinstance(value, list) else [value]
    said = [_spoken(part) for part in parts]
    if any(isinstance(part, dict) and "role" in part for part in said):
        return said if isinstance(value, list) else said[0]
    return cell


def _spoken(part: Any) -> Any:
    """A turn of ShareGPT as a message; anything else as it is."""
    if not isinstance(part, dict) or part.keys() != {"from", "value"}:
        return part
    speaker = part["from"]
    return {"role": SYNONYMS.get(str(speaker).lower(), speaker), "content": part["value"]}


def _ends_on_a_question(talk: object) -> bool:
    last = talk[-1] if isinstance(talk, list) and talk else None
    return isinstance(last, dict) and last.get("role") != "assistant"


def _conversation(sample: pd.DataFrame, pair: tuple[str, str]) -> str | None:
    """The column of what was said before answers of one message each, as LLaMA-Factory has it."""
    answers = [_structure(cell) for column in pair for cell in filled(sample[column].tolist())]
    if not answers or not all(isinstance(answer, dict) for answer in answers):
        return None
    for name in map(str, sample.columns):
        if words_of(name) in (["messages"], ["conversations"], ["conversation"]):
            talks = [_structure(cell) for cell in filled(sample[name].tolist())]
            if talks and all(map(_ends_on_a_question, talks)):
                return name
    return None


def _asked(prompt: str | list[Message]) -> list[Message]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _output(answer: str | list[Message], asked: list[Message], start: int) -> list[Message]:
    """The messages of an answer after what was asked, which some files repeat in it."""
    if isinstance(answer, str):
        return [{"role": "assistant", "content": answer}]
    if start == 0 and answer[: len(asked)] == asked:
        start = len(asked)
    if start == len(answer):
        raise Unfit("with an answer that only repeats the prompt", "an answer of its own", answer)
    return answer[start:]


def _history(cell: object) -> list[Message]:
    """What was said before, as pairs of a prompt and its answer.

    Raises:
        Unfit: it is none.
    """
    pairs = loaded(cell) or []
    found: list[Message] = []
    for pair in pairs if isinstance(pairs, list) else [pairs]:
        texts = pair if isinstance(pair, list) else []
        if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
            raise Unfit(f"with no turns in {_HISTORY!r}", "pairs of a prompt and its answer", cell)
        asked, answered = texts
        found += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return found


def _shared(better: Sequence[Message], worse: Sequence[Message]) -> int:
    return sum(takewhile(bool, map(eq, better, worse)))
