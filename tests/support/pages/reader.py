"""A reader who does everything that a page says, in a folder of the page's own."""

from __future__ import annotations

import configparser
import contextlib
import io
import json
import os
import re
import sys
import tomllib
import types
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pages.blocks import ROOT, Block, Page
from pages.shell import Shell
from pitchpipe.config import FILE_NAME, Config
from pitchpipe.service.server.loopback import listening, serve
from pitchpipe.service.service import Service

PORT = "8000"
"""The port that pages write; a free one stands in for it."""

_SAMPLE = ROOT / "src/pitchpipe/samples/film_reviews.csv"
_NO_WAITING = """\
[trainer]
name = "openai"
poll_seconds = 0.0
prices = { "gpt-4.1-mini-2025-04-14" = 1.0 }
"""


def read(page: Page, scratch: Path, patch: pytest.MonkeyPatch) -> None:
    """Does a page from its first block to its last.

    Raises:
        AssertionError: a block failed, or printed something else than the page says.
    """
    for name in [name for name in os.environ if re.match("OPENAI|AZURE|PITCHPIPE", name)]:
        patch.delenv(name)
    folder = scratch / "page"
    folder.mkdir()
    patch.chdir(folder)
    patch.syspath_prepend(folder)
    with contextlib.ExitStack() as stack:
        for word in page.setup:
            _SETUPS[word](stack, patch)
        shell = stack.enter_context(Shell(folder, scratch / "shell", dict(os.environ)))
        reader = _Reader(shell, patch)
        for block in page.blocks:
            if block.not_run is None:
                reader.do(block)


class _Reader:
    def __init__(self, shell: Shell, patch: pytest.MonkeyPatch) -> None:
        self._shell = shell
        self._printed: str | None = None
        self._module = types.ModuleType("page")
        patch.setitem(sys.modules, "page", self._module)  # where dataclasses look up their types
        with listening("127.0.0.1", 0) as free:
            self._port = str(free.getsockname()[1])
        self._ways: dict[str, Callable[[Block, str], None]] = {
            "console": self._console,
            "ini": _ini,
            "json": _json,
            "python": self._python,
            "text": self._text,
            "toml": _toml,
            "yaml": self._yaml,
        }

    def do(self, block: Block) -> None:
        text = block.text.replace(PORT, self._port)
        if block.title is not None:
            path = Path(block.title)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        if block.title is not None and block.language not in _FRAGMENTS:
            return
        assert block.language in self._ways, f"{block}: nobody knows how to do {block.language!r}"
        try:
            self._ways[block.language](block, text)
        except Exception as error:
            error.add_note(str(block))
            raise

    def _console(self, block: Block, text: str) -> None:
        self._printed = self._shell.run(text)

    def _python(self, block: Block, text: str) -> None:
        code = compile("\n" * block.line + text, block.page, "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, self._module.__dict__)
        self._printed = printed.getvalue()

    def _text(self, block: Block, text: str) -> None:
        assert self._printed is not None, f"{block}: nothing was done that could have printed it"
        printed = self._printed.replace(self._port, PORT)
        assert shown(block.text, printed), f"{block}: expected\n{text}\nprinted\n{printed}"

    def _yaml(self, block: Block, text: str) -> None:
        content = yaml.safe_load(text)
        for step in content if isinstance(content, list) else []:
            if "run" in step:
                self._shell.run(step["run"])


def shown(expected: str, printed: str) -> bool:
    """Whether lines are among those printed.

    A line of three dots stands for any lines, three dots in a line for any characters.
    """
    patterns = []
    for line in expected.splitlines():
        pieces = (re.escape(piece) for piece in line.rstrip().split("..."))
        any_lines = line.strip() == "..."
        patterns.append(r"(?:.*\n)*?" if any_lines else ".*".join(pieces) + r"[ ]*\n")
    return re.search("^" + "".join(patterns), printed + "\n", re.MULTILINE) is not None


def _ini(block: Block, text: str) -> None:
    configparser.ConfigParser().read_string(text)


def _json(block: Block, text: str) -> None:
    json.loads(text)


def _toml(block: Block, text: str) -> None:
    content = tomllib.loads(text)
    if block.title == FILE_NAME or content.keys() <= Config().to_mapping().keys():
        Config.from_mapping(content)


_FRAGMENTS = ("ini", "json", "toml")


def _reviews(stack: contextlib.ExitStack, patch: pytest.MonkeyPatch) -> None:
    Path("reviews.csv").write_bytes(_SAMPLE.read_bytes())


def _service(stack: contextlib.ExitStack, patch: pytest.MonkeyPatch) -> None:
    service = stack.enter_context(contextlib.closing(Service()))
    patch.setenv("OPENAI_BASE_URL", stack.enter_context(serve(service)))
    patch.setenv("OPENAI_API_KEY", "none")
    Path(FILE_NAME).write_text(_NO_WAITING, "utf-8")


_SETUPS = {"reviews.csv": _reviews, "service": _service}
