"""Whether text holds characters that nobody sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import orjson
import pandas as pd

from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._invisible import INVISIBLE, stray, without_stray
from pitchpipe.default_plugins.validators._places import WIDTH
from pitchpipe.default_plugins.validators._rewriting import Rewriting
from pitchpipe.default_plugins.validators._text import END, text_of
from pitchpipe.records import FixLevel
from pitchpipe.redaction import hide_keys
from pitchpipe.stages import Scope

_ANY = re.compile(f"[{INVISIBLE}]")
_BREAK = re.compile(r"(?<=\S)[\x0b\x0c\x1c-\x1f]+(?=\S)")
_MISREAD = {
    code: bytes([code]).decode("cp1252")
    for code in (0x80, *range(0x82, 0x8D), 0x8E, *range(0x91, 0x9D), 0x9E, 0x9F)
}
"""What codes of Latin-1 are where Windows-1252 was read as such; 0x85 is its ellipsis."""

_MARGIN = 15
_PLAIN = bytes([*range(32, 127), *b"\t\n\r", *END.encode()])


@dataclass(frozen=True)
class ControlCharacters(Rewriting):
    """Finds control characters and other invisible ones, which are trained on all the same.

    They are the control codes of ASCII and Latin-1 but for tab and line feed and carriage return,
    and the characters of Unicode that have no width, turn the direction of writing, or hide letters
    as tags or variants. Those that the letters beside them need are left alone: joiners between
    emoji and in the scripts of the Middle East and of India, break opportunities in scripts that
    put no spaces between words, marks of direction in texts written from right to left, variants of
    letters and emoji, the tags of flags. Where one of the codes that break a line or a page parts
    two words, a space takes its place, and where a code is a character of Windows-1252, such as a
    curly quote or an ellipsis, that was misread as Latin-1, that character.

    Attributes:
        level: whether they are taken out on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    rule: ClassVar[str] = "control-characters"
    what: ClassVar[str] = "characters that nobody sees"
    expected: ClassVar[str] = "text that reads as it looks"
    remedy: ClassVar[str] = "take them out, or write what they stand for, in"

    level: FixLevel = "recommended"

    @staticmethod
    def suspects(chunk: pd.DataFrame, column: str) -> bool:
        """Whether there is one."""
        odd = text_of(chunk).encoded(column).translate(None, _PLAIN)
        if odd and _ANY.search(odd.decode("utf-8", "surrogatepass")):
            return True
        return _holds_end(chunk, column)

    @staticmethod
    def excerpt(text: str) -> str | None:
        """The first of them, with its surroundings."""
        at = next(stray(text), None)
        if at is None:
            return None
        before, rest = hide_keys(text[:at]), hide_keys(text[at:])
        return _around(before + rest, len(before))

    @staticmethod
    def without(text: str) -> str:
        """The text without them."""
        return without_stray(_BREAK.sub(" ", text.translate(_MISREAD)))


def _around(text: str, at: int) -> str:
    """A place in a text with what findings show of it, which begins and ends with what is seen."""
    for by in range(_MARGIN, 0, -1):
        start, end = max(0, at - by), min(len(text), at + 1 + by)
        while 0 < start < at and _ANY.match(text[start]):
            start += 1
        while at + 1 < end < len(text) and _ANY.match(text[end - 1]):
            end -= 1
        if len(repr(text[start:end])) <= WIDTH:
            return text[start:end]
    return text[at : at + 1]


def _holds_end(chunk: pd.DataFrame, column: str) -> bool:
    """Whether text holds the character that joins the texts of a column."""
    if text_of(chunk).joined(column).count(END) < len(chunk):
        return False
    values = cells(chunk, column)
    if set(map(type, values)) <= {str, type(None)}:
        return True
    try:
        return rb"\u0000" in orjson.dumps(values)
    except TypeError:  # not what JSON can hold; who looks at each cell will know
        return True
