"""The formatters that come with Pitchpipe."""

from __future__ import annotations

from pitchpipe.default_plugins.formatters.chat import ChatFormatter
from pitchpipe.default_plugins.formatters.completion import CompletionFormatter
from pitchpipe.default_plugins.formatters.preference import PreferenceFormatter
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Formatter


@hookimpl
def register_formatters(register: Register[type[Formatter]]) -> None:
    """Offers them."""
    register("completion", CompletionFormatter)
    register("chat", ChatFormatter)
    register("preference", PreferenceFormatter)
