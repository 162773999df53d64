"""argparse, with the error messages of the rest of Pitchpipe."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from pitchpipe import __version__
from pitchpipe.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import SupportsWrite

AUTO = "auto"


class _Help(argparse.RawDescriptionHelpFormatter):
    """Asks for the terminal's width itself: argparse imports all of shutil for that."""

    def __init__(self, prog: str) -> None:
        try:
            width = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
        except (ValueError, OSError):
            width = 80
        super().__init__(prog, width=max(width - 2, 40))


class Parser(argparse.ArgumentParser):
    """Parses one command's words; whatever is wrong with them is a UsageError."""

    def __init__(self, prog: str, description: str | None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            conflict_handler="resolve",  # a verb may want -v for itself
            formatter_class=_Help,
        )
        self.add_argument("--verbose", "-v", action="store_true", help="log to standard error")
        self.add_argument("--traceback", action="store_true", help="show where an error arose")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The parsed words.

        Raises:
            UsageError: a flag is unknown, or a value missing or wrong.
        """
        arguments, unknown = self.parse_known_args(words)
        flags = [word for word in unknown if word.startswith("-")]
        if flags:
            known = re.findall(r"(?<![\w-])--[a-z][a-z-]*", self.format_usage())
            raise UnknownNameError("flag", flags[0].partition("=")[0], [*known, "--help"])
        if unknown:
            self.error(f"unexpected argument {unknown[0]!r}")
        return arguments

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # argparse's own does not tell when the stream takes no more
        from pitchpipe.cli.output import write

        if message:
            write(message, sys.stderr if file is None else cast("TextIO", file), end="")

    def error(self, message: str) -> NoReturn:
        """Raises instead of leaving the process.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message.rstrip('.')}. See {self.prog} --help.")


def top_parser(verbs: Mapping[str, str]) -> Parser:
    """The parser of what stands before the verb."""
    width = max(map(len, verbs))
    listed = "\n".join(f"  {verb:{width}}  {text}" for verb, text in verbs.items())
    parser = Parser(
        prog="pitchpipe",
        description="Fine-tune language models through a pipeline of plugins, offline if need be.",
    )
    parser.usage = "pitchpipe [--help] [--version] [--verbose] [--traceback] COMMAND ..."
    parser.epilog = f"commands:\n{listed}\n\nSee pitchpipe COMMAND --help."
    parser.add_argument("--version", action="version", version=f"pitchpipe {__version__}")
    return parser


def filled(word: str) -> str:
    """An argument type that takes any text that is not empty."""
    if not word.strip():
        raise ValueError("empty")
    return word


def one_of(kind: str, names: Sequence[str]) -> Callable[[str], str]:
    """An argument type that takes one of a few names, and knows close matches."""

    def convert(word: str) -> str:
        if word not in names:
            raise UnknownNameError(kind, word, names)
        return word

    return convert


def auto_or(kind: type[int] | type[float]) -> Callable[[str], int | float | str]:
    """An argument type that takes "auto" or a number."""

    def convert(word: str) -> int | float | str:
        return AUTO if word == AUTO else kind(word)

    convert.__name__ = f"{AUTO} or {kind.__name__}"
    return convert
