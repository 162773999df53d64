"""What every stage promises, whatever its kind."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.testing.conformance.promises import Promise, Promises, expect
from pitchpipe.testing.conformance.subject import Subject


def _once(subject: Subject) -> SearchStrategy[type]:
    return st.just(type(subject.stage))


def for_kind(kind: type) -> list[Promise]:
    """The promises that stages of this kind share with all others."""
    promise = Promises(kind, share=0)

    @promise("frozen-dataclass", "a stage is a frozen dataclass, and so keeps no state", _once)
    def _(subject: Subject, cls: type) -> None:
        del subject
        expect(dataclasses.is_dataclass(cls), "a dataclass; its fields are its options", cls)
        frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
        expect(frozen, "@dataclass(frozen=True)", cls)

    return promise.all
