"""A typed table of stage classes that knows who provided each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.options import build

StageT = TypeVar("StageT")

ELSEWHERE = {
    ("formatter", "alpaca"): "pitchpipe-formats",
    ("formatter", "hf-preference"): "pitchpipe-formats",
    ("formatter", "sharegpt"): "pitchpipe-formats",
    ("validator", "near-duplicates"): "pitchpipe-dedup",
}
"""Stages that distributions of ours offer, for whoever asks for one that is not installed."""


@dataclass(frozen=True)
class Provider:
    """Where a plugin comes from.

    Attributes:
        distribution: the installed distribution, or the module of a plugin given as an object.
        version: its version, "" when it has none.
        plugin: the plugin's own name.
    """

    distribution: str
    version: str
    plugin: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def names(self) -> tuple[str, str]:
        """What it can be blocked and allowed by: the distribution and the plugin."""
        return self.distribution, self.plugin

    def answers_to(self, name: str) -> bool:
        """Whether a name is the plugin's, or the distribution's in any spelling."""
        return name == self.plugin or same_distribution(name, self.distribution)


def same_distribution(one: str, other: str) -> bool:
    """Whether two names are spellings of one distribution's, as PEP 503 has it."""
    return canonical(one) == canonical(other)


def canonical(distribution: str) -> str:
    """The spelling that PEP 503 gives to a distribution's name."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True)
class Entry(Generic[StageT]):
    """One registered class.

    Attributes:
        name: the name it was offered under.
        stage: the class.
        provider: who offered it.
    """

    name: str
    stage: type[StageT]
    provider: Provider


class Registry(Generic[StageT]):
    """The stage classes of one kind, by name.

    Args:
        kind: the kind in the singular, for messages ("splitter").
        base: the contract that every class must fulfil.
    """

    def __init__(self, kind: str, base: type) -> None:
        self.kind = kind
        self._base = base
        self._entries: dict[str, list[Entry[StageT]]] = {}

    def check(self, name: object, stage: object, provider: Provider) -> None:
        """Whether a class can be taken in.

        Raises:
            PluginError: it is not a concrete class of this kind, or no user could write its name.
        """
        if not isinstance(name, str) or not name or ":" in name:
            raise PluginError(
                f"{provider} offers a {self.kind} as {name!r}; "
                "expected a name in lower case, words joined by hyphens."
            )
        if not (isinstance(stage, type) and issubclass(stage, self._base)):
            raise PluginError(
                f"{provider} offers {stage!r} as {self.kind} {name!r}; "
                f"expected a subclass of pitchpipe.stages.{self._base.__name__}."
            )
        missing = sorted(getattr(stage, "__abstractmethods__", ()))
        if missing:
            raise PluginError(
                f"{self.kind} {name!r} of {provider} ({stage.__qualname__}) lacks "
                f"{', '.join(missing)}."
            )

    def add(self, name: str, stage: type[StageT], provider: Provider) -> None:
        """Takes in a class, which must pass ``check``."""
        self.check(name, stage, provider)
        self._entries.setdefault(name, []).append(Entry(name, stage, provider))

    def __iter__(self) -> Iterator[Entry[StageT]]:
        for name in sorted(self._entries):
            yield from self._entries[name]

    def names(self) -> list[str]:
        """The registered names, sorted."""
        return sorted(self._entries)

    def named(self, name: str) -> list[Entry[StageT]]:
        """All entries of that name, one a distribution that offers it."""
        return list(self._entries.get(name, ()))

    def get(self, name: str, detail: str = "") -> Entry[StageT]:
        """The entry of that name.

        Args:
            name: a registered name, or ``distribution:name`` to pick among several.
            detail: a sentence to end the message with when nothing answers to it.

        Raises:
            UnknownNameError: nothing answers to it.
            PluginError: two distributions do.
        """
        distribution, _, short = name.rpartition(":")
        entries = self.named(short)
        if distribution:
            entries = [
                e for e in entries if same_distribution(distribution, e.provider.distribution)
            ]
        if not entries:
            missing = ELSEWHERE.get((self.kind, short))
            if missing and not detail:
                detail = f"Install it with: python -m pip install {missing}."
            raise UnknownNameError(self.kind, name, self._spellings(bool(distribution)), detail)
        if len(entries) > 1:
            choices = " or ".join(
                f"{e.provider.distribution}:{short}"
                if not distribution
                else f"{e.stage.__module__}.{e.stage.__qualname__}"
                for e in entries
            )
            raise PluginError(
                f"{self.kind} {short!r} is offered by "
                f"{' and by '.join(str(e.provider) for e in entries)}; "
                f"choose {choices}, or block one of the plugins."
            )
        return entries[0]

    def spelling(self, name: str) -> str:
        """The one spelling of a name, however the user wrote it; an unknown name stays as it is.

        It is the registered name alone, or ``distribution:name`` where several distributions offer
        that name.
        """
        distribution, _, short = name.rpartition(":")
        entries = self.named(short)
        for entry in entries:
            if distribution and same_distribution(distribution, entry.provider.distribution):
                return self.spelling_of(entry)
        return name

    def spelling_of(self, entry: Entry[StageT]) -> str:
        """The one spelling that picks an entry."""
        several = {e.provider.distribution for e in self.named(entry.name)} > {
            entry.provider.distribution
        }
        return f"{entry.provider.distribution}:{entry.name}" if several else entry.name

    def create(
        self, name: str, options: Mapping[str, Any] | None = None, path: str = "", detail: str = ""
    ) -> StageT:
        """A stage of that name.

        Args:
            name: as for ``get``.
            options: values for the fields of the class.
            path: where the options come from, for messages ("splitter").
            detail: as for ``get``.

        Raises:
            ConfigError: an option is unknown or its value has the wrong type.
        """
        entry = self.get(name, detail)
        return build(entry.stage, options or {}, path or self.kind)

    def _spellings(self, qualified: bool) -> list[str]:
        if not qualified:
            return self.names()
        return [f"{e.provider.distribution}:{e.name}" for e in self]


def option_names(stage: type) -> list[str]:
    """The options a stage class takes, in order."""
    if not dataclasses.is_dataclass(stage):
        return []
    return [f.name for f in dataclasses.fields(stage) if f.init]
