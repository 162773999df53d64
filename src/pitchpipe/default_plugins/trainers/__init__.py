"""The trainers that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Trainer


@hookimpl
def register_trainers(register: Register[type[Trainer]]) -> None:
    """Offers them."""
