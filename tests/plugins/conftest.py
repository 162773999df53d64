"""The distributions under plugins/, as they stand and as they are installed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Folder:
    """A distribution by its folder."""

    path: Path

    @property
    def project(self) -> dict[str, Any]:
        """What its pyproject.toml says of it."""
        project: dict[str, Any] = tomllib.loads((self.path / "pyproject.toml").read_text())[
            "project"
        ]
        return project

    @property
    def installed(self) -> metadata.Distribution:
        """What is installed of it; the test is skipped where nothing is."""
        try:
            return metadata.distribution(self.path.name)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{self.path.name} is not installed; tox run -e plugins installs it")


FOLDERS = [Folder(path.parent) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.path.name)
def folder(request: pytest.FixtureRequest) -> Folder:
    """Each of them."""
    found: Folder = request.param
    return found


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT
