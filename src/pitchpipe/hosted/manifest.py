"""What is saved of one object: its parts with their sizes and digests, and what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from pitchpipe.hosted.objects import Kind, Reference
from pitchpipe.hosted.paths import folder_name

Why: TypeAlias = Literal["failed", "refused", "gone", "not offered"]
"""What became of a part that is not saved.

``failed`` may succeed when it is tried again, ``refused`` is not given by the service, ``gone`` is
no longer there, and ``not offered`` is what the service has no request for.
"""

FOLDERS: Mapping[Kind, str] = {
    "job": "jobs",
    "batch": "batches",
    "model": "models",
    "file": "files",
}
"""Where the objects of each kind are."""


@dataclass(frozen=True)
class Part:
    """A file of an object's folder that is whole.

    Attributes:
        bytes: its size.
        sha256: its digest, in hexadecimal.
    """

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Missing:
    """A part of an object that is not saved.

    Attributes:
        part: the name that the file would have.
        why: what became of it.
        reason: in the service's words, or ours.
    """

    part: str
    why: Why
    reason: str


@dataclass(frozen=True)
class Manifest:
    """What is saved of one object.

    Attributes:
        kind: what it is.
        id: its id at the service.
        at: when it was saved, in UTC.
        run: the run that saved it.
        parts: the files that are whole, by name.
        missing: what is not saved, and why.
        refers_to: what it mentions.
    """

    kind: Kind
    id: str
    at: str
    run: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    missing: Sequence[Missing] = ()
    refers_to: Sequence[Reference] = ()

    @property
    def path(self) -> str:
        """Its folder, below that of the backup."""
        return f"{FOLDERS[self.kind]}/{folder_name(self.id)}"

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON."""
        return {
            "kind": self.kind,
            "id": self.id,
            "at": self.at,
            "run": self.run,
            "whole": not self.missing,
            "parts": {name: asdict(part) for name, part in self.parts.items()},
            "missing": [asdict(missing) for missing in self.missing],
            "refers_to": [
                reference.to_json()
                | (
                    {"folder": f"{FOLDERS[reference.kind]}/{folder_name(reference.id)}"}
                    if reference.kind in FOLDERS
                    else {}
                )
                for reference in self.refers_to
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Manifest:
        """The manifest that ``to_json`` made.

        Raises:
            KeyError: a key is missing.
            TypeError: a value is of another type.
        """
        return cls(
            value["kind"],
            value["id"],
            value["at"],
            value["run"],
            {name: Part(**part) for name, part in value["parts"].items()},
            tuple(Missing(**missing) for missing in value["missing"]),
            tuple(Reference(one["role"], one["kind"], one["id"]) for one in value["refers_to"]),
        )
