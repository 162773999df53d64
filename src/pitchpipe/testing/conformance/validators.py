"""What a validator promises of its fold and its findings."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from pitchpipe.records import Contract, Finding, Severity, TrainingSpec
from pitchpipe.stages import Validator
from pitchpipe.testing.conformance.chunks import chunks, parts, same
from pitchpipe.testing.conformance.promises import Promises, copied, expect
from pitchpipe.testing.conformance.sources import CONTRACTS, seen, sources
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Validator, share=0.06, refusals=True)

_GRAVITY = (Severity.NOTE, Severity.WARNING, Severity.ERROR)
_TRAININGS = (None, TrainingSpec(), TrainingSpec(method="reinforcement"))


@dataclass(frozen=True)
class Case:
    """Rows, what is known of their records, and where they are cut.

    Attributes:
        rows: the source rows.
        cuts: the positions at which they are cut into chunks.
        contract: what the validator is bound to.
        training: the job that it is told of.
    """

    rows: pd.DataFrame
    cuts: tuple[int, int]
    contract: Contract
    training: TrainingSpec | None = field(repr=False)

    def validator(self, subject: Subject) -> Validator[Any]:
        """The subject, bound."""
        bound: Validator[Any] = subject.stage.bind(self.contract, self.training)
        return bound

    def chunk(self, subject: Subject) -> pd.DataFrame:
        """All rows, as the subject sees them."""
        return seen(subject.stage.scope, self.rows)

    def chunks(self, subject: Subject) -> list[pd.DataFrame]:
        """The three chunks, some of which may be empty."""
        return parts(self.chunk(subject), self.cuts)


@st.composite
def cases(draw: st.DrawFn, subject: Subject) -> Case:
    """Cases for the subject: rows of its own, or of any kind that its scope may hold."""
    contract = subject.contract or draw(st.sampled_from(list(CONTRACTS.values())))
    kinds = [subject.rows] if subject.rows is not None else sources(contract.format)
    rows = draw(chunks(draw(st.sampled_from(kinds)), most=8, unit="row"))
    cut = st.integers(0, len(rows))
    training = draw(st.sampled_from(_TRAININGS))
    return Case(rows, (draw(cut), draw(cut)), contract, training)


def concluded(validator: Validator[Any], *seen_chunks: pd.DataFrame) -> list[Finding]:
    """What a validator finds in chunks seen one after the other."""
    state = validator.start()
    for chunk in seen_chunks:
        state = validator.observe(state, chunk)
    return list(validator.conclude(state))


def told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings to be compared."""
    return [finding.to_json() for finding in findings]


def _expect_as_whole(subject: Subject, case: Case, findings: Sequence[Finding]) -> None:
    whole = told(concluded(case.validator(subject), case.chunk(subject)))
    expect(told(findings) == whole, f"as in one chunk: {whole}", told(findings))


def _states(subject: Subject, case: Case) -> list[Any]:
    validator = case.validator(subject)
    return [validator.observe(validator.start(), chunk) for chunk in case.chunks(subject)]


@promise("input-unchanged", "chunks are not changed", cases)
def _(subject: Subject, case: Case) -> None:
    validator, chunk = case.validator(subject), case.chunk(subject)
    before = copied(chunk)
    concluded(validator, chunk)
    expect(same(chunk, before), "the chunk as it was", chunk)
    validator.sieve(chunk)
    expect(same(chunk, before), "sieve to leave the chunk as it was", chunk)


@promise("chunking", "the findings do not depend on how the rows were chunked", cases, share=0.15)
def _(subject: Subject, case: Case) -> None:
    _expect_as_whole(subject, case, concluded(case.validator(subject), *case.chunks(subject)))


@promise("merging", "what was seen apart and merged is as if seen together", cases, share=0.15)
def _(subject: Subject, case: Case) -> None:
    validator = case.validator(subject)
    a, b, c = _states(subject, case)
    _expect_as_whole(subject, case, validator.conclude(validator.merge(validator.merge(a, b), c)))


@promise("merge-associative", "merge is associative", cases)
def _(subject: Subject, case: Case) -> None:
    validator = case.validator(subject)
    a, b, c = _states(subject, case)
    _expect_as_whole(subject, case, validator.conclude(validator.merge(a, validator.merge(b, c))))


@promise("merge-order", "the findings do not depend on the order of merging", cases, share=0.15)
def _(subject: Subject, case: Case) -> None:
    validator = case.validator(subject)
    a, b, c = _states(subject, case)
    _expect_as_whole(subject, case, validator.conclude(validator.merge(validator.merge(c, a), b)))


@promise("merge-with-nothing", "to merge with the state of having seen nothing adds nothing", cases)
def _(subject: Subject, case: Case) -> None:
    validator = case.validator(subject)
    state = validator.observe(validator.start(), case.chunk(subject))
    _expect_as_whole(subject, case, validator.conclude(validator.merge(validator.start(), state)))
    state = validator.observe(validator.start(), case.chunk(subject))
    _expect_as_whole(subject, case, validator.conclude(validator.merge(state, validator.start())))


@promise("states-pickle", "states, and the validator, can be pickled", cases)
def _(subject: Subject, case: Case) -> None:
    validator = pickle.loads(pickle.dumps(case.validator(subject)))  # noqa: S301 - our own bytes
    state = validator.observe(validator.start(), case.chunk(subject))
    _expect_as_whole(subject, case, validator.conclude(copied(state)))


@promise("deterministic", "the same rows give the same findings", cases, flag="deterministic")
def _(subject: Subject, case: Case) -> None:
    first = told(concluded(case.validator(subject), copied(case.chunk(subject))))
    again = told(concluded(case.validator(subject), copied(case.chunk(subject))))
    expect(again == first, f"as at first: {first}", again)


@promise("nothing-seen", "where nothing was seen, nothing is found", cases, flag="silent")
def _(subject: Subject, case: Case) -> None:
    found = concluded(case.validator(subject))
    expect(not found, "no findings", told(found))
    found = concluded(case.validator(subject), case.chunk(subject).iloc[:0])
    expect(not found, "no findings of a chunk without rows", told(found))


@promise("one-rule", "its findings are of one rule, and no graver than it says", cases)
def _(subject: Subject, case: Case) -> None:
    findings = concluded(case.validator(subject), case.chunk(subject))
    rules = {finding.rule for finding in findings}
    expect(len(rules) < 2, "the id that the validator is registered under", rules)
    for finding in findings:
        gravest = subject.stage.severity
        expect(
            _GRAVITY.index(finding.severity) <= _GRAVITY.index(gravest),
            f"severity to name the gravest, {finding.severity}",
            gravest,
        )
        expect(
            finding.fix is None or subject.stage.fixes,
            "fixes to be True, as a finding carries one",
            subject.stage.fixes,
        )


@promise("places-in-order", "findings name rows that are there, in ascending order", cases)
def _(subject: Subject, case: Case) -> None:
    for finding in concluded(case.validator(subject), case.chunk(subject)):
        lines = finding.lines
        expect(lines == tuple(sorted(set(lines))), "ascending lines, each once", lines)
        expect(set(lines) <= set(case.rows.index), f"lines among {list(case.rows.index)}", lines)
        unit = case.rows.index.name
        expect(not lines or finding.unit == unit, f"unit {unit!r}", finding.unit)
