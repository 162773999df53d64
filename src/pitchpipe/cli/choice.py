"""Which plugins are loaded: as flags, the environment and the configuration say together.

What is blocked adds up. What is allowed, and whether plugins are checked strictly, is said by the
flags; where they say nothing, by the environment; where that says nothing, by the configuration.
Only the command line reads the environment: the library is told.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pitchpipe.cli.parser import Parser
from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    from pitchpipe.config import PluginsConfig
    from pitchpipe.plugins import PluginHost

BLOCK, ALLOW, STRICT = (f"PITCHPIPE_PLUGINS_{word}" for word in ("BLOCK", "ALLOW", "STRICT"))
_SWITCH = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class Choice:
    """What was chosen, and where.

    Attributes:
        block: each name that is not loaded, with what says so.
        allow: the only names that are loaded, or None for all.
        allowed_by: what says that.
        strict: whether anything wrong with plugins is an error.
    """

    block: tuple[tuple[str, str], ...]
    allow: tuple[str, ...] | None
    allowed_by: str
    strict: bool

    def blocked_by(self, names: Iterable[str]) -> str:
        """What blocks a plugin of these names."""
        return " and ".join(source for name, source in self.block if name in names)

    def to_config(self) -> PluginsConfig:
        """The choice, as the library takes it."""
        from pitchpipe.config import PluginsConfig

        block = tuple(dict.fromkeys(name for name, _ in self.block))
        return PluginsConfig(block, self.allow, self.strict)


def plugin_flags(parser: Parser) -> None:
    """Which plugins are loaded."""
    add = parser.add_argument_group("plugins").add_argument
    for flag, text in (
        ("--block-plugin", "do not load this plugin or distribution; may be repeated"),
        ("--allow-plugin", "load no installed plugin but this; may be repeated"),
    ):
        add(flag, metavar="NAME", action="append", default=[], help=text)
    add(
        "--strict-plugins",
        action="store_true",
        help="refuse to begin when anything is wrong with a plugin",
    )


def choice_of(arguments: argparse.Namespace, configured: PluginsConfig) -> Choice:
    """What flags, environment and configuration come to.

    Raises:
        UsageError: a variable of the environment has a value that is none.
    """
    block = [
        *((name, "plugins.block of the configuration") for name in configured.block),
        *((name, BLOCK) for name in _listed(BLOCK)),
        *((name, "--block-plugin") for name in arguments.block_plugin),
    ]
    allow, by = configured.allow, "plugins.allow of the configuration"
    if arguments.allow_plugin:
        allow, by = tuple(arguments.allow_plugin), "--allow-plugin"
    elif _listed(ALLOW):
        allow, by = _listed(ALLOW), ALLOW
    strict = _switched(STRICT)
    if arguments.strict_plugins or strict is None:
        strict = arguments.strict_plugins or configured.strict
    return Choice(tuple(block), allow, by, strict)


def host_of(config: PluginsConfig, plugins: Iterable[object] = (), **options: Any) -> PluginHost:
    """The plugins of a command.

    Args:
        config: which are loaded.
        plugins: the command's own.
        options: further arguments of ``PluginHost``.
    """
    from pitchpipe.plugins import PluginHost

    chosen = {"block": config.block, "allow": config.allow, "strict": config.strict}
    return PluginHost(plugins, **{**chosen, **options})


def _listed(variable: str) -> tuple[str, ...]:
    words = (word.strip() for word in os.environ.get(variable, "").split(","))
    return tuple(word for word in words if word)


def _switched(variable: str) -> bool | None:
    word = os.environ.get(variable, "").strip().lower()
    if word and word not in _SWITCH:
        raise UsageError(f"{variable}={word!r}: expected one of {', '.join(_SWITCH)}.")
    return _SWITCH.get(word)
