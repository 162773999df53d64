"""What is checked, and what helps the kit to check it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis.strategies import SearchStrategy

from pitchpipe.errors import UsageError
from pitchpipe.records import Contract, PreparedData, Request, TrainingSpec
from pitchpipe.stages import (
    Engine,
    Formatter,
    Learner,
    Predictor,
    Splitter,
    Trainer,
    Validator,
)

KINDS: tuple[type, ...] = (Formatter, Validator, Splitter, Trainer, Predictor, Learner, Engine)
"""The contracts that there are checks for."""


@dataclass(frozen=True)
class Subject:
    """A stage and what helps to check it; everything but the stage may be left out.

    Attributes:
        stage: the stage; of a learner its class.
        name: what to call it in test ids and messages; by default its class's name.
        expected_failures: names of checks that fail, and why; each is marked as a strict xfail.
        rows: formatters, validators and splitters: the rows to generate, as mappings of the columns
            of a chunk. By default the kit makes them up from the stage's kind and scope.
        contract: validators: what they are bound to.
        within: trainers and predictors: makes the stage anew in an empty folder, so that no check
            sees what another left behind. By default the stage serves all checks.
        data: trainers: writes the files to train on into a folder; by default a few dozen records.
        spec: trainers: what is trained.
        model: predictors: the model to ask, or what makes one in the folder of ``within``.
        requests: predictors: what to ask; by default short prompts for completions.
        records: learners: the records to learn from, all of one format; by default records of
            every format that the capabilities name.
        folder: where a check's files are; the kit sets it.
    """

    stage: Any
    name: str = ""
    expected_failures: Mapping[str, str] = field(default_factory=dict)
    rows: SearchStrategy[Mapping[str, Any]] | None = None
    contract: Contract | None = None
    within: Callable[[Path], Any] | None = None
    data: Callable[[Path], PreparedData] | None = None
    spec: TrainingSpec = field(default_factory=lambda: TrainingSpec(n_epochs=2, seed=1))
    model: str | Callable[[Path], str] = "model"
    requests: SearchStrategy[Request] | None = None
    records: SearchStrategy[list[dict[str, Any]]] | None = None
    folder: Path = Path()

    def __post_init__(self) -> None:
        """Refuses what is no stage.

        Raises:
            UsageError: it is of no kind, or a class where a stage is expected.
        """
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        if isinstance(self.stage, type):
            if issubclass(self.stage, Learner):
                return
            name = self.stage.__name__
            raise UsageError(f"{name} is a class; expected a stage such as {name}().")
        if not isinstance(self.stage, KINDS):
            raise UsageError(f"{self.stage!r} is no stage; expected one of the kinds {kinds}.")

    @classmethod
    def of(cls, element: object) -> Subject:
        """The element itself if it is one already, else one that has it for its stage."""
        return element if isinstance(element, Subject) else cls(element)

    @property
    def kind(self) -> type:
        """The contract that the stage keeps."""
        stage = self.stage if isinstance(self.stage, type) else type(self.stage)
        return next(kind for kind in KINDS if issubclass(stage, kind))

    @property
    def label(self) -> str:
        """What to call it."""
        stage = self.stage if isinstance(self.stage, type) else type(self.stage)
        return self.name or stage.__name__

    @property
    def capabilities(self) -> Any:
        """What the stage says of itself."""
        stage = self.stage
        return (stage.create() if issubclass(self.kind, Learner) else stage).capabilities

    @contextmanager
    def placed(self) -> Iterator[Subject]:
        """The subject with an empty folder, in which its stage is made anew if it can be."""
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            model = self.model if isinstance(self.model, str) else self.model(folder)
            stage = self.within(folder) if self.within else self.stage
            yield replace(self, stage=stage, folder=folder, model=model)

    def with_stage(self, stage: object) -> Subject:
        """The same help for another stage."""
        return self if stage is self.stage else replace(self, stage=stage)
