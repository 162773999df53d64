"""Asks on a terminal which column has a part, where nothing in the table says so."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from pitchpipe.cli.output import say, shown, write
from pitchpipe.errors import UnclearColumnsError
from pitchpipe.records import PROMPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pitchpipe.config import Config
    from pitchpipe.pipeline import Pipeline, Source


def with_columns(
    make: Callable[[Config], Pipeline], config: Config, source: Source, *, answers: bool = True
) -> Pipeline:
    """The configured pipeline, with the columns that the user chooses where there is doubt.

    Args:
        make: builds a pipeline of a configuration.
        config: the configuration.
        source: the table.
        answers: whether the table must have a column of answers.

    Raises:
        UnclearColumnsError: there is doubt, and nobody on a terminal to ask.
    """
    pipeline = make(config)
    while _is_terminal():
        try:
            pipeline.check_columns(source, answers=answers)
        except UnclearColumnsError as error:
            column = _asked(error)
            data = (
                dataclasses.replace(config.data, prompt_column=column)
                if error.role == PROMPT
                else dataclasses.replace(config.data, completion_column=column)
            )
            config = dataclasses.replace(config, data=data)
            pipeline = make(config)
        else:
            break
    return pipeline


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(error: UnclearColumnsError) -> str:
    """The candidate that the user chooses, by its number or its name.

    Raises:
        UnclearColumnsError: the user chooses none.
    """
    names = error.candidates
    if not names:
        raise error
    say(shown(str(error)))
    for number, name in enumerate(names, start=1):
        say(f"  {number}. {shown(name)}")
    while True:
        write(f"Which column holds the {error.role}? [1-{len(names)}] ", sys.stderr, end="")
        line = sys.stdin.readline()
        if not line:
            say("")
            raise error
        answer = line.strip()
        if answer in names:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        say(f"Type a number from 1 to {len(names)}, or the name of one of these columns.")
