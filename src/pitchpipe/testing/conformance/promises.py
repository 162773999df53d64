"""One promise of a contract, and how it is put to the test."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis.strategies import SearchStrategy

from pitchpipe.testing.conformance.showing import indented, show
from pitchpipe.testing.conformance.subject import Subject

T = TypeVar("T")


class ConformanceError(AssertionError):
    """A stage breaks a promise of its contract.

    The message names the stage, the promise and the check, and shows the smallest example found.
    """


class Broken(Exception):  # noqa: N818 - a promise is broken
    """What was expected of the example at hand, and what was found.

    Args:
        expected: a clause ("the chunk as it was").
        found: what there was instead, shown as examples are.
    """

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found if isinstance(found, Clause) else Clause(show(found))


class Clause(str):
    """Words to be used as they are."""

    __slots__ = ()


Holds = Callable[[Subject, Any], None]
Examples = Callable[[Subject], SearchStrategy[Any]]


@dataclass(frozen=True)
class Promise:
    """A promise that a contract makes.

    Attributes:
        name: of the check, its words joined by hyphens.
        words: the promise, as a clause without a full stop.
        kind: the contract.
        examples: what to try it on.
        holds: raises ``Broken`` for an example that breaks it.
        needs: whether a subject makes this promise, by what it says of itself.
        flag: the capability that ``needs`` looks at, "" where every stage makes it.
        share: of the examples that the user's Hypothesis profile asks for.
        refusals: whether the stage may refuse an example with a PitchpipeError.
    """

    name: str
    words: str
    kind: type
    examples: Examples
    holds: Holds
    needs: Callable[[Subject], bool]
    flag: str
    share: float
    refusals: bool

    def message(self, subject: Subject, example: object, broken: Broken) -> str:
        """What the user is told."""
        found = f"\n{indented(broken.found)}" if "\n" in broken.found else f" {broken.found}"
        return (
            f"{subject.label} breaks a promise of {self.kind.__name__}: {self.words} "
            f"(check {self.name!r}).\n"
            f"Smallest example:\n{indented(show(example))}\n"
            f"Expected {broken.expected}; found{found}"
        )


class Promises:
    """The promises of one kind, each added by a decorator of the function that tests it.

    Args:
        kind: the contract.
        share: of the examples of a profile, for promises that say nothing else.
        refusals: whether stages of this kind may refuse an example with a PitchpipeError.
    """

    def __init__(self, kind: type, share: float, refusals: bool = False) -> None:
        self.kind = kind
        self.all: list[Promise] = []
        self._share = share
        self._refusals = refusals

    def __call__(
        self,
        name: str,
        words: str,
        examples: Examples,
        flag: str = "",
        needs: Callable[[Subject], bool] | None = None,
        share: float | None = None,
    ) -> Callable[[Holds], Holds]:
        """Adds a promise; see there for the arguments."""

        def has_flag(subject: Subject) -> bool:
            return not flag or bool(getattr(subject.capabilities, flag))

        def add(holds: Holds) -> Holds:
            self.all.append(
                Promise(
                    name=name,
                    words=words,
                    kind=self.kind,
                    examples=examples,
                    holds=holds,
                    needs=needs or has_flag,
                    flag=flag,
                    share=self._share if share is None else share,
                    refusals=self._refusals,
                )
            )
            return holds

        return add


def expect(condition: object, expected: str, found: object) -> None:
    """Raises ``Broken`` unless the condition holds."""
    if not condition:
        raise Broken(expected, found)


def copied(value: T) -> T:
    """A copy that shares nothing with the original, lists in a table's cells included."""
    copy: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    return copy
