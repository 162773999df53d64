"""What Pitchpipe finds by the entry point."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Formatter
from pitchpipe_formats.formatters import (
    AlpacaFormatter,
    HFPreferenceFormatter,
    ShareGPTFormatter,
)


@hookimpl
def register_formatters(register: Register[type[Formatter]]) -> None:
    """Offers them."""
    register("alpaca", AlpacaFormatter)
    register("sharegpt", ShareGPTFormatter)
    register("hf-preference", HFPreferenceFormatter)
