"""The files between preparing and training, and the manifest that says how they were written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pitchpipe.errors import DataError, UsageError
from pitchpipe.files import write_json
from pitchpipe.records import Contract, Finding, Fix, PreparedData, Severity
from pitchpipe.tables.base import Table


@dataclass(frozen=True)
class Outputs:
    """Where prepared files go.

    Attributes:
        train: JSONL of the training records.
        valid: JSONL of the validation records.
        whole: JSONL of all records, where none are held out.
        changes: the change log.
        manifest: what is known of them.
    """

    train: Path
    valid: Path
    whole: Path
    changes: Path
    manifest: Path

    @classmethod
    def beside(cls, folder: Path, stem: str) -> Outputs:
        """The names that the ``prepare`` command writes."""
        return cls(
            folder / f"{stem}_prepared_train.jsonl",
            folder / f"{stem}_prepared_valid.jsonl",
            folder / f"{stem}_prepared.jsonl",
            folder / f"{stem}_prepared_changes.jsonl",
            folder / f"{stem}_prepared.json",
        )

    @classmethod
    def inside(cls, folder: Path) -> Outputs:
        """The names in a run folder."""
        return cls(
            folder / "train.jsonl",
            folder / "valid.jsonl",
            folder / "train.jsonl",
            folder / "changes.jsonl",
            folder / "manifest.json",
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, each once."""
        every = (self.train, self.valid, self.whole, self.changes, self.manifest)
        return tuple(dict.fromkeys(every))

    def train_of(self, valid_rows: int) -> Path:
        """The file of the training records, given how many are held out."""
        return self.train if valid_rows else self.whole


@dataclass(frozen=True)
class Origin:
    """What prepared files were made from.

    Attributes:
        file: the table.
        sha256: the digest of its content.
        profile: whose decisions were taken.
    """

    file: str
    sha256: str
    profile: str


def save_manifest(data: PreparedData, path: Path, origin: Origin | None = None) -> None:
    """Writes what is known of prepared files, with their digests.

    Args:
        data: the files.
        path: the manifest.
        origin: what they were made from, where it is a file.
    """
    write_json(
        path,
        {
            "contract": data.contract.to_json(),
            "train": _described(data.train, data.train_rows),
            "valid": _described(data.valid, data.valid_rows) if data.valid else None,
            "training": {"model": data.model, "method": data.method} if data.model else None,
            "source": asdict(origin) if origin else None,
            "applied": list(data.applied),
            "changes": _digested(data.changes) if data.changes else None,
            "notes": list(data.notes),
            "findings": [finding.to_json() for finding in data.findings],
        },
    )


def load_manifest(path: Path) -> PreparedData | None:
    """The prepared files that a manifest describes.

    Returns:
        None when there is no manifest, or a file is not the one it describes any more.

    Raises:
        DataError: the manifest is damaged.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        train, valid = (_found(path.parent, manifest[side]) for side in ("train", "valid"))
        if train is None or (valid is None and manifest["valid"] is not None):
            return None
        return PreparedData(
            train=train,
            valid=valid,
            train_rows=manifest["train"]["rows"],
            valid_rows=manifest["valid"]["rows"] if valid else 0,
            contract=Contract.from_json(manifest["contract"]),
            findings=tuple(map(_finding, manifest["findings"])),
            notes=tuple(manifest["notes"]),
            applied=tuple(manifest["applied"]),
            changes=_beside(path, manifest["changes"]),
            # a manifest of version 0.1 and before does not say it
            **(manifest.get("training") or {}),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: not a manifest of prepared files ({error!r}). Delete it and prepare again."
        ) from None


def origin_of(path: Path) -> Origin | None:
    """What a manifest says that prepared files were made from, None where that is not known."""
    try:
        return Origin(**json.loads(path.read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outputs_of(table: Table, folder: Path) -> tuple[Outputs, str]:
    """Where the prepared files of a table go, so that those of another table stay.

    They are named after the table's stem, or, where that is taken by another file's, after its
    whole name.

    Args:
        table: what is prepared.
        folder: where.

    Returns:
        The places, and a sentence about a name that was taken; "" where it was not.

    Raises:
        UsageError: both names are taken.
    """
    outputs = Outputs.beside(folder, table.name)
    other = _other_origin(outputs, table.path)
    if table.path is None or other is None:
        return outputs, ""
    longer = Outputs.beside(folder, table.path.name)
    if _other_origin(longer, table.path) is not None:
        raise UsageError(
            f"{longer.manifest}: the files beside it were prepared from another file than "
            f"{table.path}. Expected a folder without them; pass --out-dir DIR."
        )
    return longer, (
        f"{outputs.manifest} belongs to {other}, so the files of {table.path} are named "
        f"{longer.manifest.stem}."
    )


def _other_origin(outputs: Outputs, source: Path | None) -> str | None:
    """What the files that are there were prepared from, if it is another file than a source."""
    origin = origin_of(outputs.manifest)
    if origin is None or source is None or _is_same_file(Path(origin.file), source, outputs):
        return None
    return origin.file


def _is_same_file(known: Path, source: Path, outputs: Outputs) -> bool:
    if known.name != source.name:
        return False
    if known.is_absolute() or known.exists():
        return known.resolve() == source.resolve() or not known.exists()
    # written by a process that was in another folder
    beside = outputs.manifest.with_name(known.name)
    return beside.resolve() == source.resolve() or source.parts[-len(known.parts) :] == known.parts


def recorded_files(path: Path) -> dict[Path, str]:
    """The files that a manifest names, by the digest of each; none where it cannot be read."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        described = [manifest[kind] for kind in ("train", "valid", "changes") if manifest[kind]]
        return {path.with_name(Path(one["file"]).name): one["sha256"] for one in described}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def remove_unchanged(path: Path, digest: str) -> None:
    """Removes a file that still has that digest; one that somebody has changed is left alone."""
    if path.is_file() and sha256(path) == digest:
        path.unlink()


def manifest_of(train: Path) -> Path:
    """Where the manifest of a training file lies, if it has one."""
    if train.name == "train.jsonl":
        return train.with_name("manifest.json")
    stem = train.name.removesuffix(".jsonl").removesuffix("_train")
    return train.with_name(f"{stem}.json")


def sha256(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _described(path: Path, rows: int) -> dict[str, Any]:
    return {**_digested(path), "rows": rows}


def _digested(path: Path) -> dict[str, Any]:
    return {"file": path.name, "sha256": sha256(path)}


def _beside(manifest: Path, described: dict[str, Any] | None) -> Path | None:
    return manifest.with_name(Path(described["file"]).name) if described else None


def _found(folder: Path, described: dict[str, Any] | None) -> Path | None:
    if described is None:
        return None
    path = folder / Path(described["file"]).name
    return path if path.is_file() and sha256(path) == described["sha256"] else None


def _finding(data: dict[str, Any]) -> Finding:
    fix = Fix(data["fix"], _already_applied) if data["fix"] else None
    typed = {"fix": fix, "severity": Severity(data["severity"]), "lines": tuple(data["lines"])}
    return Finding(**{**data, **typed})


def _already_applied(chunk: pd.DataFrame) -> pd.DataFrame:
    # the file holds what came of the fix
    return chunk
