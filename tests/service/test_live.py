from __future__ import annotations

from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.protocol.answers import trim
from pitchpipe.service.protocol.live import LiveAnswer
from pitchpipe.stages import Token

texts = st.lists(st.text("ab#\n", min_size=1, max_size=4), max_size=8)


def tokens(words: list[str]) -> Generator[Token]:
    return (Token(word, -float(at), ((word, -float(at)),)) for at, word in enumerate(words))


@given(
    texts,
    st.sampled_from([[], ["\n"], ["##"], ["#", "\n"], ["ab#"]]),
    st.none() | st.integers(0, 9),
)
def test_it_is_cut_as_the_whole_would_be(words, stops, most) -> None:
    live = LiveAnswer(tokens(words), stops, most)
    whole = trim(list(tokens(words)), stops, most)
    assert live.finish_reason is None
    said = list(live.tokens)
    assert said == list(whole.tokens)
    assert live.finish_reason == whole.finish_reason
    assert live.said == len(said)


def test_nothing_is_held_back_without_need() -> None:
    taken: list[str] = []

    def speaking() -> Generator[Token]:
        for word in ("one", " #", "two", "##", "three"):
            taken.append(word)
            yield Token(word, 0.0)

    said = LiveAnswer(speaking(), ["##"], None).tokens
    assert next(said).text == "one"
    assert taken == ["one"]
    assert next(said).text == " #"  # the beginning of a stop, it turned out not to be one
    assert taken == ["one", " #", "two"]
    assert [token.text for token in said] == ["two"]
    assert "three" not in taken
