"""The plugins that come with Pitchpipe: ordinary ones, named in one tuple."""

from __future__ import annotations

from types import ModuleType

from pitchpipe.default_plugins import (
    engines,
    formatters,
    learners,
    predictors,
    splitters,
    trainers,
    validators,
)
from pitchpipe.default_plugins.observers import journal, log

DEFAULT_PLUGINS: tuple[ModuleType, ...] = (
    formatters,
    validators,
    splitters,
    trainers,
    predictors,
    learners,
    engines,
    journal,
    log,
)
