"""List the installed plugins, describe one, look for what is wrong with them, or begin a new one.

list               all stages and observers, with their providers
info NAME          all about a stage, a plugin or a distribution
check PATH|NAME    what is wrong with a plugin, installed or not
doctor             what is wrong with the plugins of this environment
new KIND NAME      a distribution to start from, with tests that pass
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, one_of
from pitchpipe.errors import UsageError

ACTIONS = {
    "list": ("listing", ()),
    "info": ("info", ("NAME",)),
    "check": ("check", ("PATH|NAME",)),
    "doctor": ("doctor", ()),
    "new": ("new", ("KIND", "NAME")),
}
"""The module of each action, and what it takes."""


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("action", metavar="ACTION", type=one_of("action", list(ACTIONS)))
    parser.add_argument("words", metavar="WORD", nargs="*", help="what the action takes")
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, help="of new: where; NAME in this folder by default"
    )
    flags.json_flag(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Does what the action says."""
    module, takes = ACTIONS[arguments.action]
    if len(arguments.words) != len(takes):
        shown = " ".join(("pitchpipe plugins", arguments.action, *takes))
        raise UsageError(
            f"{arguments.action} takes {' '.join(takes) or 'nothing more'}: {shown}. "
            "See pitchpipe plugins --help."
        )
    if arguments.out is not None and arguments.action != "new":
        raise UsageError(f"--out belongs to new; {arguments.action} writes nothing.")
    code: int = import_module(f"pitchpipe.cli.plugins.{module}").run(arguments)
    return code
