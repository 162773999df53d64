"""What a validator promises of its fixes, and of its sieve."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from hypothesis import reject

from pitchpipe.stages import Validator
from pitchpipe.testing.conformance.chunks import parts, same
from pitchpipe.testing.conformance.promises import Promises, copied, expect
from pitchpipe.testing.conformance.sources import seen
from pitchpipe.testing.conformance.subject import Subject
from pitchpipe.testing.conformance.validators import Case, cases, concluded

promise = Promises(Validator, share=0.06, refusals=True)

Apply = Callable[[pd.DataFrame], pd.DataFrame]


def _fixes(subject: Subject) -> bool:
    return bool(subject.stage.fixes)


def _repeats(subject: Subject) -> bool:
    return _fixes(subject) and bool(subject.capabilities.repeatable_fix)


def _sieves(subject: Subject) -> bool:
    return type(subject.stage).sieve is not Validator.sieve


def _found(subject: Subject, case: Case) -> list[Apply]:
    findings = concluded(case.validator(subject), case.chunk(subject))
    return [finding.fix.apply for finding in findings if finding.fix]


@promise("fix-leaves-input", "a fix does not change the chunk given", cases, needs=_fixes)
def _(subject: Subject, case: Case) -> None:
    for fix in _found(subject, case):
        rows = copied(case.rows)
        fix(rows)
        expect(same(rows, case.rows), "the chunk as it was", rows)


@promise(
    "fix-keeps-index",
    "a fix keeps the index of the rows it keeps, and their order",
    cases,
    needs=_fixes,
)
def _(subject: Subject, case: Case) -> None:
    for fix in _found(subject, case):
        fixed = fix(copied(case.rows))
        kept = case.rows.index[case.rows.index.isin(fixed.index)]
        expect(list(fixed.index) == list(kept), f"rows of {list(case.rows.index)}, in order", fixed)
        name = case.rows.index.name
        expect(fixed.index.name == name, f"an index named {name!r}", fixed)


@promise("fix-final", "after its fix a rule finds nothing more to fix", cases, needs=_fixes)
def _(subject: Subject, case: Case) -> None:
    fixes = _found(subject, case)
    if not fixes:
        reject()  # so that rows in which there never is anything to fix are told
    fixed = copied(case.rows)
    for fix in fixes:
        fixed = fix(fixed)
    again = concluded(case.validator(subject), seen(subject.stage.scope, fixed))
    left = [finding.message for finding in again if finding.fix]
    expect(not left, f"nothing to fix in the fixed rows\n{fixed.to_string()}\n", left)


@promise(
    "fix-repeatable",
    "a fix that is applied twice does what it does when applied once",
    cases,
    needs=_repeats,
)
def _(subject: Subject, case: Case) -> None:
    for fix in _found(subject, case):
        once = fix(copied(case.rows))
        twice = fix(copied(once))
        expect(same(twice, once), f"as after once\n{once.to_string()}\n", twice)


@promise(
    "fix-chunking",
    "what a fix does does not depend on how the rows are chunked",
    cases,
    needs=_fixes,
)
def _(subject: Subject, case: Case) -> None:
    for fix in _found(subject, case):
        whole = fix(copied(case.rows))
        pieces = [fix(copied(chunk)) for chunk in parts(case.rows, case.cuts) if len(chunk)]
        joined = pd.concat(pieces).astype(whole.dtypes) if pieces else whole
        expect(same(joined, whole), f"as in one chunk\n{whole.to_string()}\n", joined)


@promise("fix-pickles", "a fix can be pickled", cases, needs=_fixes)
def _(subject: Subject, case: Case) -> None:
    for fix in _found(subject, case):
        here, there = fix(copied(case.rows)), copied(fix)(copied(case.rows))
        expect(same(there, here), f"as before\n{here.to_string()}\n", there)


@promise(
    "sieve-agrees",
    "the rows that sieve leaves out are those that its fix drops",
    cases,
    needs=_sieves,
)
def _(subject: Subject, case: Case) -> None:
    fixes = _found(subject, case)
    if not fixes:
        return
    chunk = case.chunk(subject)
    left_out = set(chunk.index) - set(case.validator(subject).sieve(chunk).index)
    dropped = {
        row for fix in fixes for row in set(case.rows.index) - set(fix(copied(case.rows)).index)
    }
    expect(left_out == dropped, f"rows {sorted(dropped)}", sorted(left_out))
