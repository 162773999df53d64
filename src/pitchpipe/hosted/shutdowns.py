"""When a tuned model stops answering: by the service's own word, or by the table of dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pitchpipe.hosted.objects import time_of
from pitchpipe.models import base_of, model_table


@dataclass(frozen=True)
class ShutDown:
    """The first day on which a model does not answer.

    Attributes:
        day: the day.
        source: "service", which named it; or "table", the vendor's dates that come with Pitchpipe.
        of: the model that it was named for, which may be the base.
    """

    day: date
    source: Literal["service", "table"]
    of: str

    def to_json(self) -> dict[str, str]:
        """The day as JSON."""
        return {"day": self.day.isoformat(), "source": self.source, "of": self.of}


def stated(model: Mapping[str, Any]) -> date | None:
    """The day that the description of a model names; None where it names none that can be read.

    ``shutdown_date`` is OpenAI's field, ``deprecation.inference`` Azure's.
    """
    day = model.get("shutdown_date")
    if isinstance(day, str):
        try:
            return date.fromisoformat(day.strip()[:10])
        except ValueError:
            return None
    deprecation = model.get("deprecation")
    if isinstance(deprecation, dict):
        moment = time_of(deprecation.get("inference"))
        return moment.date() if moment else None
    return None


def shut_down(
    name: str, base: str | None, listed: Mapping[str, date], *, by_table: bool
) -> ShutDown | None:
    """The first day without a model: its own day, else its base's, else that of the table.

    Args:
        name: the tuned model.
        base: its base model, where that is known.
        listed: the days that the service names, by model.
        by_table: whether the table of the vendor's dates holds for the service.
    """
    of_base = base or base_of(name)
    for model in (name, of_base):
        if model in listed:
            return ShutDown(listed[model], "service", model)
    table = model_table()
    day = table.facts(of_base).shut_down if by_table else None
    return ShutDown(day, "table", table.entry(of_base) or of_base) if day else None
