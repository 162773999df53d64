"""Whether text holds characters that nobody sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import orjson
import pandas as pd

from pitchpipe.default_plugins.validators._fields import cells
from pitchpipe.default_plugins.validators._rewriting import Rewriting, around
from pitchpipe.default_plugins.validators._text import END, text_of
from pitchpipe.records import FixLevel
from pitchpipe.redaction import hide_keys
from pitchpipe.stages import Scope

_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
)
_TAGS = "\U000e0000-\U000e007f"
_FLAG = "\U0001f3f4"
_ANY = re.compile(f"[{_INVISIBLE}{_TAGS}]")
_ODD = re.compile(f"[{_INVISIBLE}]|(?<![{_FLAG}{_TAGS}])[{_TAGS}]+")
_BREAK = re.compile(r"(?<=\S)[\x0b\x0c\x1c-\x1f\x85]+(?=\S)")
_MISREAD = {
    code: bytes([code]).decode("cp1252")
    for code in (0x80, *range(0x82, 0x85), *range(0x86, 0x8D), 0x8E, *range(0x91, 0x9D), 0x9E, 0x9F)
}
"""What codes of Latin-1 are where Windows-1252 was read as such; 0x85 is a line end as well."""

_PLAIN = bytes([*range(32, 127), *b"\t\n\r", *END.encode()])


@dataclass(frozen=True)
class ControlCharacters(Rewriting):
    """Finds control characters and other invisible ones, which are trained on all the same.

    They are the control codes of ASCII and Latin-1 but for tab and line ends, and the characters of
    Unicode that have no width, turn the direction of writing, or hide letters as tags. Joiners,
    which some scripts and emoji need, and the tags of flags are left alone. Where one of the codes
    that break a line or a page parts two words, a space takes its place, and where a code is a
    character of Windows-1252, such as a curly quote, that was misread as Latin-1, that character.

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
        found = _ODD.search(text)
        if found is None:
            return None
        before, rest = hide_keys(text[: found.start()]), hide_keys(text[found.start() :])
        return around(before + rest, len(before), len(before) + 1)

    @staticmethod
    def without(text: str) -> str:
        """The text without them."""
        return _ODD.sub("", _BREAK.sub(" ", text.translate(_MISREAD)))


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
