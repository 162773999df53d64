"""Near-duplicates among training examples: a validator for Pitchpipe."""

from __future__ import annotations

from typing import Any

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Validator
from pitchpipe_dedup.near_duplicates import NearDuplicates

__all__ = ["NearDuplicates"]


@hookimpl
def register_validators(register: Register[type[Validator[Any]]]) -> None:
    """Offers it."""
    register("near-duplicates", NearDuplicates)
