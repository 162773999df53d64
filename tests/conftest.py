"""What every test has: no network, the contract kept, examples that do not depend on the clock."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from contract.watching import watching

# by name as well: an editable installation may be older than the entry point
pytest_plugins = ["pytester", "pitchpipe.testing.pytest_plugin"]

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def _control_c() -> None:
    # a shell's background jobs ignore Ctrl-C, and so would every process that the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def _complaints() -> Iterator[list[str]]:
    with watching() as complaints:
        yield complaints


@pytest.fixture(autouse=True)
def contract_kept(_complaints: list[str]) -> Iterator[list[str]]:
    """Fails a test in which a service answered otherwise than the API's contract says."""
    yield _complaints
    found = list(dict.fromkeys(_complaints))
    _complaints.clear()
    assert not found, "answers against the contract:\n" + "\n".join(found[:10])


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
