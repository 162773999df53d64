from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pitchpipe.service.learners.tokens import tokenize

TEXTS = st.text(st.characters(codec=None), max_size=60)


@given(TEXTS)
@example("\ud800 a\r\n\t b  ?! c")
@example("x\x1c \x85\u2028y")
def test_nothing_is_lost_and_no_token_is_empty(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(tokens) == text
    assert all(tokens)


def test_a_word_takes_the_space_before_it() -> None:
    assert tokenize(" pos") == [" pos"]
    assert tokenize("well, yes  no") == ["well", ",", " yes", " ", " no"]
    assert tokenize("a\n\nb ...") == ["a", "\n", "\n", "b", " ..."]
