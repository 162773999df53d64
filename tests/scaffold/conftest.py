from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pitchpipe.scaffold import KINDS, create

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a distribution of each kind, named own-KIND."""
    folder = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        create(kind, f"own-{kind}", folder / kind)
    return folder


@pytest.fixture(scope="session")
def environment(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process in which all of them are installed."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the distributions, is not installed")
    site = tmp_path_factory.mktemp("site")
    flags = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile")
    folders = [str(generated / kind) for kind in KINDS]
    command = [sys.executable, "-m", "pip", "install", *flags, "--target", str(site), *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths = (str(site), str(SUPPORT), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
