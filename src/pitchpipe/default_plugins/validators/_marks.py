"""Marks at the ends of texts: the separators of prompts and the endings of completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pitchpipe.default_plugins.validators._affixes import Append, Common, joined
from pitchpipe.default_plugins.validators._places import shortened
from pitchpipe.records import COMPLETION, PROMPT, Finding, Fix, FixLevel, Severity

_RULES = {PROMPT: "prompt-separator", COMPLETION: "completion-ending"}
_MARKS = {PROMPT: "separator", COMPLETION: "ending"}


@dataclass(frozen=True)
class Ends:
    """What is known of the ends of a column's texts.

    Attributes:
        common: what they have in common.
        used: the candidates that any of them holds, and a line end if any holds one.
        inside: those that all of them end with, and any of them holds elsewhere as well.
    """

    common: Common = field(default_factory=Common)
    used: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    @classmethod
    def of(cls, chunk: pd.DataFrame, column: str, candidates: Sequence[str]) -> Ends:
        """Those of the texts in a chunk's column."""
        common, text = Common.of(chunk, column), joined(chunk, column)
        used = {mark for mark in {*candidates, "\n"} if _holds(text, mark)}
        inside = {
            mark
            for mark in used
            if common.suffix.endswith(mark) and _exceeds(text, mark, common.rows)
        }
        return cls(common, frozenset(used), frozenset(inside))

    def __add__(self, other: Ends) -> Ends:
        return Ends(self.common + other.common, self.used | other.used, self.inside | other.inside)


def check_candidates(candidates: Sequence[str]) -> None:
    """Holds candidates to what can stand at the end of a text.

    Raises:
        ValueError: there are none, or one is empty.
    """
    if not candidates or not all(candidates):
        raise ValueError(f"candidates must be one text or more; found {list(candidates)!r}.")


def all_the_same(column: str, common: Common) -> Finding:
    """An error: all texts of a column are one."""
    return Finding(
        _RULES[column],
        Severity.ERROR,
        f"all {column}s are the same",
        count=common.rows,
        unit=common.unit,
        expected=f"different {column}s",
        before=shortened(common.prefix),
    )


def mark_inside(column: str, mark: str, common: Common) -> Finding:
    """A warning: the mark that ends all texts of a column is inside some as well."""
    return Finding(
        _RULES[column],
        Severity.WARNING,
        f"the {_MARKS[column]} {mark!r} is inside some of the {column}s as well",
        count=common.rows,
        unit=common.unit,
        expected=f"it at the end of every {column} and nowhere else",
    )


def no_mark(
    column: str, common: Common, chosen: str, candidates: Sequence[str], level: FixLevel
) -> Finding:
    """A warning: the texts of a column end in no mark.

    Args:
        column: the column.
        common: what they have in common.
        chosen: the mark to put there, or "" where all candidates are in use.
        candidates: those marks.
        level: whether the fix is applied without being named.
    """
    mark = _MARKS[column]
    accident = f"; {shortened(common.suffix)} is none" if common.suffix else ""
    text = common.first[1]
    unlike = "" if chosen else f", unlike {', '.join(map(repr, candidates))}; name another"
    return Finding(
        _RULES[column],
        Severity.WARNING,
        f"the {column}s do not end in a common {mark}{accident}",
        count=common.rows,
        unit=common.unit,
        expected=f"every {column} to end in a text that no {column} has inside{unlike}",
        before=_end_of(text),
        after=_end_of(text + chosen) if chosen else "",
        fix=Fix(f"put {chosen!r} behind every {column}", Append(column, chosen), level, True)
        if chosen
        else None,
    )


def _end_of(text: str, length: int = 40) -> str:
    """The end of a text, as a representation."""
    return repr(text if len(text) <= length else "..." + text[-length:])


def _holds(text: str, mark: str) -> bool:
    # a letter that is nowhere is found out much sooner than a word that is nowhere
    return all(letter in text for letter in set(mark)) and mark in text


def _exceeds(text: str, mark: str, times: int) -> bool:
    """Whether a mark is in a text more often than so many times."""
    # letters are counted sooner than words
    enough = all(text.count(letter) > times * mark.count(letter) for letter in set(mark))
    return enough and text.count(mark) > times
