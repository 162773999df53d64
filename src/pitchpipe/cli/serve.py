"""Serve the fine-tuning API from this machine, until interrupted."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe.cli.choice import choice_of, host_of, plugin_flags
from pitchpipe.cli.parser import Parser, one_of
from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    import socket

    from pitchpipe.config import PluginsConfig
    from pitchpipe.service.server.keys import KeyFile
    from pitchpipe.stages import Learner

_log = logging.getLogger(__name__)

_LEVELS = ("debug", "info", "warning", "error")
_PACES = ("workers", "polled", "immediate", "timed", "manual")
_FORMATS = ("text", "json")
_MEGABYTE = 1 << 20

LOGS_ITSELF = True
"""A server logs its requests, where other commands log what went wrong."""


def configure(parser: Parser) -> None:
    """Adds the flags."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on; 127.0.0.1 by default")
    add("--port", type=int, default=8000, help="8000 by default; 0 takes a free one")
    add(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="where everything is kept; without it, it is forgotten at the end",
    )
    add("--learner", metavar="NAME", default="ngram", help="what is trained; ngram by default")
    add(
        "--learner-option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="of the learner; may be repeated",
    )
    add("--seed", metavar="N", type=int, help="of ids and unseeded choices; by default, a new one")
    add(
        "--api-key-file",
        metavar="FILE",
        type=Path,
        help="let in only who has a key; see pitchpipe keys",
    )
    add(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="a web page that may use it, such as http://localhost:3000; may be repeated",
    )
    add(
        "--allow-host",
        metavar="HOST",
        action="append",
        default=[],
        help="a name by which it is reached, beside those of this machine; may be repeated",
    )
    add(
        "--max-connections",
        metavar="N",
        type=int,
        help="open at once; by default as many as the open files allow, up to 1000",
    )
    add("--workers", metavar="N", type=int, default=1, help="processes that train; 1 by default")
    add(
        "--pace",
        metavar="PACE",
        type=one_of("pace", _PACES),
        default="workers",
        help="what moves jobs: workers by default; for tests polled, immediate, timed, manual",
    )
    add(
        "--max-upload-mb",
        metavar="N",
        type=int,
        default=512,
        help="of an uploaded file; 512 by default",
    )
    add("--control", action="store_true", help="answer requests that break and rewind it, too")
    add(
        "--log-level",
        metavar="LEVEL",
        type=one_of("level", _LEVELS),
        default="info",
        help="what is logged: debug, info, warning or error",
    )
    add(
        "--log-format",
        metavar="text|json",
        type=one_of("format", _FORMATS),
        default="text",
        help="how a line of the log is written",
    )
    add("--json", action="store_true", help="tell the address as JSON")
    plugin_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serves."""
    from pitchpipe.config import Config
    from pitchpipe.service.server.limits import raise_file_limit
    from pitchpipe.service.server.logs import log_to_stderr
    from pitchpipe.service.server.loopback import base_url, listening
    from pitchpipe.service.server.origins import OriginPolicy

    if arguments.workers < 1 or arguments.max_upload_mb < 1:
        raise UsageError("--workers and --max-upload-mb must be 1 or more.")
    if arguments.max_connections is not None and arguments.max_connections < 1:
        raise UsageError("--max-connections must be 1 or more.")
    OriginPolicy(arguments.allow_origin, arguments.allow_host)  # refused before anything is made
    raise_file_limit(arguments.max_connections)
    chosen = choice_of(arguments, Config.discover(Path.cwd()).plugins).to_config()
    options = _options(arguments.learner_option)
    learner_name, learner = _learner(arguments.learner, chosen)
    learner = learner.configured(options)
    keys = _keys(arguments)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        stack.enter_context(_sigterm_as_sigint())
        listener = stack.enter_context(listening(arguments.host, arguments.port))
        if keys is None and not _is_loopback(listener):
            raise UsageError(
                f"{arguments.host} can be reached from other machines: give --api-key-file, "
                "or listen on 127.0.0.1."
            )
        log_to_stderr(arguments.log_format, arguments.log_level)
        if keys is not None and arguments.allow_host:
            _log.warning(
                "--allow-host changes nothing beside --api-key-file: who has a key may use any name"
            )
        folder = arguments.data_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="pitchpipe-"))
        )
        from pitchpipe.service.server.running import serve

        listener.listen()
        serve(
            listener,
            folder,
            learner=learner,
            learner_name=learner_name,
            learner_options=options,
            seed=arguments.seed,
            keys=keys,
            control=arguments.control,
            pace=arguments.pace,
            workers=arguments.workers,
            most_upload=arguments.max_upload_mb * _MEGABYTE,
            log_form=arguments.log_format,
            log_level=arguments.log_level,
            block=chosen.block,
            allow=chosen.allow,
            allow_origins=arguments.allow_origin,
            allow_hosts=arguments.allow_host,
            max_connections=arguments.max_connections,
            started=lambda: _tell(base_url(listener), arguments),
        )
    return 0


def _learner(name: str, chosen: PluginsConfig) -> tuple[str, type[Learner]]:
    """The learner in the plugins of this command, which need not be loaded for the default one."""
    from pitchpipe.config import PluginsConfig
    from pitchpipe.service.offline import DEFAULT_LEARNER, built_in

    if name == DEFAULT_LEARNER and chosen == PluginsConfig():
        return built_in(name)
    return host_of(chosen).learner(name)


def _options(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for key, sign, _ in pairs:
        if not key or not sign:
            raise UsageError(f"--learner-option: expected KEY=VALUE; found {key + sign!r}.")
    return {key: value for key, _, value in pairs}


@contextlib.contextmanager
def _sigterm_as_sigint() -> Iterator[None]:
    """Whichever of the two ends a server, what it holds is let go of in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _keys(arguments: argparse.Namespace) -> KeyFile | None:
    from pitchpipe.service.server.keys import KeyFile

    if arguments.api_key_file is None:
        return None
    keys = KeyFile(arguments.api_key_file)
    if not keys.keys:
        raise UsageError(
            f"{arguments.api_key_file}: no keys, so that nobody could come in; "
            f"pitchpipe keys new NAME --file {arguments.api_key_file} makes one."
        )
    return keys


def _is_loopback(listener: socket.socket) -> bool:
    import ipaddress

    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _tell(url: str, arguments: argparse.Namespace) -> None:
    from pitchpipe.cli.output import answer, answer_json

    if arguments.json:
        kept = arguments.data_dir and str(arguments.data_dir)
        answer_json({"url": url, "data_dir": kept}, compact=True)
        return
    answer(f"Listening on {url}")
    if arguments.data_dir is None:
        answer("Nothing outlives this server; give --data-dir to keep it.")
