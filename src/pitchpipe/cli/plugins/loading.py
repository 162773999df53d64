"""Finding the plugins that a path or a name stands for, installed or not."""

from __future__ import annotations

import contextlib
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

from pitchpipe import toml_text
from pitchpipe.discovery import ENTRY_POINT_GROUP, installed
from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.registry import Provider

Found = list[tuple[Provider, Callable[[], object]]]


def installed_behind(target: str) -> list[Provider]:
    """The installed plugins that a target names, or whose module it is; nothing is imported."""
    path = Path(target)
    module = path.stem if path.exists() else target.partition(".")[0]
    return [
        one.provider
        for one in installed()
        if one.provider.answers_to(target) or one.module.partition(".")[0] == module
    ]


@contextlib.contextmanager
def found(target: str) -> Iterator[Found]:
    """The plugins of a distribution, a plugin's name, a module, a file or a folder.

    What is not installed can be imported within the block only.

    Raises:
        UnknownNameError: it is none of them.
        PluginError: it is a folder with no plugin, or has the name of a module in use.
    """
    path = Path(target)
    if path.exists():
        with _importable(path.resolve()) as plugins:
            yield plugins
        return
    named = [(one.provider, one.load) for one in installed() if one.provider.answers_to(target)]
    if not named and _is_module(target):
        named = [(Provider(target.partition(".")[0], "", target), partial(import_module, target))]
    if not named:
        known = {one.provider.distribution for one in installed()}
        known |= {one.provider.plugin for one in installed()}
        raise UnknownNameError("path or plugin", target, known)
    yield named


@contextlib.contextmanager
def _importable(path: Path) -> Iterator[Found]:
    root, plugins = _module(path) if path.suffix == ".py" else _folder(path)
    before, path_before = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(root))
    try:
        yield plugins
    finally:
        sys.path[:] = path_before
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(root):
                del sys.modules[name]


def _module(path: Path) -> tuple[Path, Found]:
    if path.stem in sys.modules:
        raise PluginError(
            f"{path}: another module named {path.stem!r} is in use already, so that this one could "
            "not be imported by its name; name it otherwise."
        )
    provider = Provider(path.stem, "", path.stem)
    return path.parent, [(provider, partial(import_module, path.stem))]


def _folder(path: Path) -> tuple[Path, Found]:
    if (path / "__init__.py").is_file():
        return _module(path)
    project = path / "pyproject.toml"
    if not project.is_file():
        raise PluginError(
            f"{path}: no plugin; expected a Python file, a package with __init__.py, or a folder "
            "with pyproject.toml."
        )
    try:
        table = toml_text.loads(project.read_text("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PluginError(f"{project}: not valid TOML: {error}.") from None
    points = table.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    if not points:
        raise PluginError(
            f"{project}: announces no plugin; expected a table "
            f"[project.entry-points.{ENTRY_POINT_GROUP}]."
        )
    root = path / "src" if (path / "src").is_dir() else path
    own = table.get("name", path.name), str(table.get("version", ""))
    return root, [
        (Provider(*own, name), EntryPoint(name, value, ENTRY_POINT_GROUP).load)
        for name, value in points.items()
    ]


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
