"""Tables in formats that need a package which Pitchpipe does not install by itself."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from pitchpipe.errors import DataError


def require(module: str, extra: str, path: Path) -> ModuleType:
    """A module that comes with one of Pitchpipe's extras.

    Args:
        module: what to import.
        extra: the extra that installs it.
        path: the file that needs it.

    Raises:
        DataError: it is not installed; says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"{path}: reading {path.suffix} files needs {module.partition('.')[0]}, which is not "
            f"installed. Install it with: pip install 'pitchpipe[{extra}]'"
        ) from error
