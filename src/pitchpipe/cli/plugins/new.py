"""A distribution to start a plugin from, with tests that pass."""

from __future__ import annotations

import argparse
from pathlib import Path


def run(arguments: argparse.Namespace) -> int:
    """Writes it, and names its files."""
    from pitchpipe.cli.choice import choice_of
    from pitchpipe.cli.output import answer, answer_json, say
    from pitchpipe.config import PluginsConfig
    from pitchpipe.scaffold import create

    choice_of(arguments, PluginsConfig())  # no plugin is loaded, but a wrong name is refused
    kind, name = arguments.words
    folder = arguments.out or Path(name)
    files = create(kind, name, folder)
    if arguments.json:
        answer_json({"folder": str(folder), "files": [str(file) for file in files]})
        return 0
    for file in files:
        answer(str(file))
    say(f"next: cd {folder} && python -m pip install -e . hypothesis pytest && python -m pytest")
    return 0
