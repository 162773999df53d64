"""The formatters that come with Pitchpipe, to be given to a pipeline as objects, or extended."""

from __future__ import annotations

from pitchpipe.default_plugins.formatters.chat import ChatFormatter
from pitchpipe.default_plugins.formatters.completion import CompletionFormatter
from pitchpipe.default_plugins.formatters.preference import PreferenceFormatter

__all__ = ["ChatFormatter", "CompletionFormatter", "PreferenceFormatter"]
