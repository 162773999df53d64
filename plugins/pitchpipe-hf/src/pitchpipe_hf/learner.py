"""The learner: a language model of Transformers, tuned in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pitchpipe.errors import DataError
from pitchpipe.files import write_json
from pitchpipe.records import Format
from pitchpipe.stages import FitOptions, FitStep, Learner, Token
from pitchpipe.stages.capabilities import LearnerCapabilities
from pitchpipe_hf import bases
from pitchpipe_hf.settings import Settings

if TYPE_CHECKING:
    from pitchpipe_hf.model import Model

_FILE = "model.json"


class HfLearner(Learner):
    """A base model and what was trained of it. Nothing heavy is loaded before it is needed.

    Args:
        base: the base model's name.
        model: what was trained, None for the base model as it is.
    """

    concurrent = True
    language_model = True
    capabilities = LearnerCapabilities(methods=("supervised", "dpo"))
    settings: ClassVar[Settings] = Settings()

    def __init__(self, base: str, model: Model | None = None) -> None:
        self._base = base
        self._opened = model
        self._turn = threading.Lock()

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> type[Self]:
        """The class as a user's options set it up; they are the fields of ``Settings``.

        Raises:
            ConfigError: an option is unknown, or its value cannot be.
        """
        return type(cls.__name__, (cls,), {"settings": Settings.of(options)})

    @classmethod
    def bases(cls) -> Mapping[str, Format]:
        """The packaged model, where it is installed, and the aliases that the user gave."""
        return bases.known(cls.settings)

    @classmethod
    def base_for(cls, name: str) -> str:
        """The model of Transformers that stands behind the name."""
        return bases.find(name, cls.settings).target

    @classmethod
    def create(cls) -> Self:
        """The base model that stands behind every name which is no alias."""
        return cls.create_from(cls.settings.base)

    @classmethod
    def create_from(cls, base: str) -> Self:
        """The base model of that name."""
        return cls(base)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model that ``save`` wrote.

        Raises:
            ConfigError: its base model is not there any more.
            DataError: a file is missing or damaged.
        """
        from safetensors import SafetensorError

        from pitchpipe_hf.model import Model

        path = folder / _FILE
        try:
            saved = json.loads(path.read_bytes())
            if "shape" not in saved:  # never trained, nor asked
                return cls(saved["name"])
            return cls(saved["name"], Model.load(saved, folder, cls.settings))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise DataError(
                f"{path}: not a saved model ({type(error).__name__}: {error}); train it again."
            ) from error

    def save(self, folder: Path) -> None:
        """Writes ``model.json`` and what was trained, not the base model."""
        about = self._opened.save(folder) if self._opened else None
        write_json(folder / _FILE, about or {"name": self._base})

    def export(self, folder: Path, form: str) -> None:
        """Writes the adapter, or the whole model, as Transformers and PEFT do.

        Raises:
            UsageError: the form is neither ``adapter`` nor ``merged``, or there is no adapter.
        """
        self._model().export(folder, form)

    def fit(
        self,
        train: Sequence[Mapping[str, Any]],
        valid: Sequence[Mapping[str, Any]],
        options: FitOptions,
        done_epochs: int = 0,
    ) -> Iterator[FitStep]:
        """Trains in place, one step an item; whoever takes no more of them frees what it needed.

        Raises:
            UsageError: the method is reinforcement.
            DataError: a record is too long, or cannot be put into the model's template.
            MemoryExhaustedError: a batch does not fit into memory.
        """
        yield from self._model().fit(train, valid, options, done_epochs)

    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        """The answer up to its end, its stop or its limit; raises as ``stream`` does."""
        return list(self.stream(request, temperature, seed))

    def stream(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Iterator[Token]:
        """The answer, each token as it comes.

        Raises:
            UsageError: the prompt leaves no room for an answer.
            ConfigError: the base model has no template for conversations.
        """
        return self._model().stream(request, temperature, seed)

    def read(self, text: str) -> Sequence[Token]:
        """The text's tokens with the log probabilities that the model gives them."""
        return self._model().read(text) or super().read(text)

    def _model(self) -> Model:
        with self._turn:
            if self._opened is None:
                from pitchpipe_hf.model import Model

                self._opened = Model.create(self._base, self.settings)
            return self._opened
