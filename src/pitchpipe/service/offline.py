"""Services by URL: ``offline:FOLDER?learner=NAME&seed=N&OPTION=VALUE``, one a folder in a process.

Learners are found by whoever holds a plugin host, and handed to these functions.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl

from pitchpipe.errors import ConfigError, UnknownNameError
from pitchpipe.service.service import Service
from pitchpipe.service.storage.store import MAX_SEED
from pitchpipe.stages import Learner, Learners

SCHEME = "offline:"
"""How the URL of an offline service begins."""

DEFAULT_LEARNER = "ngram"
"""The learner that trains where none is named."""

_KEPT_OPEN = 4


@dataclass(frozen=True)
class Address:
    """What a URL of an offline service says.

    Attributes:
        folder: where the service keeps everything; None for memory.
        learner: what it trains.
        options: how the learner is set up, sorted by name.
        seed: of the names in a new folder; None for one that nobody knows.
    """

    folder: Path | None
    learner: str
    options: tuple[tuple[str, str], ...]
    seed: int | None = None


Key = tuple[Address, type[Learner]]

_lock = threading.Lock()
_open: weakref.WeakValueDictionary[Key, Service] = weakref.WeakValueDictionary()
_recent: deque[Service] = deque(maxlen=_KEPT_OPEN)
_in_memory: dict[Key, Service] = {}


def open_service(url: str, learners: Learners | None = None) -> Service:
    """The service of that URL; the same one for all who ask in this process.

    A service with a folder may close when nobody uses it; its folder has everything. The one
    without a folder lives as long as the process, or until it is closed.

    Args:
        url: ``offline:FOLDER?learner=NAME&seed=N&OPTION=VALUE``; without a folder it is in memory,
            without a learner it is ``ngram``; without a seed a new one has names of its own; the
            options are the learner's.
        learners: where the learner is looked up, such as ``PluginHost().learner``; by default only
            the one that comes with Pitchpipe is known.

    Raises:
        ConfigError: it is no such URL, or the learner has no such option.
        UnknownNameError: nobody offers the learner.
        PluginError: several offer it.
    """
    address, stage = key = _found(url, learners or built_in)
    learner = stage.configured(dict(address.options))
    with _lock:
        service = _open.get(key)
        if service is None or service.closed:
            service = Service(
                address.folder, learner=learner, learner_name=address.learner, seed=address.seed
            )
            _open[key] = service
            if address.folder is None:
                _in_memory[key] = service
        if address.folder is not None and service not in _recent:
            _recent.append(service)
        return service


def learner_of(url: str, learners: Learners | None = None) -> type[Learner]:
    """The learner of the service of that URL; takes and raises the same as ``open_service``."""
    address, stage = _found(url, learners or built_in)
    return stage.configured(dict(address.options))


def built_in(name: str, /) -> tuple[str, type[Learner]]:
    """The learner that comes with Pitchpipe, as ``stages.Learners``.

    Raises:
        UnknownNameError: it is another's name; says where others are found.
    """
    from pitchpipe.service.learners.ngram import NgramLearner

    if name in (DEFAULT_LEARNER, f"pitchpipe:{DEFAULT_LEARNER}"):
        return DEFAULT_LEARNER, NgramLearner
    raise UnknownNameError(
        "learner",
        name,
        [DEFAULT_LEARNER],
        "Learners of plugins are found through a plugin host: let a Pipeline make the stage, give "
        "it the stage, or call with_learners(PluginHost().learner) of the stage.",
    )


def parse(url: str) -> Address:
    """What a URL says.

    Raises:
        ConfigError: it is no URL of an offline service.
    """
    if not url.startswith(SCHEME):
        raise ConfigError(f"{url!r} is no URL of an offline service; expected offline:FOLDER.")
    path, _, query = url.removeprefix(SCHEME).partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    learner = options.pop("learner", DEFAULT_LEARNER)
    if not learner:
        raise ConfigError(f"{url!r}: expected ?learner=NAME; found ?{query}.")
    seed = options.pop("seed", None)
    if seed is not None and not _is_seed(seed):
        raise ConfigError(
            f"{url!r}: expected ?seed=N with a whole number from 0 to {MAX_SEED}; found {seed!r}."
        )
    folder = Path(path).expanduser().resolve() if path else None
    number = None if seed is None else int(seed)
    return Address(folder, learner, tuple(sorted(options.items())), number)


def _is_seed(text: str) -> bool:
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= len(str(MAX_SEED))
        and (int(text) <= MAX_SEED)
    )


def _found(url: str, learners: Learners) -> Key:
    """What a URL says, with the one spelling of the learner's name; and the learner."""
    address = parse(url)
    name, stage = learners(address.learner)
    return replace(address, learner=name), stage
