"""What a model has learnt, and what it needs to go on learning; in memory and in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from pitchpipe_hf.adapters import Tensors
from pitchpipe_hf.loading import Loaded

_PREFIX, _ADAPTER = "base_model.model.", ".default."
_MOMENTS, _REFERENCE = "moments", "reference"


@dataclass(eq=False)
class Tuned:
    """The tensors that were trained, and what goes with them.

    Attributes:
        tensors: by the names of their places in the base model; empty before any training.
        labels: the answers it was trained on, as tokens, where these are few.
        moments: of the optimizer at the end of an epoch that is not the last.
        reference: what preferences are measured against, where that is not the base model itself.
    """

    tensors: Tensors = field(default_factory=dict)
    labels: Sequence[Sequence[int]] = ()
    moments: Tensors = field(default_factory=dict)
    reference: Tensors = field(default_factory=dict)

    def save(self, folder: Path, loaded: Loaded) -> None:
        """Writes all of it but the labels."""
        self.save_trained(folder, loaded)
        _write(folder / f"{_MOMENTS}.safetensors", self.moments)
        _write(folder / f"{_REFERENCE}.safetensors", self.reference)

    def save_trained(self, folder: Path, loaded: Loaded) -> None:
        """Writes the tensors, of an adapter as PEFT does, so that other programs can load it."""
        if loaded.config is not None and self.tensors:
            loaded.config.save_pretrained(str(folder))
        _write(_file(folder, loaded), {_outer(n, loaded): t for n, t in self.tensors.items()})

    @classmethod
    def load(cls, folder: Path, loaded: Loaded, labels: Sequence[Sequence[int]]) -> Tuned:
        """What ``save`` wrote.

        Raises:
            OSError: a file cannot be read.
        KeyError: it is that of another base model.
            SafetensorError: it is damaged.
        """
        device = loaded.device
        trained = _read(_file(folder, loaded), device)
        return cls(
            # in the order of training, in which sums are made
            {name: trained[_outer(name, loaded)] for name in loaded.places} if trained else {},
            labels,
            _read(folder / f"{_MOMENTS}.safetensors", device),
            _read(folder / f"{_REFERENCE}.safetensors", device),
        )


def _file(folder: Path, loaded: Loaded) -> Path:
    return folder / ("adapter_model.safetensors" if loaded.config else "weights.safetensors")


def _outer(name: str, loaded: Loaded) -> str:
    """A place's name as PEFT writes it."""
    return _PREFIX + name.replace(_ADAPTER, ".") if loaded.config else name


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    if tensors:
        save_file({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, path)


def _read(path: Path, device: torch.device) -> Tensors:
    if not path.exists():
        return {}
    with safe_open(path, framework="pt", device=str(device)) as file:
        # a copy lies in memory as what was trained does, so that sums come to the same bits
        return {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
