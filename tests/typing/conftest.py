from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from pitchpipe.scaffold import KINDS, create

Errors = set[tuple[str, int, str]]
"""The file's name, the line, and the error's code."""

_TOLD = re.compile(r"(?m)^(.+?):(\d+):(?:\d+:)? error: .*?\[([\w-]+)\]$")


@pytest.fixture(scope="session")
def mypy(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Callable[..., Errors]:
    """Checks files strictly, with further folders to import from; gives the errors in them."""
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    if find_spec("pandas-stubs") is None:
        pytest.skip("pandas-stubs is not installed")
    settings = tmp_path_factory.mktemp("mypy") / "mypy.ini"
    cache = pytestconfig.rootpath / ".mypy_cache" / "typing"

    def check(files: Sequence[Path], folders: Sequence[Path] = ()) -> Errors:
        # the errors of Pitchpipe itself are for mypy's own run
        lines = (
            "[mypy]",
            "strict = true",
            "follow_imports = silent",
            "explicit_package_bases = true",
        )
        path = ":".join(map(str, folders))
        settings.write_text("\n".join((*lines, f"mypy_path = {path}")), encoding="utf-8")
        flags = ("--config-file", str(settings), "--cache-dir", str(cache))
        printed, failed, _ = api.run([*flags, *map(str, files)])
        assert not failed, failed
        return {(Path(path).name, int(line), code) for path, line, code in _TOLD.findall(printed)}

    return check


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a distribution of each kind, under names as long as they may be."""
    folder = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        create(kind, f"{kind}-".ljust(50, "x"), folder / kind)
    return folder
