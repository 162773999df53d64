"""Graders: what an answer to a record is worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitchpipe.service.graders.errors import DefinitionError, Flag, GradingError
from pitchpipe.service.graders.formula import Formula
from pitchpipe.service.graders.samples import sample_of
from pitchpipe.service.graders.similarity import METRICS
from pitchpipe.service.graders.strings import OPERATIONS
from pitchpipe.service.graders.templates import Path, Template, find

_LONGEST = 100_000  # characters of a text whose likeness is measured
_MAX_PAIRS = 1_000_000_000  # of characters, one of each text: comparing goes by their product
_MAX_GRADERS = 20  # in a multi grader


@dataclass(frozen=True)
class Grade:
    """What an answer is worth.

    Attributes:
        reward: 0 where it could not be graded.
        scores: of each grader that a multi grader puts together.
        flags: what went wrong.
        reasons: the same for a person.
    """

    reward: float
    scores: Mapping[str, float] = field(default_factory=dict)
    flags: frozenset[Flag] = frozenset()
    reasons: tuple[str, ...] = ()


class Grader(ABC):
    """Grades answers. The same answer to the same record is always worth the same."""

    @abstractmethod
    def check(self) -> None:
        """Whether it can grade anything.

        Raises:
            DefinitionError: it cannot.
        """

    @abstractmethod
    def templates(self) -> Iterator[Template]:
        """All texts with variables in it."""

    @abstractmethod
    def grade(self, item: Mapping[str, Any], sample: Mapping[str, Any]) -> Grade:
        """Grades an answer.

        Args:
            item: the record.
            sample: the answer, as ``sample_of`` gives it.
        """

    def reward(self, item: Mapping[str, Any], answer: str) -> float:
        """What an answer to a record is worth."""
        return self.grade(item, sample_of(answer)).reward

    def trouble(self, item: Mapping[str, Any]) -> str | None:
        """Why no answer to a record can be graded, None if one can."""
        paths: set[Path] = {path for text in self.templates() for path in text.paths("item")}
        for path in sorted(paths, key=str):
            try:
                find({"item": item}, path)
            except GradingError as error:
                return f"the grader names {error}"
        return None


@dataclass(frozen=True)
class _Comparison(Grader):
    """A grader of two texts."""

    input: Template
    reference: Template

    def check(self) -> None:
        """As Grader says."""
        self.input.check("input")
        self.reference.check("reference")

    def templates(self) -> Iterator[Template]:
        """As Grader says."""
        yield from (self.input, self.reference)

    def grade(self, item: Mapping[str, Any], sample: Mapping[str, Any]) -> Grade:
        """As Grader says."""
        values = {"item": item, "sample": sample}
        try:
            return Grade(self.compare(self.input.fill(values), self.reference.fill(values)))
        except GradingError as error:
            return Grade(0.0, flags=frozenset({error.flag}), reasons=(str(error),))

    @abstractmethod
    def compare(self, text: str, reference: str) -> float:
        """The score of one text against another."""


@dataclass(frozen=True)
class StringCheck(_Comparison):
    """1 if a check of two texts holds, else 0."""

    operation: str

    def compare(self, text: str, reference: str) -> float:
        """As _Comparison says."""
        return float(OPERATIONS[self.operation](text, reference))


@dataclass(frozen=True)
class TextSimilarity(_Comparison):
    """How alike two texts are, from 0 to 1."""

    metric: str

    def compare(self, text: str, reference: str) -> float:
        """As _Comparison says.

        Raises:
            GradingError: a text is so long that comparing takes seconds.
        """
        if max(len(text), len(reference)) > _LONGEST:
            raise GradingError(
                "other_error",
                f"text_similarity compares texts of at most {_LONGEST} characters.",
            )
        if len(text) * len(reference) > _MAX_PAIRS:
            raise GradingError(
                "other_error",
                f"text_similarity compares texts whose lengths multiply to at most {_MAX_PAIRS}; "
                f"these have {len(text)} and {len(reference)} characters.",
            )
        return METRICS[self.metric](text, reference)


@dataclass(frozen=True)
class Multi(Grader):
    """A formula over the scores of other graders, by their names."""

    graders: Mapping[str, Grader]
    formula: Formula

    def check(self) -> None:
        """As Grader says; the graders in it are taken to be checked."""
        self.formula.check(self.graders)

    def templates(self) -> Iterator[Template]:
        """As Grader says."""
        for grader in self.graders.values():
            yield from grader.templates()

    def grade(self, item: Mapping[str, Any], sample: Mapping[str, Any]) -> Grade:
        """As Grader says; an answer that one grader cannot grade is worth 0 to that one."""
        grades = {name: grader.grade(item, sample) for name, grader in self.graders.items()}
        scores = {name: grade.reward for name, grade in grades.items()}
        flags = frozenset(flag for grade in grades.values() for flag in grade.flags)
        reasons = tuple(reason for grade in grades.values() for reason in grade.reasons)
        try:
            reward = self.formula.value(scores)
        except GradingError as error:
            return Grade(0.0, scores, flags | {error.flag}, (*reasons, str(error)))
        return Grade(reward, scores, flags, reasons)


def named(graders: object) -> dict[str, tuple[str, Any]]:
    """The graders of a multi grader, by name: where each is defined, and its definition.

    Args:
        graders: an object of them by name, as the vendor's guide has it; a list of them, or a
            single one, as its specification has it.

    Raises:
        DefinitionError: there is none, there are too many, or two have one name.
    """
    found: dict[str, tuple[str, Any]] = {}
    single = isinstance(graders, Mapping) and isinstance(graders.get("type"), str)
    if isinstance(graders, Mapping | list) and not single and len(graders) > _MAX_GRADERS:
        raise DefinitionError(
            "graders", f"there are {len(graders)} graders; at most {_MAX_GRADERS} are allowed."
        )
    if isinstance(graders, Mapping) and not single:
        for name, one in graders.items():
            found[name] = (f"graders.{name}", _called(name, one))
    else:
        listed = graders if isinstance(graders, list) else [graders]
        for place, one in enumerate(listed):
            where = f"graders[{place}]" if isinstance(graders, list) else "graders"
            name = str(one.get("name")) if isinstance(one, Mapping) else where
            if name in found:
                raise DefinitionError(f"{where}.name", f"two graders are called '{name}'.")
            found[name] = (where, one)
    if not found:
        raise DefinitionError("graders", "at least one grader is needed.")
    return found


def _called(name: str, grader: Any) -> Any:
    return {"name": name} | grader if isinstance(grader, dict) else grader


def build(definition: Mapping[str, Any]) -> Grader:
    """The grader of a definition of the API whose fields are all there and of the right kind."""
    if definition["type"] == "multi":
        graders = {name: build(one) for name, (_, one) in named(definition["graders"]).items()}
        return Multi(graders, Formula(definition["calculate_output"]))
    given, wanted = Template(definition["input"]), Template(definition["reference"])
    if definition["type"] == "string_check":
        return StringCheck(given, wanted, definition["operation"])
    return TextSimilarity(given, wanted, definition["evaluation_metric"])
