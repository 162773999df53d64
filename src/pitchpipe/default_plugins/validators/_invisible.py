"""Characters that nobody sees: which of them a text needs, told by the letters beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_JOINERS = "\u200c\u200d"
_BREAKS = "\u200b\u2060"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069"
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_MONGOLIAN_VARIANTS = "\u180b-\u180f"
_TAGS = "\U000e0000-\U000e007f"
_NEVER = "\u00ad\u202d\u202e\u2061-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"

INVISIBLE = "".join(
    (CONTROLS, _JOINERS, _BREAKS, _DIRECTIONS, _VARIANTS, _MONGOLIAN_VARIANTS, _TAGS, _NEVER)
)
"""All of them, as a class of a regular expression has them."""

_JOINING = (  # Hebrew to Myanmar, the scripts of Asia that follow, Arabic's forms, those of old
    "\u0590-\u109f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1c4f\u1cd0-\u1cff\ua800-\ua8ff\ua980-\uaaff"
    "\uabc0-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f"
)
_UNSPACED = (  # Thai, Lao, Tibetan, Myanmar, Khmer, Tai, Balinese, Javanese, Cham, kana and Han
    "\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\u2fdf\u3001-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua980-\uaadf\uf900-\ufaff\uff66-\uff9d"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_MONGOLIAN = "\u1800-\u18af\U00011660-\U0001167f"
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_RIGHT_TO_LEFT = (
    "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)

_RUN = re.compile(f"[{INVISIBLE}]+")
_TAG = re.compile(f"[{_TAGS}]+")
_JOINER, _BREAK, _DIRECTION, _VARIANT, _MONGOLIAN_VARIANT = (
    re.compile(f"[{some}]")
    for some in (_JOINERS, _BREAKS, _DIRECTIONS, _VARIANTS, _MONGOLIAN_VARIANTS)
)
_IS_JOINING, _IS_UNSPACED, _IS_MONGOLIAN, _IS_EMOJI, _IS_RIGHT_TO_LEFT = (
    re.compile(f"[{some}]") for some in (_JOINING, _UNSPACED, _MONGOLIAN, _EMOJI, _RIGHT_TO_LEFT)
)
_HAS_VARIANTS = re.compile(r"[0-9#*]|[^\x00-\x7f\s]")
_FLAG = "\U0001f3f4"


def stray(text: str) -> Iterator[int]:
    """Where a text has invisible characters that it does not need, in order.

    What is kept depends on the visible characters next to a run of invisible ones alone, so that a
    text without the others keeps the same ones again.
    """
    right_to_left: bool | None = None
    for run in _RUN.finditer(text):
        start, end = run.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        tags = _TAG.match(text, start)
        first = tags.end() if tags and before == _FLAG else start
        for at in range(first, end):
            if _DIRECTION.match(text, at):
                if right_to_left is None:
                    right_to_left = _IS_RIGHT_TO_LEFT.search(text) is not None
                needed = right_to_left
            else:
                needed = _is_needed(text[at], before, after, at == start)
            if not needed:
                yield at


def without_stray(text: str) -> str:
    """The text without them."""
    pieces, done = [], 0
    for at in stray(text):
        pieces.append(text[done:at])
        done = at + 1
    return "".join([*pieces, text[done:]]) if done else text


def _is_needed(sign: str, before: str, after: str, is_first: bool) -> bool:
    if _JOINER.match(sign):
        if _IS_EMOJI.match(before) and _IS_EMOJI.match(after):
            return True
        return _either(_IS_JOINING, before, after)
    if _BREAK.match(sign):
        return _either(_IS_UNSPACED, before, after)
    if _VARIANT.match(sign):
        return is_first and _HAS_VARIANTS.match(before) is not None
    if _MONGOLIAN_VARIANT.match(sign):
        return _either(_IS_MONGOLIAN, before, after)
    return False


def _either(script: re.Pattern[str], before: str, after: str) -> bool:
    return script.match(before) is not None or script.match(after) is not None
