"""Telling Windows-1252 from other code pages, by what its letters and signs stand next to.

Nearly any bytes decode as Windows-1252. What was written in another code page then shows capitals
inside words, signs between letters, rows of accented letters, or letters together that no language
has together. The letters of languages are those that their alphabets and common loans have.
"""

# ruff: noqa: RUF001 - the signs that look like others are what this is about

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = "cp1252"
_SMALL = "ß-öø-þœšž"
_CAPITAL = "À-ÖØ-ÞŒŠŽ"
_LOW = f"a-z{_SMALL}"
_LETTER = f"A-Za-z{_SMALL}{_CAPITAL}Ÿÿƒªºµ"
_LONE = f"(?<![{_LETTER}])"

_DOUBTS = re.compile(
    "|".join(
        [
            rf"(?<=[{_LOW}])[{_CAPITAL}]",
            r"[¤¦¨¯¸ˆ˜ƒŸÿ\x80-\x9f]",
            rf"(?<=[{_LETTER}])[„‚¿¡†‡‰§¶¢¥¬±¼½¾÷×¹]",
            rf"[†‡‰§¶¢¥¬±¼½¾÷×¹](?=[{_LETTER}])",
            rf"(?<=[{_LETTER}])[“”«»‹›•®™©](?=[{_LETTER}])",
            rf"(?<=[{_LETTER}])(?<!{_LONE}[kKmMT])[€£]|[€£](?=[{_LETTER}])",
            rf"(?<=[{_LETTER}])(?<!{_LONE}[nNM])[ªº]|[ªº](?=[{_LETTER}])",
            rf"(?<=[{_LETTER}])(?<!{_LONE}[nN])°|°(?=[{_LOW}])",
            rf"(?<=[{_LETTER}])(?<!{_LONE}[kcdm]m)(?<!{_LONE}[mhaxbcyr])(?<!{_LONE}ft)[²³]"
            rf"|[²³](?=[{_LETTER}])",
            rf"(?<=[{_LETTER}])µ|µ(?=[{_LETTER}])(?![gmslFVAWHJKNC])",
            r"[œŒ](?![uidstcUIDSTC]|no|NO)",
            r"À(?=[a-z])",
            # signs that stand in rows only where two bytes were one character
            r"[¢£¥§©ª¬®°±²³µ¶¹º¼½¾×÷€†‡‰™](?=[À-öø-þ¢£¥§©ª¬®±²³µ¶¹º¼½¾×÷€†‡‰™])(?!(?<=(.))\1)",
        ]
    )
)
_DASH = re.compile(rf"(?<=[{_LOW}])[–—](?=[{_LOW}])")
_ENGLISH = re.compile(
    r"\b(?:the|and|of|to|is|was|that|with|for|it|this|not|but|are|you|my|in|he|she|they|we|as)\b",
    re.IGNORECASE,
)
_ROW = re.compile(rf"[{_SMALL}{_CAPITAL}]{{2,}}")
_VOWELS = "àáâãäåæèéêëìíîïòóôõöøùúûüýœ"
_PAIR = re.compile(
    rf"(.)\1|[çñðþ][{_VOWELS}]|[{_VOWELS}][ßðçñþ]|ß[äöü]|ü[éíèê]|äö|öä|åä|åö|öå|äå|øå|åø|øy"
)
_ALPHABETS = tuple(
    map(
        frozenset,
        (
            "éèêëïöçñáíóúàâîôûüäåøæ",  # English, and names in it
            "äöüßéèêàôçñáóíâîëåæø",  # German
            "àâæçéèêëîïôœùûüñöäáíó",  # French
            "áéíóúüñçàèòï",  # Spanish, Catalan
            "áâãàçéêíóôõúüèñ",  # Portuguese
            "àèéìíîòóùú",  # Italian
            "éëïóöüèêáíúäçîôû",  # Dutch
            "åäöæøéèüàêáóôñ",  # Danish, Norwegian, Swedish
            "åäöšžéü",  # Finnish
            "õäöüšžé",  # Estonian
            "áðéíóúýþæö",  # Icelandic
        ),
    )
)
_ICELANDIC = frozenset("ýþð"), frozenset("áæíóú")
_FINNISH = frozenset("šž"), frozenset("äöõ")
_WIDE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_EVIDENCE = re.compile(
    rf"(?<=[a-z])[ß-öø-þ]|[ß-öø-þ](?=[a-z])|(?<=[A-Z])[{_CAPITAL}]|[{_CAPITAL}](?=[A-Z])"
    rf"|[{_CAPITAL}](?=[a-z]{{2}})"
    r"|(?<=[A-Za-z])’(?:s|t|re|ve|ll|d|m)\b"
    r"|(?<![^\s,;(\"])[“„«](?=\w)[^“”„«»\r\n]{1,200}[”“»](?!\w)"
    r"|(?<= )[–—](?= )|(?<=\d)[\xa0 ]?€|(?<=\d)°"
)


@dataclass
class Plausibility:
    """Reads a text in order, and finds the first place that Windows-1252 does not explain."""

    _letters: set[str] = field(default_factory=set)
    _rest: str = ""
    _at: int = 0

    def doubt(self, text: str, final: bool = False) -> int | None:
        """Where the text is not plausible, as the number of characters before it; else None.

        Args:
            text: what comes next.
            final: whether nothing comes after it.
        """
        text = self._rest + text
        end = len(text) if final else max(text.rfind("\n"), text.rfind("\r")) + 1
        whole, self._rest = text[:end], text[end:]
        start, self._at = self._at, self._at + end
        if whole.isascii():
            return None
        for line in re.finditer(r"[^\r\n]+", whole):
            found = self._of_line(line.group())
            if found is not None:
                return start + line.start() + found
        for rare, company in (_ICELANDIC, _FINNISH):
            if self._letters & rare and not self._letters & company:
                return start + next(at for at, c in enumerate(whole) if c.lower() in rare)
        return None

    def _of_line(self, line: str) -> int | None:
        if line.isascii():
            return None
        found = [m.start() for m in (_DOUBTS.search(line), _strange_row(line)) if m]
        dash = _DASH.search(line)
        if dash and not _ENGLISH.search(line):
            found.append(dash.start())
        if found:
            return min(found)
        letters = {c for c in line.lower() if c in _EVERY}
        self._letters |= letters
        if not any(letters <= alphabet for alphabet in _ALPHABETS):
            return next(at for at, c in enumerate(line) if not c.isascii())
        return None


_EVERY = frozenset().union(*_ALPHABETS)


def is_windows_1252(sample: bytes, whole: bool) -> bool:
    """Whether bytes that are no UTF-8 are surely Windows-1252.

    There must be words or punctuation that speak for it, nothing that speaks against it, and no
    sign that it is damaged UTF-8.

    Args:
        sample: the beginning of the text.
        whole: whether it is all of it.
    """
    if _SURROGATE.search(sample):
        return False
    wide = sum(len(found.group()) for found in _WIDE.finditer(sample))
    if 2 * wide >= len(_HIGH.findall(sample)):
        return False
    try:
        text = sample.decode(_NAME)
    except UnicodeDecodeError:
        return False
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    return _EVIDENCE.search(text) is not None and Plausibility().doubt(text, final=True) is None


def first_doubt(sample: bytes) -> int | None:
    """The first byte that shows that a text is no Windows-1252; None where there is none."""
    try:
        return Plausibility().doubt(sample.decode(_NAME), final=True)
    except UnicodeDecodeError as error:
        return error.start


def _strange_row(line: str) -> re.Match[str] | None:
    """The first accented letters side by side that no word has."""
    for row in _ROW.finditer(line):
        letters = row.group().lower()
        alike = len(set(letters)) == 1
        if not alike and (
            len(letters) > 3
            or not all(_PAIR.fullmatch(letters, at, at + 2) for at in range(len(letters) - 1))
        ):
            return row
    return None
