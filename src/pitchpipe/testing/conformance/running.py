"""Puts a promise to the test on many examples, and tells the smallest that breaks it."""

from __future__ import annotations

import pandas as pd
from hypothesis import HealthCheck, Verbosity, given, reject, settings
from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable

from pitchpipe.errors import PitchpipeError
from pitchpipe.testing.conformance.promises import Broken, Clause, ConformanceError, Promise, copied
from pitchpipe.testing.conformance.showing import show
from pitchpipe.testing.conformance.subject import Subject

_MOST_TRIES = 400
"""How many smaller examples are tried once a promise is found broken."""

_SLOWNESS = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def run(promise: Promise, subject: Subject) -> None:
    """Checks one promise of one subject.

    Raises:
        ConformanceError: it is broken.
    """
    __tracebackhide__ = True
    with subject.placed() as placed:
        _run(promise, placed)


def _run(promise: Promise, subject: Subject) -> None:
    __tracebackhide__ = True
    told: dict[str, ConformanceError] = {}  # by the example
    tries = 0
    smallest: object = None

    @_settings(promise)
    @given(promise.examples(subject))
    def holds(example: object) -> None:
        nonlocal tries, smallest
        tries += bool(told)
        if tries > _MOST_TRIES and show(example) not in told:
            return  # small enough: what else there is counts as kept
        broken = _broken(promise, subject, example)
        if broken is not None:
            shown, smallest = show(example), example
            told[shown] = ConformanceError(promise.message(subject, shown, broken))
            raise told[shown] from broken.__cause__

    try:
        holds()
    except ConformanceError as error:
        fewer = _fewer_rows(promise, subject, smallest)
        raise ConformanceError(fewer or str(error)) from error.__cause__
    except Flaky:
        again = "It is not so each time: the same example is treated in different ways."
        raise ConformanceError(f"{min(map(str, told.values()), key=len)}\n{again}") from None
    except Unsatisfiable:
        raise ConformanceError(
            f"{subject.label}: no example for the check {promise.name!r} could be made; it refuses "
            "each, or none has what the check looks at. Give the kit rows that do, as "
            "Subject(stage, rows=...)."
        ) from None


def _broken(promise: Promise, subject: Subject, example: object) -> Broken | None:
    try:
        promise.holds(subject, copied(example))
    except Broken as broken:
        return broken
    except HypothesisException:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a stage raises is told
        if promise.refusals and isinstance(error, PitchpipeError):
            reject()
        raised = Broken("no error", Clause(f"{type(error).__name__}: {error}"))
        raised.__cause__ = error
        return raised
    return None


def _fewer_rows(promise: Promise, subject: Subject, example: object) -> str:
    """The message with every row of a chunk left out that the failure does not need."""
    message = ""
    if isinstance(example, pd.DataFrame):
        chunk = example
        for row in chunk.index:
            rest = chunk.drop(index=row)
            try:
                broken = _broken(promise, subject, rest) if len(rest) else None
            except HypothesisException:  # it is no example any more
                continue
            if broken is not None:
                chunk, message = rest, promise.message(subject, show(rest), broken)
    return message


def _settings(promise: Promise) -> settings:
    """The user's profile, with as many examples as the promise's share of it."""
    profile = settings()
    return settings(
        profile,
        max_examples=max(1, round(profile.max_examples * promise.share)),
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=[*profile.suppress_health_check, *_SLOWNESS],
    )
