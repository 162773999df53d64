"""Made-up labelled text, the same on every machine."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

_LABELS = ("neg", "pos")
_WORDS_EACH = 20
_TELLING = 0.15  # how often a word is one that leans to the row's label


def rows(count: int, seed: int = 7) -> Iterator[tuple[str, str]]:
    """Texts of twenty words with their labels, in turns; no two texts are equal."""
    rng = random.Random(seed)
    for number in range(count):
        side = number % 2
        words = [
            f"lean{2 * rng.randrange(500) + side}"
            if rng.random() < _TELLING
            else f"word{rng.randrange(20_000)}"
            for _ in range(_WORDS_EACH)
        ]
        yield f"{' '.join(words)} no{number}", _LABELS[side]


def write_csv(path: Path, count: int, seed: int = 7) -> Path:
    """Writes them under the columns ``text`` and ``tag``."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "tag"))
        writer.writerows(rows(count, seed))
    return path


def records(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Completion records, as the article writes them."""
    return [{"prompt": f"{text}\n\n###\n\n", "completion": f" {tag}"} for text, tag in pairs]
