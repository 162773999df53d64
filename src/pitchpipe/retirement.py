"""When base models retire, and the hosted service closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pitchpipe.models import base_of, model_table, of_family


@dataclass(frozen=True)
class Ending:
    """Something that ends.

    Attributes:
        what: in a few words.
        day: the first day without it.
        over: whether it has ended.
    """

    what: str
    day: date
    over: bool

    def __str__(self) -> str:
        tense = "since" if self.over else "from"
        table = model_table()
        return f"{self.what} {tense} {self.day} ({table.dates_source}, read {table.read})"


def endings(
    model: str, today: date, days: int, dates: Mapping[str, str] | None = None
) -> list[Ending]:
    """What has ended or ends soon for somebody who wants to tune a model at the hosted service.

    Args:
        model: a base model, or one that was tuned from it.
        today: the day it is.
        days: how long before its end a thing ends soon.
        dates: days (as in ``2027-01-06``) by model that count instead of the known ones; under
            ``service`` that on which the service closes.
    """
    table = model_table()
    own = {name: date.fromisoformat(day) for name, day in (dates or {}).items()}
    base = base_of(model)
    known = {
        f"model {base} is not answered for": of_family(base, own) or table.facts(base).shut_down,
        "the hosted service takes no fine-tuning jobs": own.get("service", table.closes),
    }
    return [
        Ending(what, day, today >= day)
        for what, day in known.items()
        if day is not None and today >= day - timedelta(days=days)
    ]
