"""Services by URL: ``offline:FOLDER?learner=NAME&OPTION=VALUE``, one a folder in a process."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from pitchpipe.errors import ConfigError
from pitchpipe.service.service import Service
from pitchpipe.stages import Learner

SCHEME = "offline:"
"""How the URL of an offline service begins."""

DEFAULT_LEARNER = "ngram"
"""The learner that trains where none is named."""

_KEPT_OPEN = 4

Options = tuple[tuple[str, str], ...]
Key = tuple[Path | None, str, Options]

_lock = threading.Lock()
_open: weakref.WeakValueDictionary[Key, Service] = weakref.WeakValueDictionary()
_recent: deque[Service] = deque(maxlen=_KEPT_OPEN)
_in_memory: dict[tuple[str, Options], Service] = {}


def open_service(url: str) -> Service:
    """The service of that URL; the same one for all who ask in this process.

    A service with a folder may close when nobody uses it; its folder has everything. The one
    without a folder lives as long as the process, or until it is closed.

    Args:
        url: ``offline:FOLDER?learner=NAME&OPTION=VALUE``; without a folder it is in memory, without
            a learner it is ``ngram``; the options are the learner's.

    Raises:
        ConfigError: it is no such URL, or the learner has no such option.
        UnknownNameError: no plugin offers the learner.
    """
    folder, learner_name, options = key = parse(url)
    with _lock:
        service = _open.get(key)
        if service is None or service.closed:
            service = Service(
                folder,
                learner=learner_class(learner_name, dict(options)),
                learner_name=learner_name,
            )
            _open[key] = service
            if folder is None:
                _in_memory[learner_name, options] = service
        if folder is not None and service not in _recent:
            _recent.append(service)
        return service


def learner_of(url: str) -> type[Learner]:
    """The learner of the service of that URL; raises as ``open_service`` does."""
    from pitchpipe.service.learners.ngram import NgramLearner

    _, name, options = parse(url)
    return learner_class(name, dict(options)) or NgramLearner


def parse(url: str) -> Key:
    """The folder (None for memory), the learner and its options that a URL names.

    Raises:
        ConfigError: it is no such URL.
    """
    if not url.startswith(SCHEME):
        raise ConfigError(f"{url!r} is no URL of an offline service; expected offline:FOLDER.")
    path, _, query = url.removeprefix(SCHEME).partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    learner = options.pop("learner", DEFAULT_LEARNER)
    if not learner:
        raise ConfigError(f"{url!r}: expected ?learner=NAME; found ?{query}.")
    folder = Path(path).expanduser().resolve() if path else None
    return folder, learner, tuple(sorted(options.items()))


def learner_class(
    name: str,
    options: Mapping[str, str] = MappingProxyType({}),
    *,
    block: Collection[str] = (),
    allow: Collection[str] | None = None,
    strict: bool = False,
) -> type[Learner] | None:
    """The learner of that name; None, which stands for the default one, if that is it.

    Args:
        name: the name it is registered under.
        options: as its users set it up.
        block: as for ``PluginHost``, and so the others.
        allow: the only plugins that are loaded.
        strict: whether whatever is wrong with plugins is an error.

    Raises:
        UnknownNameError: no plugin offers it.
        ConfigError: it has no such option.
    """
    if name == DEFAULT_LEARNER and not options:
        return None
    from pitchpipe.plugins import PluginHost

    host = PluginHost(block=block, allow=allow, strict=strict)
    stage: type[Learner] = host.get(host.learners, name).stage
    return stage.configured(options)
