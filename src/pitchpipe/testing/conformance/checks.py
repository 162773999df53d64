"""The checks of a stage, and the decorator that makes a test of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from pitchpipe.errors import UnknownNameError
from pitchpipe.testing.conformance.catalogue import PROMISES
from pitchpipe.testing.conformance.promises import ConformanceError, Promise
from pitchpipe.testing.conformance.running import run
from pitchpipe.testing.conformance.subject import Subject


@dataclass(frozen=True)
class Check:
    """One promise that a subject makes; called with the stage, it puts it to the test.

    Attributes:
        promise: of the contract.
        subject: the stage, and what helps to check it.
    """

    promise: Promise
    subject: Subject

    @property
    def name(self) -> str:
        """Of the check, its words joined by hyphens."""
        return self.promise.name

    def __repr__(self) -> str:
        return f"<check {self.name!r}>"

    def __call__(self, stage: object) -> None:
        """Checks the promise.

        Args:
            stage: the subject's, or another of its kind.

        Raises:
            ConformanceError: it is broken; the message shows the smallest example found.
        """
        __tracebackhide__ = True
        run(self.promise, self.subject.with_stage(stage))


def checks_for(stage: object) -> Sequence[Check]:
    """The checks of all that a stage promises, given what it says of itself.

    Args:
        stage: a stage, a learner's class, or a ``Subject``.

    Raises:
        UsageError: it is none of these.
    """
    subject = Subject.of(stage)
    return [Check(p, subject) for p in PROMISES[subject.kind] if p.needs(subject)]


def parametrize_with_checks(
    stages: Iterable[object], *, expected_failures: Mapping[str, str] | None = None
) -> pytest.MarkDecorator:
    """Makes of a test with the arguments ``stage`` and ``check`` one test a promise.

    The test's body is ``check(stage)``.

    Args:
        stages: stages, learners' classes, or Subjects where the kit needs help.
        expected_failures: names of checks that fail, and why, for all stages that have them; each
            is a strict xfail. Those of a single stage are its ``Subject``'s.

    Raises:
        UsageError: an element is no stage, or no stage has a check that is expected to fail.
    """
    common = dict(expected_failures or {})
    subjects = [Subject.of(stage) for stage in stages]
    _check_names(common, subjects)
    for subject in subjects:
        _check_names(subject.expected_failures, [subject])
    return pytest.mark.parametrize(
        ("stage", "check"),
        [param for subject in subjects for param in _params(subject, common)],
    )


def _params(subject: Subject, common: Mapping[str, str]) -> Iterator[object]:
    reasons = {**common, **subject.expected_failures}
    for check in checks_for(subject):
        reason = reasons.get(check.name)
        marks = (
            [pytest.mark.xfail(reason=reason, raises=ConformanceError, strict=True)]
            if reason is not None
            else []
        )
        yield pytest.param(subject.stage, check, id=f"{subject.label}-{check.name}", marks=marks)


def _check_names(expected: Mapping[str, str], subjects: Sequence[Subject]) -> None:
    known = {check.name for subject in subjects for check in checks_for(subject)}
    for name in expected:
        if name not in known:
            raise UnknownNameError("check", name, known, "Only checks that run can fail.")
