"""What killed processes left in a data folder: contents and models that no object names."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pitchpipe.service.storage.layout import Layout
from pitchpipe.service.storage.store import Store

_log = logging.getLogger(__name__)

SAFE_SECONDS = 3600
"""Seconds after which nobody is still about to name what was written: that follows at once."""

_CONTENTS = ("file", "part")


def collect(layout: Layout, store: Store, *, alone: bool) -> int:
    """Removes what is named by no object, and what was never finished.

    Args:
        layout: the data folder.
        store: its objects.
        alone: whether no other process has the folder open, nor opens it meanwhile. Otherwise what
            is younger than ``SAFE_SECONDS`` is left to whoever may be writing it, and so are
            locks and unfinished models and snapshots.

    Returns:
        How many files and folders were removed.
    """
    # listed before names are read: whatever is listed and young may be named by then
    contents, models = _entries(layout, layout.files), _entries(layout, layout.models)
    named = {key for kind in _CONTENTS for key in store.ids(kind)}
    kept = store.keys("model") | store.ids("checkpoint")
    left = [path for path in contents if path.name not in named]
    left += [path for path in models if path.name not in kept]
    if alone:
        left += [path for path in _entries(layout, layout.snapshots) if path.name.startswith(".")]
        left += _unfinished(layout)
    else:
        begun = time.time()
        left = [path for path in left if _is_old(path, begun) and not _is_unfinished_model(path)]
    for path in left:
        _remove(path)
    if left:
        _log.info(
            "%s: removed %d files and folders that a killed process had left",
            layout.folder,
            len(left),
        )
    if alone:
        for path in _locks(layout):
            path.unlink(missing_ok=True)
    return len(left)


def _entries(layout: Layout, folder: Path) -> list[Path]:
    """What is there under names of ours; what somebody else put there is left alone."""
    return list(filter(layout.made, folder.iterdir())) if folder.is_dir() else []


def _unfinished(layout: Layout) -> Iterator[Path]:
    """Copies that a restored snapshot would have put in the place of what was there."""
    for folder in (layout.files, layout.models):
        partial = folder.with_name(f".{folder.name}")
        if partial.exists():
            yield partial


def _locks(layout: Layout) -> Iterable[Path]:
    kept = {layout.working(), layout.opening(), layout.presence()}
    return [path for path in layout.locks.iterdir() if path not in kept]


def _is_old(path: Path, now: float) -> bool:
    try:
        return now - path.stat().st_mtime > SAFE_SECONDS
    except FileNotFoundError:
        return False


def _is_unfinished_model(path: Path) -> bool:
    return path.is_dir() and path.name.startswith(".")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
