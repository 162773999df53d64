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
from pitchpipe.errors import PluginError, UsageError

if TYPE_CHECKING:
    from pitchpipe.config import PluginsConfig
    from pitchpipe.plugins import PluginHost
    from pitchpipe.registry import Provider

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

    def excluded_by(self, provider: Provider) -> str:
        """What blocks a plugin, or does not allow it."""
        blocked = [source for name, source in self.block if provider.answers_to(name)]
        return " and ".join(dict.fromkeys(blocked)) or self.allowed_by

    def refusal(self, provider: Provider) -> PluginError | None:
        """Why an installed plugin is not loaded; None where it is."""
        allowed = self.allow is None or any(map(provider.answers_to, self.allow))
        blocked = any(provider.answers_to(name) for name, _ in self.block)
        if allowed and not blocked:
            return None
        what = "blocked" if blocked else "not allowed"
        return PluginError(
            f"plugin {provider.plugin!r} of {provider} is {what}, by {self.excluded_by(provider)}."
        )

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
        UnknownNameError: no plugin or distribution has one of the names; says what has it.
        UsageError: a variable of the environment has a value that is none.
    """
    from pitchpipe.plugin_names import check_names

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
    check_names([*block, *((name, by) for name in allow or ())])
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
