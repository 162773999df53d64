"""The validators that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Validator


@hookimpl
def register_validators(register: Register[type[Validator[object]]]) -> None:
    """Offers them."""
