"""A shell that does one block after the other, as a reader's terminal would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 120.0
"""What a block may take before it is ended."""

_COMMANDS = {"pitchpipe": "-m pitchpipe", "pytest": "-m pytest", "python": ""}
_NOTHING_IS_INSTALLED = {"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1", "NPM_CONFIG_OFFLINE": "true"}
_ENDS_IN_BACKGROUND = re.compile(r"&\s*\Z")


class Shell:
    """A bash that stops at the first command that fails, with this interpreter's commands on PATH.

    Variables stay from block to block. What was left in the background ends with it. Nothing can be
    installed: a block that does so is one that a page marks as not run.

    Args:
        folder: where the commands run.
        scratch: an empty folder for the shell's own files.
        variables: the environment.
    """

    def __init__(self, folder: Path, scratch: Path, variables: dict[str, str]) -> None:
        programs = scratch / "bin"
        programs.mkdir(parents=True)
        for name, words in _COMMANDS.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            program.chmod(0o755)
        self._block, self._printed = scratch / "block.sh", scratch / "printed.txt"
        # no interpreter but this one, and nothing kept outside of the page's folder
        own = {"PATH": f"{programs}{os.pathsep}{os.defpath}", "HOME": str(folder)}
        self._bash = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            env={**variables, **own, **_NOTHING_IS_INSTALLED},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._say("kill $(jobs -p); wait; exit")
        try:
            self._bash.communicate(timeout=SECONDS)
        finally:
            self._kill()

    def run(self, script: str) -> str:
        """Does a block's lines; a command left in the background has printed when this returns.

        Returns:
            What they printed, standard error included.

        Raises:
            AssertionError: a command failed, or the block took too long.
        """
        assert self._bash.stdout is not None
        self._block.write_text(script, "utf-8")
        self._say(f". '{self._block}' >'{self._printed}' 2>&1 </dev/null; echo done")
        watchdog = threading.Timer(SECONDS, self._kill)
        watchdog.start()
        done = self._bash.stdout.readline()
        if done and _ENDS_IN_BACKGROUND.search(script):
            self._wait_for_print()
        watchdog.cancel()
        printed = self._printed.read_text("utf-8")
        assert done, f"failed, or took longer than {SECONDS:.0f} s:\n{script}\n{printed}"
        return printed

    def _wait_for_print(self) -> None:
        end = time.monotonic() + SECONDS
        while not self._printed.stat().st_size and time.monotonic() < end:
            time.sleep(0.02)  # a process that has nothing to say yet can only be looked at

    def _say(self, line: str) -> None:
        assert self._bash.stdin is not None
        try:
            self._bash.stdin.write(line + "\n")
            self._bash.stdin.flush()
        except BrokenPipeError:  # a command failed, and the shell ended with it
            return

    def _kill(self) -> None:
        try:
            os.killpg(self._bash.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
