"""JSON with habits of other notations: what has one reading is read, the rest is named."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_COMMENTS = re.compile(
    rf"{_STRING}|//[^\r\n]*|/\*.*?\*/|^[ \t]*#[^\r\n]*", re.DOTALL | re.MULTILINE
)
_COMMAS = re.compile(rf"{_STRING}|,(?=\s*[\]}}])", re.DOTALL)
_BLANKS = re.compile(r"[ \t\r\n]*")
_TYPOGRAPHIC = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a]")
_QUOTE_LIKE = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a"
_PYTHON = re.compile(r"[\[{(,:]\s*(?:'|\"\"\"|True\b|False\b|None\b|b'|\()|^\s*[\[{]\s*'")
_MAX_LITERAL = 200_000

COMMENT_MARKS = ("//", "#")
"""What a comment in a line of its own begins with; no JSON value does."""

LOOKS_LIKE_JSON = re.compile(
    rf"\s*(?:[\[{{]\s*)?\{{\s*[\"'{_QUOTE_LIKE}][^\"'{_QUOTE_LIKE}\r\n]{{0,100}}[\"'{_QUOTE_LIKE}]\s*:"
)
"""How a line begins that is meant as a JSON object, be it damaged."""


@dataclass(frozen=True)
class LineHabits:
    """What is left out of lines of JSON.

    Attributes:
        commas: whether lines may end with a comma.
        comments: whether lines may be comments.
        conversations: whether lines may be lists of messages.
    """

    commas: bool = False
    comments: bool = False
    conversations: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say, in sentences."""
        said = (
            (self.commas, "Lines end with a comma, which JSON lines have not; it is left out."),
            (self.comments, "Lines that begin with // or # are comments, and left out."),
            (
                self.conversations,
                "Lines that are lists of messages are read as conversations (messages).",
            ),
        )
        return tuple(text for found, text in said if found)


def decode_leniently(
    text: str, decode: Callable[[str, int], tuple[object, int]]
) -> tuple[object, tuple[str, ...]] | None:
    """The value of a text that is not JSON, where it has one reading all the same.

    Comments and commas before a closing bracket are left out; objects one after the other, with or
    without commas between them, are a list.

    Args:
        text: the text.
        decode: gives the value that begins at a place, and where it ends.

    Returns:
        The value, and what was done, in sentences; None where there is no such reading.

    Raises:
        ValueError: a value cannot be read, such as a number that is too long.
        RecursionError: it is nested too deeply.
    """
    notes = []
    plain = _COMMENTS.sub(_blanked, text)
    if plain != text:
        notes.append("Comments, which JSON has not, are left out.")
    bare = _COMMAS.sub(_blanked, plain)
    if bare != plain:
        notes.append("Commas before a closing bracket, which JSON has not, are left out.")
    try:
        values = _values(bare, decode)
    except json.JSONDecodeError:
        return None
    if not values:
        return None
    if len(values) == 1:
        return values[0], tuple(notes)
    notes.append("Objects stand one after the other, in no array; each is read as a row.")
    return values, tuple(notes)


def diagnose(text: str) -> str | None:
    """What a text is that was meant as JSON, with what to do; None where nothing is known.

    Args:
        text: a line, or all of a file.
    """
    if len(text) <= _MAX_LITERAL and _PYTHON.search(text):
        try:
            with warnings.catch_warnings():  # such as those about escapes
                warnings.simplefilter("ignore")
                ast.literal_eval(text.strip().rstrip(","))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            pass
        else:
            return "this is Python's repr, not JSON: write it with json.dumps"
    found = _TYPOGRAPHIC.search(text)
    if found and _is_json(_TYPOGRAPHIC.sub('"', text).strip().rstrip(",")):
        return f'the quote {found.group()} is typographic: replace such quotes by "'
    if found and re.search(rf"[{{,\[]\s*[{_QUOTE_LIKE}]", text):
        return f'the quote {found.group()} is typographic: replace such quotes by "'
    if re.match(r"\s*[\[{]\s*(?:\{\s*)?'", text):
        return "names and texts stand in single quotes: JSON has double quotes"
    return None


def _values(text: str, decode: Callable[[str, int], tuple[object, int]]) -> list[object]:
    values: list[object] = []
    at = _skipped(text, 0)
    while at < len(text):
        value, at = decode(text, at)
        if values and not (isinstance(value, dict) and isinstance(values[0], dict)):
            raise json.JSONDecodeError("Extra data", text, at)
        values.append(value)
        at = _skipped(text, at)
        if at < len(text) and text[at] == ",":
            at = _skipped(text, at + 1)
    return values


def _skipped(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _blanked(found: re.Match[str]) -> str:
    part = found.group()
    return part if part[0] == '"' else re.sub(r"[^\r\n]", " ", part)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
