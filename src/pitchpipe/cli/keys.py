"""Make, list or remove the keys that pitchpipe serve lets in."""

from __future__ import annotations

import argparse
from pathlib import Path

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, one_of
from pitchpipe.errors import UsageError

ACTIONS = ("new", "list", "remove")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("action", metavar="new|list|remove", type=one_of("action", ACTIONS))
    parser.add_argument("name", metavar="NAME", nargs="?", help="whose key it is")
    parser.add_argument("--file", metavar="FILE", type=Path, required=True, help="that holds them")
    flags.json_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Does it; a new key is shown this one time, and stored as a hash."""
    from pitchpipe.cli.output import answer, answer_json, say
    from pitchpipe.service.server.keys import KeyFile

    if (arguments.action == "list") != (arguments.name is None):
        raise UsageError("give new and remove a NAME, and list none. See pitchpipe keys --help.")
    keys = KeyFile(arguments.file)
    if arguments.action == "list":
        names = [key.name for key in keys.keys]
        if arguments.json:
            answer_json(names)
        else:
            answer("\n".join(names))
    elif arguments.action == "remove":
        keys.remove(arguments.name)
        say(f"removed {arguments.name!r}; a running server knows at once")
    else:
        key = keys.add(arguments.name)
        if arguments.json:
            answer_json({"name": arguments.name, "key": key})
        else:
            answer(key)
            say("keep it: it is not stored, and cannot be shown again")
    return 0
