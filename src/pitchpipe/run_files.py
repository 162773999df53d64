"""The files of a run, held against the digests that its journal has of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pitchpipe.errors import RunError
from pitchpipe.journal import FILE_NAME, recorded_digests
from pitchpipe.journal_head import head_of
from pitchpipe.prepared import sha256

_AGAIN = {
    "scores.json": "the figures are computed again from predictions.jsonl, at no cost",
    "predictions.jsonl": "the model is asked again, which may cost something",
    "config.toml": "it is written again",
    "findings.json": "the table is prepared again, at no cost",
}
_PREPARED = "prepared"
_FETCHED = "it is fetched again from the service, at no cost"


def file_digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """The digest of each file of a run, by its path inside the folder; those that exist."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths if path.is_file()}


def check_files(folder: Path, names: Iterable[str], digests: Mapping[str, str]) -> list[Path]:
    """Whether files of a run are what was written.

    Args:
        folder: the run's.
        names: their paths inside it.
        digests: what the journal says of them; a file without one is not checked.

    Returns:
        Those that are missing.

    Raises:
        RunError: one has changed; says how to have it made again.
    """
    missing = []
    for name in names:
        path = folder / name
        if not path.exists():
            missing.append(path)
        elif digests.get(name) and (not path.is_file() or _digest(path) != digests[name]):
            raise _changed(path, name)
    return missing


def checked(path: Path) -> Path:
    """The path of a file, which is what was written where it is part of a run.

    Raises:
        RunError: it is in a run folder, and has changed since it was written there.
    """
    folder = path.parent.parent if path.parent.name == _PREPARED else path.parent
    journal = folder / FILE_NAME
    if journal.exists() or head_of(journal).exists():
        name = path.relative_to(folder).as_posix()
        check_files(folder, [name], recorded_digests(journal))
    return path


def _digest(path: Path) -> str:
    try:
        return sha256(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}.") from None


def _changed(path: Path, name: str) -> RunError:
    again = _AGAIN.get(name, _AGAIN["findings.json"] if "/" in name else _FETCHED)
    copy = ", or copy it to another folder to score it as it is"
    return RunError(
        f"{path}: the content has changed since Pitchpipe wrote it. Put it back as it was, or "
        f"delete it and give the command of the run again: {again}"
        f"{copy if name == 'predictions.jsonl' else ''}."
    )
