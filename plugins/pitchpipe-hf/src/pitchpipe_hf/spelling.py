"""From tokens to text, one at a time, as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BEFORE = 4  # tokens that decide whether the next begins with a space, and the like
_UNFINISHED = "\ufffd"


class Speller:
    """Gives each token of a text its characters; together they are the whole text.

    A character that is spread over several tokens comes with the last of them.

    Args:
        tokenizer: of Transformers.
        before: what stands before the text.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._ids = list(before[-_BEFORE:])
        self._from, self._read = 0, len(self._ids)

    def add(self, token: int) -> str:
        """The characters that this token completes."""
        self._ids.append(token)
        text = self._decode(self._ids[self._from :])
        if text.endswith(_UNFINISHED):
            return ""
        known = self._decode(self._ids[self._from : self._read])
        self._from, self._read = self._read, len(self._ids)
        return text[len(known) :]

    def piece(self, token: int) -> str:
        """The characters that this token would complete, were it next; special ones by name."""
        if token in self._tokenizer.all_special_ids:
            return str(self._tokenizer.convert_ids_to_tokens(token))
        known = self._decode(self._ids[self._from :])
        return self._decode([*self._ids[self._from :], token])[len(known) :]

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text
