"""What an engine promises."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.errors import DataError
from pitchpipe.stages import Engine
from pitchpipe.testing.conformance.promises import Clause, Promises, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Engine, share=0.08)

_MANY, _FEW = 4000, 1000


def _items(subject: Subject) -> SearchStrategy[list[int]]:
    del subject
    return st.lists(st.integers(0, 99), max_size=20)


def _none(subject: Subject) -> SearchStrategy[list[int]]:
    del subject
    return st.just([])


def _many(subject: Subject) -> SearchStrategy[int]:
    del subject
    return st.just(_MANY)


def unevenly_squared(number: int) -> int:
    """The square, which takes longer for some numbers than for those after them."""
    sum(range(10_000 * (number % 3)))
    return number * number


def refused(number: int) -> int:
    """The number; every third is refused.

    Raises:
        DataError: it can be divided by three.
    """
    if number % 3 == 0:
        raise DataError(f"number {number}: refused.")
    return number


@promise("order-kept", "results come in the order of the items", _items)
def _(subject: Subject, items: list[int]) -> None:
    results = list(subject.stage.map(unevenly_squared, items))
    wanted = [item * item for item in items]
    expect(results == wanted, f"the squares in order, {wanted}", results)


@promise("no-items", "no items give no results", _none)
def _(subject: Subject, items: list[int]) -> None:
    results = list(subject.stage.map(unevenly_squared, items))
    expect(not results, "no results", results)


@promise("errors-raised", "what the function raises is raised", _items)
def _(subject: Subject, items: list[int]) -> None:
    wrong = next((item for item in items if item % 3 == 0), None)
    if wrong is None:
        expect(list(subject.stage.map(refused, items)) == items, f"{items}", "others")
        return
    wanted = f"number {wrong}: refused."
    try:
        results = list(subject.stage.map(refused, items))
    except DataError as error:
        expect(str(error) == wanted, f"DataError: {wanted}", Clause(f"DataError: {error}"))
    else:
        expect(False, f"DataError: {wanted}", results)


@promise("lazy", "only a few results wait at a time", _many, flag="lazy")
def _(subject: Subject, many: int) -> None:
    read = 0

    def items() -> Iterator[int]:
        nonlocal read
        for item in range(many):
            read += 1
            yield item

    results = iter(subject.stage.map(abs, items()))
    for taken in (1, 2):
        next(results)
        expect(
            read <= _FEW,
            f"at most {_FEW} of {many} items to be read for {taken} results",
            Clause(f"{read} read"),
        )
    close = getattr(results, "close", None)
    if close is not None:
        close()
