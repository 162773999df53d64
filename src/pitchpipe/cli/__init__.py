"""The command line: one module a verb, imported only when that verb is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from pitchpipe.cli.parser import Parser, top_parser
from pitchpipe.cli.streams import check_streams, forget
from pitchpipe.errors import PitchpipeError, UnknownNameError

__all__ = ["VERBS", "main", "parser_of"]

VERBS = {
    "run": "prepare, train, follow, predict and score in one go",
    "sweep": "run over models, numbers of examples and epochs, and compare",
    "prepare": "turn a table into training and validation files",
    "train": "upload prepared files and create a fine-tuning job",
    "follow": "show a job's events until it ends",
    "predict": "ask a tuned model about every row of a table",
    "score": "measure predictions against their references",
    "export": "write a tuned model into a folder, for other programs",
    "jobs": "list the jobs of a trainer",
    "cancel": "end a job without a model",
    "pause": "stop a job until it is resumed",
    "resume": "let a paused job go on",
    "inventory": "list what a service holds for you, and what goes when",
    "backup": "save what a service holds for you into a folder",
    "serve": "serve the fine-tuning API from this machine",
    "keys": "make, list or remove the keys that serve lets in",
    "rules": "list the rules that tables are checked by, or describe one",
    "plugins": "list the installed plugins, or describe one",
    "config": "write or show the configuration",
}
"""What the command line can do, in the order of its help."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""

BROKEN_PIPE = 141
"""Exit code when whoever read the answer went away, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the words after the program's name; those of this process when None.

    Returns:
        0 done; 1 the data or the job failed; 2 the request itself was wrong; 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    wants_traceback = "--traceback" in words or bool(os.environ.get("PITCHPIPE_TRACEBACK"))
    try:
        check_streams()
        code = _dispatch(words)
        _flush()
    except SystemExit as leaving:  # argparse has shown its help
        code = leaving.code if isinstance(leaving.code, int) else 0
        try:
            _flush()
        except (OSError, PitchpipeError) as error:
            return _failed(error, wants_traceback)
    except BrokenPipeError:
        forget(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _say("pitchpipe: interrupted; the same command again goes on from here")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one line
        return _failed(error, wants_traceback)
    return code


def parser_of(verb: str) -> Parser:
    """What reads the words after one of ``VERBS``, and knows its help."""
    module = import_module(f"pitchpipe.cli.{verb}")
    parser = Parser(prog=f"pitchpipe {verb}", description=module.__doc__)
    module.configure(parser)
    return parser


def _dispatch(words: Sequence[str]) -> int:
    # the flags before the verb take no values, so the first plain word is the verb
    place = next((i for i, word in enumerate(words) if not word.startswith("-")), len(words))
    top = top_parser(VERBS)
    common = top.parse(words[:place])
    if place == len(words):
        top.print_help(sys.stderr)
        return 2
    verb = words[place]
    if verb not in VERBS:
        raise UnknownNameError("command", verb, VERBS)
    module = import_module(f"pitchpipe.cli.{verb}")
    arguments = parser_of(verb).parse(words[place + 1 :])
    if getattr(module, "LOGS_ITSELF", False):
        return int(module.run(arguments))
    from pitchpipe.cli.logs import logging_to_stderr

    with logging_to_stderr(verbose=common.verbose or arguments.verbose):
        code: int = module.run(arguments)
    return code


def _failed(error: Exception, with_traceback: bool) -> int:
    """Tells of an error, without the credentials that it may quote, and gives the exit code."""
    from pitchpipe.cli.failures import explained
    from pitchpipe.redaction import hide_credentials

    if isinstance(error, BrokenPipeError):
        forget(sys.stdout)
        return BROKEN_PIPE
    try:
        sys.stdout.flush()
    except OSError:
        forget(sys.stdout)
    if with_traceback:
        import traceback

        _say(hide_credentials("".join(traceback.format_exception(error)).rstrip()))
    known = error if isinstance(error, PitchpipeError) else explained(error)
    message = (
        str(known)
        if known
        else (
            f"unexpected {type(error).__name__}: {error}. This is a fault of Pitchpipe or of a "
            "plugin; run again with --traceback to see where."
        )
    )
    _say(f"pitchpipe: error: {hide_credentials(message)}")
    return known.exit_code if known else 1


def _flush() -> None:
    """Hands on what was answered, while there is somebody to tell that it could not be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        from pitchpipe.cli.output import unwritable

        forget(sys.stdout)
        raise unwritable(error) from None


def _say(text: str) -> None:
    from pitchpipe.cli.output import say

    say(text)
