"""Base and tuned models: which there are, and the learners that answer for them."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.service.engine.catalog import BASES, Base
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Filter, Store
from pitchpipe.stages import Learner, Token

OWNER = "offline"
"""The organization that everything belongs to."""

TUNED = "tuned"
CHECKPOINT = "checkpoint"
_KEPT_LOADED = 8

_Place = tuple[str, int]


@dataclass(frozen=True)
class Model:
    """A model that can be asked and trained on.

    Attributes:
        name: what it was found by.
        base: the base model it descends from.
        key: under which its learner is saved, "" for an untrained one.
        seq: its place in the order of creation, which no other model ever has; 0 for a base model.
    """

    name: str
    base: Base
    key: str
    seq: int = 0

    @property
    def shown_name(self) -> str:
        """Its own name, or that of the version that an alias stands for."""
        return self.name if self.key else self.base.id


class Models:
    """Models by name, and the learners behind the names.

    Args:
        store: where tuned models are listed.
        blobs: where they are saved.
        learner: the class that trains and answers.
        learner_name: under which it is registered; a model answers only through its own.

    Attributes:
        learner_name: as given.
        bases: the base models by every name they answer to: the full one, and the one that moves
            from version to version.
    """

    def __init__(
        self, store: Store, blobs: Blobs, learner: type[Learner], learner_name: str
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._learner = learner
        self.learner_name = learner_name
        own = learner.bases().items()
        self.bases = BASES | {name: Base(name, form, 0, OWNER) for name, form in own}
        self._loaded: OrderedDict[_Place, tuple[Learner, AbstractContextManager[object]]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    @property
    def quick(self) -> bool:
        """Whether an answer takes well under a millisecond."""
        return self._learner.quick

    def find(self, name: str) -> Model | None:
        """The model of that name, if there is one."""
        if name in self.bases:
            return Model(name, self.bases[name], "")
        row = self._store.get("model", name)
        if row is None:
            return None
        return Model(name, self.base(row.private["base"]), row.private["key"], row.seq)

    def base(self, name: str) -> Base:
        """The base model that something was made of.

        Raises:
            ApiError: this service does not know it, or not any more.
        """
        if name not in self.bases:
            raise ApiError(
                400,
                f"The base model `{name}` is not among those of this service: "
                "its learner was set up with others before.",
                param="model",
                code="model_not_available",
            )
        return self.bases[name]

    def add(self, name: str, base: Base, key: str, created: int, *, checkpoint: bool) -> None:
        """Gives a saved learner a name.

        Args:
            name: the model's name.
            base: the base model it descends from.
            key: under which its learner is saved.
            created: Unix seconds.
            checkpoint: whether it is left out of the list of models.
        """
        self._store.add(
            "model",
            name,
            {"id": name, "object": "model", "created": created, "owned_by": OWNER},
            parent=CHECKPOINT if checkpoint else TUNED,
            private={"base": base.id, "key": key, "learner": self.learner_name},
        )

    def forget(self, name: str) -> None:
        """Takes a name away, and the saved learner with its last name."""
        row = self._store.get("model", name)
        if row is None:
            return
        self._store.delete("model", name)
        key = row.private["key"]
        others = [
            *self._store.rows("model", Filter(TUNED)),
            *self._store.rows("model", Filter(CHECKPOINT)),
        ]
        if not any(other.private["key"] == key for other in others):
            self._blobs.drop_model(key)

    def learner(self, model: Model) -> Learner:
        """A learner of one's own, to train further.

        Raises:
            ApiError: the model is no longer there, or another learner trained it.
        """
        if not model.key:
            return self._learner.create_from(model.base.id)
        row = self._store.get("model", model.name)
        if row is not None and row.private["learner"] != self.learner_name:
            raise ApiError(
                400,
                f"The model `{model.name}` was trained by the learner "
                f"'{row.private['learner']}', but this service runs '{self.learner_name}'.",
                param="model",
                code="model_not_available",
            )
        return self.saved(model.key)

    def saved(self, key: str) -> Learner:
        """The learner saved under a key.

        Raises:
            ApiError: it is no longer there.
        """
        folder = self._blobs.model(key)
        if not folder.is_dir():
            raise ApiError(404, f"The saved model {key} is gone.", code="model_not_found")
        return self._learner.load(folder)

    def answer(self, model: Model, body: JSON, temperature: float, seed: int) -> Sequence[Token]:
        """What the model says.

        Args:
            model: which one.
            body: the body of a request with one prompt.
            temperature: 0 for the likeliest answer.
            seed: decides among the others.
        """
        learner, lock = self._ready(model)
        with lock:
            return learner.answer(body, temperature, seed)

    def stream(self, model: Model, body: JSON, temperature: float, seed: int) -> Generator[Token]:
        """What ``answer`` gives, each token as soon as it is there."""
        learner, lock = self._ready(model)
        with lock:
            yield from learner.stream(body, temperature, seed)

    @property
    def concurrent(self) -> bool:
        """Whether models answer several requests at once."""
        return self._learner.concurrent

    def export(self, name: str, folder: Path, form: str) -> None:
        """Writes a model into an existing empty folder, for other programs.

        Args:
            name: the model's.
            folder: where.
            form: which of the learner's forms.

        Raises:
            ApiError: there is no such model.
            UsageError: the learner does not know the form.
        """
        model = self.find(name)
        if model is None:
            raise unknown(name)
        self.learner(model).export(folder, form)

    def read(self, model: Model, text: str) -> Sequence[Token]:
        """The tokens of a text that the model reads."""
        learner, lock = self._ready(model)
        with lock:
            return learner.read(text)

    def _ready(self, model: Model) -> tuple[Learner, AbstractContextManager[object]]:
        place = (model.key or model.base.id, model.seq)
        with self._lock:
            if place in self._loaded:
                self._loaded.move_to_end(place)
            else:
                turn = contextlib.nullcontext() if self.concurrent else threading.Lock()
                self._loaded[place] = (self.learner(model), turn)
                if len(self._loaded) > _KEPT_LOADED:
                    self._loaded.popitem(last=False)
            return self._loaded[place]


def unknown(name: str) -> ApiError:
    """The refusal for a model that does not exist."""
    return ApiError(
        404,
        f"The model `{name}` does not exist or you do not have access to it.",
        code="model_not_found",
    )
