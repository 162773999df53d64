"""Puts a promise to the test on many examples, and tells the smallest that breaks it."""

from __future__ import annotations

from hypothesis import HealthCheck, Verbosity, given, reject, settings
from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable

from pitchpipe.errors import PitchpipeError
from pitchpipe.testing.conformance.promises import Broken, Clause, ConformanceError, Promise, copied
from pitchpipe.testing.conformance.subject import Subject

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
    told: list[ConformanceError] = []

    @_settings(promise)
    @given(promise.examples(subject))
    def holds(example: object) -> None:
        broken = _broken(promise, subject, example)
        if broken is not None:
            told.append(ConformanceError(promise.message(subject, example, broken)))
            raise told[-1] from broken.__cause__

    try:
        holds()
    except ConformanceError as error:
        raise ConformanceError(str(error)) from error.__cause__
    except Flaky:
        again = "It is not so each time: the same example is treated in different ways."
        raise ConformanceError(f"{told[-1]}\n{again}") from None
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
