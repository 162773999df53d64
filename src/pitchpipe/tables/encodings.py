"""Finding out how a text file is encoded, and what to try where that is not clear."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

from pitchpipe.tables.windows1252 import Plausibility, first_doubt, is_windows_1252

BOMS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WINDOWS_1252 = "cp1252"

_CANDIDATES = (
    "cp1252",
    "iso-8859-15",
    "mac_roman",
    "cp850",
    "cp1250",
    "iso-8859-2",
    "cp1251",
    "koi8-r",
    "cp866",
    "cp1253",
    "cp1254",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "euc_kr",
)
_MAX_SHOWN = 4
_PREVIEW = 24
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\w\s'\u2019.,;:!?/(){}\[\]\"&@#*+=<>|\\-](?=[^\W\d_])")
_WIDE_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "IDEOGRAPHIC")


def with_bom(sample: bytes) -> str | None:
    """The encoding that a byte order mark says, None where there is none."""
    return next((encoding for mark, encoding in BOMS if sample.startswith(mark)), None)


def detect(sample: bytes) -> str:
    """UTF-8, or what a byte order mark says, or UTF-16 where nearly every other byte is zero."""
    if marked := with_bom(sample):
        return marked
    pairs = len(sample) // 2
    zeros = [sample[side : 2 * pairs : 2].count(0) for side in (0, 1)]
    if zeros[1] > 0.4 * pairs and zeros[0] < 0.1 * pairs:
        return "utf-16-le"
    if zeros[0] > 0.4 * pairs and zeros[1] < 0.1 * pairs:
        return "utf-16-be"
    return "utf-8"


def guess(sample: bytes, whole: bool) -> str:
    """As ``detect``, and Windows-1252 where bytes that are no UTF-8 speak for it.

    Args:
        sample: the beginning of the text.
        whole: whether it is all of it.
    """
    encoding = detect(sample)
    if encoding != "utf-8" or sample.startswith(codecs.BOM_UTF8):
        return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=whole)
    except UnicodeDecodeError:
        return WINDOWS_1252 if is_windows_1252(sample, whole) else encoding
    return encoding


def telling_place(sample: bytes) -> int | None:
    """Where bytes that are no UTF-8 show that they are no Windows-1252; None where they do not."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return first_doubt(sample)
    return None


def contradicts(sample: bytes, encoding: str) -> str | None:
    """The encoding that a byte order mark says, where it is another than a given one."""
    marked = with_bom(sample)
    if marked is None:
        return None
    try:
        read = sample[:4].decode(encoding, "ignore")
    except (LookupError, ValueError):
        return None
    name = codecs.lookup(encoding).name
    same = name.removesuffix("-sig") == marked or marked.startswith(f"{name}-")
    return None if same or read.startswith("\ufeff") else marked


def first_high(data: bytes) -> str:
    """The text around the first byte beyond ASCII, as Windows-1252 has it."""
    at = next((at for at, byte in enumerate(data) if byte > 127), 0)
    return _around(data, WINDOWS_1252, at) or ""


def suggestions(data: bytes, at: int) -> str:
    """Advice that names encodings to pass, with what each makes of some bytes.

    Args:
        data: a line, or a part of one, that is no UTF-8.
        at: the place in it that tells encodings apart.
    """
    shown = readings(data, at)
    return f"pass --encoding NAME{f': {shown}' if shown else ', such as --encoding cp1252'}"


def readings(data: bytes, at: int) -> str:
    """What encodings make of some bytes; nothing where none makes sense of them.

    Args:
        data: a line, or a part of one, that is no UTF-8.
        at: the place in it that tells encodings apart.
    """
    found = _candidates(data, at)
    return ", ".join(f"{name} would read {_around(data, name, at)!r}" for name in found)


def _candidates(data: bytes, at: int) -> Sequence[str]:
    """The encodings that make sense of some bytes, the likeliest first, with unlike readings."""
    ranked = []
    for position, name in enumerate(_CANDIDATES):
        text = _decoded(data, name)
        if text is not None and _around(data, name, at):
            doubted = name == WINDOWS_1252 and Plausibility().doubt(text, final=True) is not None
            ranked.append((_strangeness(text) + 0.25 * doubted, position, name))
    found: dict[str, str] = {}
    for _, _, name in sorted(ranked):
        found.setdefault(_around(data, name, at) or "", name)
    return list(found.values())[:_MAX_SHOWN]


def _decoded(data: bytes, encoding: str) -> str | None:
    """The text; None where it has bytes without a meaning. A character that is cut may end it."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)
    except (UnicodeDecodeError, LookupError):
        return None
    return None if any(unicodedata.category(c) in ("Co", "Cn", "Cs") for c in text) else text


def _around(data: bytes, encoding: str, at: int) -> str | None:
    """Some characters around a place; None where nothing there is beyond ASCII."""
    text = _decoded(data, encoding) or ""
    if text.isascii():
        return None
    start = len(data[:at].decode(encoding, "ignore"))
    part = text[max(0, start - _PREVIEW // 2) : start + _PREVIEW]
    return " ".join("".join(c if c.isprintable() else " " for c in part).split())


def _strangeness(text: str) -> float:
    """How unlike written language the characters beyond ASCII are, from 0 on."""
    high = [c for c in text if not c.isascii()]
    strange = float(len(_SIGN_IN_WORD.findall(text)))
    strange += sum(unicodedata.category(c) == "Cc" for c in high)
    strange += 0.5 * sum(unicodedata.category(c) in ("So", "Sm", "Sk", "Sc") for c in high)
    scripts = [unicodedata.name(c, "?").split(" ")[0].split("-")[0] for c in text]
    for before, after, one, other in zip(text, text[1:], scripts, scripts[1:], strict=False):
        if before.isascii() and after.isascii():
            continue
        letters = before.isalpha() and after.isalpha()
        if letters and before.islower() and after.isupper():
            strange += 1
        wide = one in _WIDE_SCRIPTS or other in _WIDE_SCRIPTS
        if letters and one != other and not (one in _WIDE_SCRIPTS and other in _WIDE_SCRIPTS):
            strange += 1 if wide else 2
        if letters and not (before.isascii() or after.isascii()) and one == other == "LATIN":
            strange += 0.5
        if letters and not wide and after.isupper() and not before.isascii() and before.islower():
            strange += 1
    # a character of several bytes explains more bytes at once
    return strange / max(len(high), 1) + (0.02 if high and max(high) < "\u0250" else 0)
