from __future__ import annotations

from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.learners.features import ALWAYS, Rows, boilerplate, features

NONE: frozenset[bytes] = frozenset()


def test_words_in_any_case_are_their_crc32() -> None:
    assert set(features("Good", NONE)) == {ALWAYS, crc32(b"good")}
    assert features("", NONE) == [ALWAYS]


def test_pairs_tell_order_and_word_borders_apart() -> None:
    variants = [features(text, NONE) for text in ("ab c", "a bc", "c ab", "ab c ab c")]
    assert len({tuple(variant) for variant in variants}) == 4


def test_ignored_words_leave_no_trace() -> None:
    assert features("x ### y", frozenset({b"###"})) == features("x y", NONE)


def test_boilerplate_is_what_every_text_has() -> None:
    assert boilerplate(f"Review: film{i} is it?" for i in range(10)) == {
        b"review",
        b":",
        b"is",
        b"it",
        b"?",
    }
    assert boilerplate(["same"] * 9) == NONE
    assert boilerplate([]) == NONE


@given(st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=8), st.data())
def test_rows_are_taken_in_any_order(rows: list[list[int]], data: st.DataObject) -> None:
    some = st.lists(st.integers(0, len(rows) - 1), max_size=9) if rows else st.just([])
    order = data.draw(some)
    taken = Rows.of(rows).take(np.array(order, np.int64))
    found = [part.tolist() for part in np.split(taken.columns, taken.starts[1:-1])]
    assert len(taken) == len(order)
    assert (found if order else []) == [rows[place] for place in order]
    assert taken.owners.tolist() == [i for i, place in enumerate(order) for _ in rows[place]]
