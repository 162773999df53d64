"""What a formatter promises."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pandas as pd
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.options import build
from pitchpipe.records import Contract
from pitchpipe.stages import Formatter
from pitchpipe.testing.conformance.chunks import chunks, parts, records_of, same, texts
from pitchpipe.testing.conformance.promises import Promises, copied, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Formatter, share=0.15, refusals=True)

_AVAILABLE = ("prompt", "completion", "preferred_output", "non_preferred_output")
_NAME = "name-of-the-formatter"


def _sources(subject: Subject) -> SearchStrategy[pd.DataFrame]:
    """Chunks of the columns that the formatter needs, with what it writes itself in the texts."""
    if subject.rows is not None:
        return chunks(subject.rows)
    options = subject.stage.contract(_NAME).options.values()
    pieces = [option for option in options if isinstance(option, str)]
    columns = subject.stage.required_columns(_AVAILABLE)
    return chunks(st.fixed_dictionaries({column: texts(pieces) for column in columns}))


def _cut_sources(subject: Subject) -> SearchStrategy[list[pd.DataFrame]]:
    cuts = st.lists(st.integers(0, 6), min_size=1, max_size=2)
    return st.builds(parts, _sources(subject), cuts)


def _tells_answers(subject: Subject) -> bool:
    return bool(subject.capabilities.answers)


def _restores(subject: Subject) -> bool:
    return bool(subject.capabilities.restores) and _tells_answers(subject)


def _labels(subject: Subject) -> SearchStrategy[list[str]]:
    del subject
    return st.lists(texts(), unique=True, max_size=4)


@promise("input-unchanged", "the chunk given is not changed", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    before = copied(chunk)
    made = subject.stage.apply(chunk)
    expect(same(chunk, before), "the chunk as it was", chunk)
    subject.stage.is_formatted(chunk)
    expect(same(chunk, before), "is_formatted to leave the chunk as it was", chunk)
    records = copied(made)
    for record in records_of(made):
        subject.stage.request(record)
        subject.stage.reference(record)
    subject.stage.questions(made)
    subject.stage.answers(made)
    expect(same(made, records), "the records as they were, whatever is asked of them", made)
    expect(same(chunk, before), "records that share nothing with the chunk", chunk)


@promise("rows-kept", "every row comes out, in order, under its index", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made = subject.stage.apply(chunk)
    expect(isinstance(made, pd.DataFrame), "a DataFrame", made)
    expect(made.index.equals(chunk.index), f"the index {list(chunk.index)}", made)
    expect(made.index.name == chunk.index.name, f"an index named {chunk.index.name!r}", made)


@promise("deterministic", "the same chunk gives the same records", _sources, flag="deterministic")
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made = subject.stage.apply(copied(chunk))
    again = subject.stage.apply(copied(chunk))
    expect(same(made, again), f"as at first\n{made.to_string()}\n", again)


@promise(
    "chunking",
    "the records do not depend on how the rows are cut into chunks",
    _cut_sources,
    flag="deterministic",
)
def _(subject: Subject, cut: list[pd.DataFrame]) -> None:
    whole = subject.stage.apply(pd.concat(cut))
    pieces = pd.concat([subject.stage.apply(piece) for piece in cut if len(piece)])
    expect(records_of(pieces) == records_of(whole), f"{records_of(whole)}", records_of(pieces))


@promise("records-are-json", "a record is a JSON object, one column a key", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made = subject.stage.apply(chunk)
    expect(all(isinstance(name, str) for name in made.columns), "columns named by text", made)
    for record in records_of(made):
        expect(_is_json(record), "only JSON types", record)


@promise(
    "completion-restored",
    "parse(reference(record)) is the row's completion",
    _sources,
    flag="restores",
    needs=_restores,
)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    column = next((c for c in subject.capabilities.answers if c in chunk.columns), None)
    if column is None or any(_ready(subject, chunk)):
        reject()
    for wanted, record in zip(
        chunk[column].tolist(), records_of(subject.stage.apply(chunk)), strict=True
    ):
        answer = subject.stage.reference(record)
        expect(isinstance(answer, str), f"reference(record) to be a text for {record}", answer)
        found = subject.stage.parse(answer)
        expect(found == wanted, f"{wanted!r} of the record {record}", found)


@promise(
    "asked-alike",
    "a record without a completion is asked as one with a completion",
    _sources,
    needs=_tells_answers,
)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    bare = chunk.drop(columns=[c for c in chunk if c in subject.capabilities.answers])
    if bare.columns.equals(chunk.columns) or any(_ready(subject, bare)):
        reject()
    trained = records_of(subject.stage.apply(chunk))
    for record, asked in zip(trained, records_of(subject.stage.apply(bare)), strict=True):
        request, wanted = subject.stage.request(asked), subject.stage.request(record)
        expect(request == wanted, f"the request {wanted}", request)
        answer = subject.stage.reference(asked)
        expect(answer is None, "reference(record) to be None without a completion", answer)


@promise("request-is-json", "a request is a JSON body for one of the two endpoints", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    for record in records_of(subject.stage.apply(chunk)):
        request = subject.stage.request(record)
        known = ("completions", "chat.completions")
        expect(request.endpoint in known, f"one of {known}", request.endpoint)
        expect(_is_json(dict(request.body)), "only JSON types", request.body)
        expect("model" not in request.body, "no model: that is for who asks", request.body)


@promise(
    "questions-agree",
    "questions and answers are one a record, equal where the same is asked",
    _sources,
)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made = subject.stage.apply(chunk)
    questions, answers = list(subject.stage.questions(made)), list(subject.stage.answers(made))
    for values in (questions, answers):
        expect(len(values) == len(made), f"{len(made)} of them", values)
        expect(_is_json(values, tuples=True), "only JSON types", values)
    bodies = [subject.stage.request(record).body for record in records_of(made)]
    for at, question in enumerate(questions):
        alike = [body == bodies[at] for body in bodies]
        expect(
            [q == question for q in questions] == alike,
            f"one question a request {bodies}",
            questions,
        )


@promise("formatted-kept", "a chunk that is_formatted calls formatted is left as it is", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made = subject.stage.apply(chunk)
    expect(
        subject.stage.is_formatted(made) == all(_ready(subject, made)),
        "is_formatted to say of a chunk what it says of all its rows",
        made,
    )
    if subject.stage.is_formatted(made):
        again = subject.stage.apply(made)
        expect(same(again, made), f"as formatted once\n{made.to_string()}\n", again)


@promise("no-rows", "no rows make no records, with the same columns", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    made, none = subject.stage.apply(chunk), subject.stage.apply(chunk.iloc[:0])
    expect(len(none) == 0, "no records", none)
    expect(list(none.columns) == list(made.columns), f"the columns {list(made.columns)}", none)
    expect(none.index.name == chunk.index.name, f"an index named {chunk.index.name!r}", none)


@promise(
    "contract-complete", "the contract says how records are written, and survives JSON", _labels
)
def _(subject: Subject, labels: list[str]) -> None:
    contract = subject.stage.contract(_NAME, labels)
    expect(contract.formatter == _NAME, f"the name given, {_NAME!r}", contract)
    expect(contract.format == subject.stage.format, f"format {subject.stage.format!r}", contract)
    expect(
        contract.labels == tuple(sorted(labels)), f"the labels, sorted: {sorted(labels)}", contract
    )
    again = Contract.from_json(json.loads(json.dumps(contract.to_json())))
    expect(again == contract, f"{contract}", again)


@promise("contract-remakes", "the contract's options make the formatter again", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    contract = subject.stage.contract(_NAME)
    options = json.loads(json.dumps(contract.to_json()))["options"]
    restored = build(type(subject.stage), options, "options")
    expect(restored.contract(_NAME) == contract, f"{contract}", restored.contract(_NAME))
    _same_formatter(subject, restored, chunk)


@promise("pickles", "it can be pickled", _sources)
def _(subject: Subject, chunk: pd.DataFrame) -> None:
    restored = pickle.loads(pickle.dumps(subject.stage))  # noqa: S301 - our own bytes
    expect(restored == subject.stage, f"{subject.stage}", restored)
    _same_formatter(subject, restored, chunk)


def _same_formatter(subject: Subject, other: Formatter, chunk: pd.DataFrame) -> None:
    if not subject.capabilities.deterministic:
        return
    made, again = subject.stage.apply(copied(chunk)), other.apply(copied(chunk))
    expect(same(made, again), f"the same records\n{made.to_string()}\n", again)
    for record in records_of(made):
        one, two = subject.stage.request(record), other.request(record)
        expect(one == two, f"the same request {one}", two)


def _ready(subject: Subject, chunk: pd.DataFrame) -> list[bool]:
    return [subject.stage.is_formatted(chunk.iloc[[at]]) for at in range(len(chunk))]


def _is_json(value: Any, tuples: bool = False) -> bool:
    try:
        again = json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return False
    return bool(again == (_listed(value) if tuples else value))


def _listed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value
