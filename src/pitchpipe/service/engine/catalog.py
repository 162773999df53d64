"""The base models that every service knows by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pitchpipe.models import model_table
from pitchpipe.records import Format, Method

_VENDOR = "openai"


@dataclass(frozen=True)
class Base:
    """A base model.

    Attributes:
        id: its full name.
        format: the records it is trained on: "completion" or "chat".
        created: Unix seconds.
        owner: the organization that clients are shown.
    """

    id: str
    format: Format
    created: int
    owner: str = _VENDOR

    @property
    def methods(self) -> tuple[Method, ...]:
        """The fine-tuning methods it takes; of a learner's own model those of its format."""
        usual: tuple[Method, ...] = ("supervised", "dpo")
        return (
            model_table().facts(self.id).methods or usual[: 1 if self.format == "completion" else 2]
        )

    @property
    def shutdown_date(self) -> date | None:
        """The day from which the vendor answers for it no more; None for a learner's own model."""
        return model_table().facts(self.id).shut_down if self.owner == _VENDOR else None


_CREATED = {
    "ada": 1649357491,
    "babbage": 1649358449,
    "curie": 1649359874,
    "davinci": 1649359874,
    "babbage-002": 1692634615,
    "davinci-002": 1692634301,
    "gpt-3.5-turbo-0125": 1706048358,
    "gpt-3.5-turbo-1106": 1698959748,
    "gpt-4o-2024-08-06": 1722814719,
    "gpt-4o-mini-2024-07-18": 1721172717,
    "gpt-4.1-2025-04-14": 1744315746,
    "gpt-4.1-mini-2025-04-14": 1744317547,
    "gpt-4.1-nano-2025-04-14": 1744321025,
    "o4-mini-2025-04-16": 1744133506,
}
_ALIASES = {
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "o4-mini": "o4-mini-2025-04-16",
}


def _base(name: str) -> Base:
    form = model_table().models[name].format
    assert form is not None, name  # noqa: S101  a model of the catalog without a format is a bug
    return Base(name, form, _CREATED[name])


BASES: dict[str, Base] = {
    **{name: _base(name) for name in _CREATED},
    **{alias: _base(name) for alias, name in _ALIASES.items()},
}
"""By every name they answer to: the full one and the one that moves from version to version."""
