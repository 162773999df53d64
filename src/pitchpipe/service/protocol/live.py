"""Answers that are still being made, cut to what was asked for as they come."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

from pitchpipe.service.protocol.answers import NO_LIMIT, cut
from pitchpipe.stages import Token


class LiveAnswer:
    """One choice, token by token: what ``trim`` gives of the whole.

    A token is held back as long as it may be the beginning of a stop.

    Args:
        tokens: what the learner says, as it says it.
        stops: strings that end an answer's text and are not part of it; calls have none.
        most: the most tokens, None for any number.

    Attributes:
        said: how many tokens it had so far.
        finish_reason: "stop" or "length"; None before its last token.
    """

    def __init__(self, tokens: Generator[Token], stops: Sequence[str], most: int | None) -> None:
        self._tokens = tokens
        self._stops = stops
        self._most = NO_LIMIT if most is None else most
        self.said = 0
        self.finish_reason: str | None = None

    @property
    def tokens(self) -> Iterator[Token]:
        """The tokens; they can be taken once."""
        with closing(self._tokens):  # whoever takes no more of them ends what makes them
            yield from self._cut()

    def _cut(self) -> Iterator[Token]:
        held: list[Token] = []
        finish = "stop"
        for token in self._tokens:
            if self.said + len(held) >= self._most:
                finish = "length"
                break
            if token.part == "calls":
                self.said += len(held) + 1
                yield from (*held, token)
                held = []
                continue
            held.append(token)
            text = "".join(each.text for each in held)
            ends = [end for stop in self._stops if (end := text.find(stop)) >= 0]
            if ends:
                held = cut(held, min(ends), self._stops)
                break
            waiting = _begun(text, self._stops)
            while held and len(text) - len(held[0].text) >= waiting:
                text = text[len(held[0].text) :]
                self.said += 1
                yield held.pop(0)
        self.said += len(held)
        yield from held
        self.finish_reason = finish


def _begun(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end of a text may be the beginning of a stop."""
    return max(
        (
            n
            for stop in stops
            for n in range(1, min(len(stop), len(text) + 1))
            if text.endswith(stop[:n])
        ),
        default=0,
    )
