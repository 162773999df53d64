from __future__ import annotations

from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.affixes import (
    ENDINGS,
    SEPARATORS,
    common_prefix,
    common_suffix,
    ending_of,
    separator_of,
)

similar = st.lists(st.text("ab", max_size=4).map(lambda text: text + "b" * (len(text) % 3)))


@given(similar | st.lists(st.text()))
def test_what_texts_have_in_common_is_the_longest_there_is(texts) -> None:
    letters = zip(*texts, strict=False)
    alike = list(takewhile(lambda column: len(set(column)) == 1, letters))
    assert common_prefix(texts) == "".join(column[0] for column in alike)
    assert common_suffix([text[::-1] for text in texts]) == common_prefix(texts)[::-1]


def test_a_difference_beyond_the_first_few_counts() -> None:
    texts = ["abc"] * 20 + ["abd", "xbc"]
    assert common_prefix(texts[:-1]) == "ab"
    assert common_suffix(["abc"] * 20 + ["xbc"]) == "bc"
    assert common_prefix(texts) == common_suffix(texts) == ""


@pytest.mark.parametrize(
    ("tail", "separator"),
    [
        ("", ""),
        ("?", ""),
        (".0", ""),
        ("ing", ""),
        (" ", ""),
        ("-", ""),
        ("...", ""),
        (" is it good?", ""),
        ("e ->", " ->"),
        ("\n", "\n"),
        ("end.  \n", "  \n"),
        ("end.\nIs it good?", "\nIs it good?"),
        (".\n\n###\n\n", "\n\n###\n\n"),
        (" => ", " => "),
        ("→", "→"),
        (" <sep>", " <sep>"),
        ("[SEP]", "[SEP]"),
        ("[1]", ""),
        ("it. Sentiment:", " Sentiment:"),
        ("t:", ":"),
        ("-----x", ""),
    ],
)
def test_separators_are_told_from_accidents(tail, separator) -> None:
    assert separator_of(tail) == separator


@pytest.mark.parametrize(
    ("tail", "ending"),
    [
        ("", ""),
        ("}", ""),
        (".", ""),
        (" answer:", ""),
        ("LEGEND", ""),
        ("END", ""),
        ("x END", " END"),
        (" STOP", " STOP"),
        ("x [END]", " [END]"),
        ("x***", "***"),
        (".\n", "\n"),
    ],
)
def test_endings_are_told_from_accidents(tail, ending) -> None:
    assert ending_of(tail) == ending


@given(st.text("ab.? \n#", max_size=8))
def test_what_is_offered_is_no_accident(text) -> None:
    assert all(separator_of(text + mark).endswith(mark) for mark in SEPARATORS)
    assert all(ending_of(text + mark, ENDINGS).endswith(mark) for mark in ENDINGS)


@given(st.text("-#<>[]A: \n.", max_size=12))
def test_a_mark_is_the_end_of_its_tail(tail) -> None:
    assert tail.endswith(separator_of(tail))
    assert tail.endswith(ending_of(tail))


def test_a_long_tail_takes_no_time() -> None:
    assert separator_of("-" * 100_000 + "x" + " " * 100_000 + "x") == ""
