from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own; its arguments are in sys.argv[1:]."""

    def run(script: str, *args: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, args)],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that may be read and not written, holding "old.txt"; root steps down for it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "old.txt").write_text("old", encoding="utf-8")
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Puts distributions with entry points on sys.path, as an installer would."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    made: list[str] = []

    def add(
        distribution: str,
        points: dict[str, str],
        modules: dict[str, str] | None = None,
        version: str = "1.0",
        where: Path = site,
    ) -> Path:
        folder = where / f"{distribution.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8"
        )
        lines = [f"{name} = {target}" for name, target in points.items()]
        (folder / "entry_points.txt").write_text(
            "\n".join(["[pitchpipe]", *lines, ""]), encoding="utf-8"
        )
        for name, source in (modules or {}).items():
            made.append(name)
            (where / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        return folder

    yield add
    for name in made:
        sys.modules.pop(name, None)
