"""Converts a table of records: ``python -m pitchpipe_formats SOURCE TARGET --to FORMAT``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pitchpipe.errors import PitchpipeError
from pitchpipe_formats.conversion import Converted, convert
from pitchpipe_formats.formats import FORMATS

_SHOWN = 10


def main(words: Sequence[str] | None = None) -> int:
    """The command line.

    Args:
        words: the arguments; by default those of the process.

    Returns:
        The exit code: 0, 1 where a record is at fault, 2 where the request is.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pitchpipe_formats",
        description="Write the records of a table as records of another format.",
    )
    parser.add_argument("source", metavar="SOURCE", help="any table that Pitchpipe reads")
    parser.add_argument("target", metavar="TARGET", help="the JSON lines file to write")
    parser.add_argument("--to", metavar="FORMAT", required=True, help=", ".join(FORMATS))
    parser.add_argument("--from", metavar="FORMAT", help="by default what the columns say")
    arguments = vars(parser.parse_args(words))
    source, target = arguments["source"], arguments["target"]
    try:
        done = convert(source, target, to=arguments["to"], source_format=arguments["from"])
    except PitchpipeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{target}: {done.rows_written} {arguments['to']} records of {_origin(done)}")
    if done.left_out:
        print(f"left out: {', '.join(done.left_out)}", file=sys.stderr)
    if done.unpaired:
        print(f"left over: {_unpaired(done)}", file=sys.stderr)
    return 0


def _origin(done: Converted) -> str:
    return f"{done.rows_read} {done.source_format} rows"


def _unpaired(done: Converted) -> str:
    places = ", ".join(map(str, done.unpaired[:_SHOWN]))
    more = ", ..." if len(done.unpaired) > _SHOWN else ""
    return (
        f"{len(done.unpaired)} rows without a counterpart of the same prompt "
        f"({done.unit} {places}{more})"
    )


if __name__ == "__main__":
    sys.exit(main())
