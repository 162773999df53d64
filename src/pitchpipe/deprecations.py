"""What is deprecated, until when, and how those who still use it are told.

The one table of deprecations. Loading plugins and reading configurations warn by it; the commands
``pitchpipe plugins check`` and ``doctor`` and the strict mode of ``PluginHost`` tell by it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["hook", "argument", "member", "key"]


class PitchpipeDeprecationWarning(DeprecationWarning):
    """Something is used that a later version of Pitchpipe will not have.

    Args:
        message: who uses what, and what to do instead.
        since: the version that deprecated it.
        removed_in: the first version without it.

    Attributes:
        since: as given.
        removed_in: as given.
    """

    def __init__(self, message: str, since: str, removed_in: str) -> None:
        super().__init__(message)
        self.since = since
        self.removed_in = removed_in


@dataclass(frozen=True)
class Deprecation:
    """One thing that will be removed.

    Attributes:
        kind: a hook, an argument of one, a member of a stage's contract, or a configuration key.
        name: a hook's name; for the others a dotted path: ``hook.argument``, ``Contract.member``
            (``Validator.sieve``), ``section.key``.
        since: the version that deprecated it.
        removed_in: the first version without it.
        instead: what to do, as a sentence.
    """

    kind: Kind
    name: str
    since: str
    removed_in: str
    instead: str

    def describe(self, user: str) -> str:
        """A sentence for whoever uses it.

        Args:
            user: who that is, such as a plugin with its distribution.
        """
        what = "configuration key" if self.kind == "key" else self.kind
        return (
            f"{user} uses the {what} {self.name!r}, deprecated since {self.since} and removed in "
            f"{self.removed_in}. {self.instead}"
        )

    def warn(self, user: str) -> None:
        """Tells whoever uses it, by a ``PitchpipeDeprecationWarning``."""
        warning = PitchpipeDeprecationWarning(self.describe(user), self.since, self.removed_in)
        warnings.warn(warning, stacklevel=3)


DEPRECATIONS: tuple[Deprecation, ...] = ()
"""All of them. How an entry comes here, and how it goes, is described under "Evolution"."""


def in_hooks(hooks: Mapping[str, tuple[str, ...]]) -> Iterator[Deprecation]:
    """What a plugin uses of it, given the arguments of each hook that it implements."""
    for deprecation in DEPRECATIONS:
        hook, _, argument = deprecation.name.partition(".")
        wanted = {"hook": hook in hooks, "argument": argument in hooks.get(hook, ())}
        if wanted.get(deprecation.kind, False):
            yield deprecation


def in_stage(stage: type) -> Iterator[Deprecation]:
    """What a stage class defines of it, itself or in a base that is not the contract."""
    for deprecation in DEPRECATIONS:
        contract, _, member = deprecation.name.partition(".")
        owner = next((base.__name__ for base in stage.__mro__ if member in vars(base)), contract)
        contracts = {base.__name__ for base in stage.__mro__}
        if deprecation.kind == "member" and contract in contracts and owner != contract:
            yield deprecation


def in_configuration(tables: Mapping[str, Any]) -> Iterator[Deprecation]:
    """What a configuration sets of it."""
    for deprecation in DEPRECATIONS:
        section, _, key = deprecation.name.partition(".")
        if deprecation.kind == "key" and key in (tables.get(section) or {}):
            yield deprecation
