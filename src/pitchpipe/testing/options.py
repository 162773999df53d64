"""How the service of a test is set up: by markers, by the ini file, and else as written here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from pitchpipe.errors import ConfigError, UnknownNameError
from pitchpipe.service.engine.clock import Clock, ManualClock
from pitchpipe.service.engine.pace import LASTING, Pace
from pitchpipe.service.offline import DEFAULT_LEARNER, built_in
from pitchpipe.service.service import Service
from pitchpipe.stages import Learner

DEFAULTS: Mapping[str, Any] = {
    "pace": "immediate",
    "seed": 0,
    "learner": DEFAULT_LEARNER,
    "clock": "frozen",
    "lasting": {},
    "data_dir": None,
}
"""What the marker ``offline_openai`` takes, and what holds without it."""

_CLOCKS: Mapping[str, type[Clock]] = {"frozen": ManualClock, "real": Clock}
_INI = ("pace", "seed", "learner")


def service_for(request: pytest.FixtureRequest) -> Service:
    """A service as a test wants it.

    Args:
        request: of a fixture of that test.

    Raises:
        UsageError: a marker or an ini key has an unknown option or a value that cannot be; says
            which, and what could be.
    """
    options = _chosen(request)
    folder = options["data_dir"]
    learner, learner_name = _learner(options["learner"])
    return Service(
        # below the test's own folder, unless it is absolute
        None if folder is None else Path(request.getfixturevalue("tmp_path"), folder),
        pace=_one_of("pace", options["pace"], get_args(Pace)),
        lasting=_lasting(options["lasting"]),
        learner=learner,
        learner_name=learner_name,
        clock=_CLOCKS[_one_of("clock", options["clock"], _CLOCKS)](),
        seed=_whole(options["seed"]),
    )


def _chosen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options; what is written closer to the test counts."""
    options = dict(DEFAULTS)
    for name in _INI:
        if written := request.config.getini(f"offline_openai_{name}"):
            options[name] = written
    for marker in reversed(list(request.node.iter_markers("offline_openai"))):
        if marker.args:
            raise ConfigError(f"its options have names; found {marker.args[0]!r} without one.")
        for name in marker.kwargs:
            _one_of("option", name, DEFAULTS)
        options |= marker.kwargs
    return options


def _one_of(kind: str, value: Any, known: Collection[str]) -> Any:
    if not isinstance(value, str) or value not in known:
        raise UnknownNameError(kind, str(value), known)
    return value


def _lasting(seconds: Any) -> dict[str, float]:
    if not isinstance(seconds, Mapping) or not all(
        isinstance(each, int | float) and each >= 0 for each in seconds.values()
    ):
        raise ConfigError(f"lasting gives seconds by state; found {seconds!r}.")
    return {_one_of("state", state, LASTING): each for state, each in seconds.items()}


def _whole(seed: Any) -> int:
    try:
        return int(str(seed))  # neither 1.5 nor True
    except ValueError:
        raise ConfigError(f"seed is a whole number; found {seed!r}.") from None


def _learner(chosen: object) -> tuple[type[Learner], str]:
    if isinstance(chosen, str):
        from pitchpipe.plugins import PluginHost

        learners = built_in if chosen == DEFAULT_LEARNER else PluginHost().learner
        name, learner = learners(chosen)
        return learner, name
    if isinstance(chosen, type) and issubclass(chosen, Learner):
        return chosen, chosen.__name__
    raise ConfigError(f"learner is a name or a class that extends Learner; found {chosen!r}.")
