"""Records to learn from, good and odd, and what is asked afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.records import Format, Method
from pitchpipe.stages import FitOptions
from pitchpipe.testing.conformance.subject import Subject

Record = dict[str, Any]

_WAYS: tuple[tuple[Format, Method], ...] = (
    ("completion", "supervised"),
    ("chat", "supervised"),
    ("chat", "reinforcement"),
    ("preference", "dpo"),
)
"""Which formats the API trains by which methods."""

_PROMPTS = st.lists(
    st.sampled_from(["good", "bad", "fine", "poor", "film", "very"]), min_size=1, max_size=3
).map(" ".join)
_LABELS = st.sampled_from([" yes", " no", " maybe"])


@dataclass(frozen=True)
class Lesson:
    """What is learnt.

    Attributes:
        train: records of the API, all of one format.
        valid: records to measure on.
        options: how.
    """

    train: list[Record]
    valid: list[Record] = field(default_factory=list)
    options: FitOptions = field(default_factory=lambda: FitOptions(1, 1))

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """What is asked of the model afterwards: each record, and something unheard of."""
        asked = [record.get("input") or record for record in (*self.train, *self.valid)]
        return [*asked, {"prompt": "unheard of"}]


def is_label(record: Mapping[str, Any], answer: str) -> float:
    """The reward of an answer: 1 for the record's label, else 0."""
    return float(answer == record.get("label"))


def _user(text: str) -> list[Record]:
    return [{"role": "user", "content": text}]


def _said(text: str) -> list[Record]:
    return [{"role": "assistant", "content": text}]


def _record(way: tuple[Format, Method], prompt: str, right: str, wrong: str) -> Record:
    match way:
        case ("completion", _):
            return {"prompt": prompt, "completion": right}
        case ("chat", "reinforcement"):
            return {"messages": _user(prompt), "label": right}
        case ("chat", _):
            return {"messages": [*_user(prompt), *_said(right)]}
        case _:
            return {
                "input": {"messages": _user(prompt)},
                "preferred_output": _said(right),
                "non_preferred_output": _said(wrong),
            }


def _ways(subject: Subject) -> list[tuple[Format, Method]]:
    told = subject.capabilities
    return [way for way in _WAYS if way[0] in told.formats and way[1] in told.methods]


@st.composite
def lessons(draw: st.DrawFn, subject: Subject) -> Lesson:
    """Lessons of the formats and methods that the learner's capabilities name."""
    way = draw(st.sampled_from(_ways(subject)))
    record = st.builds(_record, st.just(way), _PROMPTS, _LABELS, _LABELS)
    records = subject.records or st.lists(record, min_size=1, max_size=8)
    return Lesson(draw(records), draw(records)[:3], draw(_options(way[1])))


_CALL = {"id": "c", "type": "function", "function": {"name": "note", "arguments": "{}"}}


@st.composite
def call_lessons(draw: st.DrawFn, subject: Subject) -> Lesson:
    """Lessons as ``lessons`` has them, in which some answers of conversations call a tool."""
    lesson = draw(lessons(subject))
    return Lesson([_calling(r, draw(st.booleans())) for r in lesson.train], [], lesson.options)


def _calling(record: Record, calls: bool) -> Record:
    """A record whose closing answer calls a tool as well, if it is a conversation with one."""
    *before, last = record.get("messages") or [{}]
    if not calls or not isinstance(last, dict) or last.get("role") != "assistant":
        return record
    return record | {"messages": [*before, last | {"tool_calls": [_CALL]}]}


def _options(method: Method) -> SearchStrategy[FitOptions]:
    return st.builds(
        FitOptions,
        n_epochs=st.integers(1, 3),
        batch_size=st.integers(1, 4),
        seed=st.integers(0, 9),
        method=st.just(method),
        grade=st.just(is_label if method == "reinforcement" else None),
    )


_TEXT = st.text(st.characters(codec=None), max_size=12)  # half characters among them
_CONTENT = st.none() | _TEXT | st.integers() | st.lists(st.fixed_dictionaries({"text": _TEXT}))
_MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool"]),
        "content": _CONTENT,
        "weight": st.sampled_from([0, 1]),
        "tool_calls": st.just([{"function": {"name": "f", "arguments": "{}"}}]),
    },
)
_MESSAGES = st.none() | st.lists(_MESSAGE, max_size=3)
_ODD: Mapping[Format, SearchStrategy[Record]] = {
    "completion": st.fixed_dictionaries({}, optional={"prompt": _CONTENT, "completion": _CONTENT}),
    "chat": st.fixed_dictionaries({}, optional={"messages": _MESSAGES}),
    "preference": st.fixed_dictionaries(
        {},
        optional={
            "input": st.fixed_dictionaries({}, optional={"messages": _MESSAGES}),
            "preferred_output": _MESSAGES,
            "non_preferred_output": _MESSAGES,
        },
    ),
}


@st.composite
def odd_lessons(draw: st.DrawFn, subject: Subject) -> Lesson:
    """Lessons whose records lack fields, or hold what no record should."""
    way = draw(st.sampled_from(_ways(subject)))
    records = st.lists(_ODD[way[0]], max_size=8)
    return Lesson(draw(records), draw(records)[:3], draw(_options(way[1])))
