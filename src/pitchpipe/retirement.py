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
        source: who says so.
    """

    what: str
    day: date
    over: bool
    source: str

    def __str__(self) -> str:
        tense = "since" if self.over else "from"
        return f"{self.what} {tense} {self.day} ({self.source})"


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
    published, given = f"{table.dates_source}, read {table.read}", "the dates given"
    own = {name: date.fromisoformat(day) for name, day in (dates or {}).items()}
    base = base_of(model)
    of_base = of_family(base, own)
    name = base if of_base else table.entry(base)
    known = [
        (f"model {name} is not answered for", of_base, table.facts(base).shut_down),
        ("the hosted service takes no fine-tuning jobs", own.get("service"), table.closes),
    ]
    found = []
    for what, mine, listed in known:
        day = mine or listed
        if day is not None and today >= day - timedelta(days=days):
            found.append(Ending(what, day, today >= day, given if mine else published))
    return found
