"""Pitchpipe: fine-tune language models through a pipeline of plugins, offline if need be."""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

TYPE_CHECKING = False  # as type checkers know it, without the cost of importing typing

if TYPE_CHECKING:
    from pitchpipe.config import Config as Config
    from pitchpipe.errors import PitchpipeError as PitchpipeError
    from pitchpipe.hookspecs import hookimpl as hookimpl
    from pitchpipe.pipeline import Pipeline as Pipeline
    from pitchpipe.plugins import PluginHost as PluginHost
    from pitchpipe.run import Run as Run

_HOMES = {
    "Config": "config",
    "Pipeline": "pipeline",
    "PitchpipeError": "errors",
    "PluginHost": "plugins",
    "Run": "run",
    "hookimpl": "hookspecs",
}

__all__ = ["Config", "Pipeline", "PitchpipeError", "PluginHost", "Run", "__version__", "hookimpl"]


def __getattr__(name: str) -> object:
    # imported on first use: the command line's help must not wait for pandas
    if name in _HOMES:
        return getattr(import_module(f"pitchpipe.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
