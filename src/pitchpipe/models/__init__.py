"""What is known of base models, with the day it was read: see ``models.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pitchpipe.records import Format, Method

Fact = TypeVar("Fact")

_SNAPSHOT = re.compile(r"-(?:\d{4}-\d\d-\d\d|\d{4})$")


@dataclass(frozen=True)
class ModelFacts:
    """What is known of one base model; None where nothing is.

    Attributes:
        encoding: of its tokens.
        max_tokens: of one training example.
        shut_down: the day from which the vendor answers for it no more.
        price: US dollars per million trained tokens.
        format: of the records that it is trained on.
        methods: by which it is trained; empty where nothing is known.
        max_output: tokens of one answer.
    """

    encoding: str | None = None
    max_tokens: int | None = None
    shut_down: date | None = None
    price: float | None = None
    format: Format | None = None
    methods: tuple[Method, ...] = ()
    max_output: int | None = None


@dataclass(frozen=True)
class ModelTable:
    """All that is known.

    Attributes:
        models: by name.
        closes: the day from which nobody can start a job at the hosted service.
        read: the day the dates and limits were read.
        dates_source: where the dates were read.
        prices_source: where the prices were read, and when.
    """

    models: Mapping[str, ModelFacts]
    closes: date
    read: date
    dates_source: str
    prices_source: str

    def facts(self, model: str) -> ModelFacts:
        """What is known of a model, of a tuned model's base, or of another snapshot of it."""
        return of_family(model, self.models) or ModelFacts()

    def entry(self, model: str) -> str | None:
        """The name under which that is known."""
        return of_family(model, {name: name for name in self.models})

    @property
    def prices(self) -> dict[str, float]:
        """The known prices by model, in US dollars per million trained tokens."""
        known = {name: facts.price for name, facts in self.models.items()}
        return {name: price for name, price in known.items() if price is not None}


def of_family(model: str, table: Mapping[str, Fact]) -> Fact | None:
    """The entry of a model, of a tuned model's base, or of another snapshot of it."""
    name = base_of(model)
    if name in table:
        return table[name]
    stem = _SNAPSHOT.sub("", name)
    return next((fact for key, fact in table.items() if _SNAPSHOT.sub("", key) == stem), None)


def base_of(model: str) -> str:
    """The base of a tuned model (``ft:BASE:...``; until 2023 ``BASE:ft-...``), or its own name."""
    if model.startswith("ft:"):
        return model.split(":")[1] or model
    return model.split(":ft-")[0]


@cache
def model_table() -> ModelTable:
    """The table that comes with Pitchpipe."""
    text = files("pitchpipe.models").joinpath("models.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return ModelTable(
        {
            name: ModelFacts(**{**facts, "methods": tuple(facts["methods"])})
            for name, facts in table["models"].items()
        },
        table["closes"],
        table["read"],
        table["dates_source"],
        f"{table['prices_source']}, read {table['prices_read']}",
    )
