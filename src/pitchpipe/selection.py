"""Turning the names in a configuration into stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import pandas as pd

from pitchpipe.config import AUTO, Config, StageConfig, ValidatorsConfig
from pitchpipe.errors import UsageError
from pitchpipe.formats.fitting import Fit, RowFacts, fit
from pitchpipe.formats.kinds import is_graded, kind_of
from pitchpipe.plugins import PluginHost
from pitchpipe.profiles import PROFILES
from pitchpipe.records import Contract, TrainingOptions
from pitchpipe.registry import Registry, option_names
from pitchpipe.schema import Schema, default_splitter
from pitchpipe.stages import Engine, Formatter, Predictor, Splitter, Trainer, Validator

StageT = TypeVar("StageT")
Kind = Literal["formatter", "splitter", "engine", "trainer", "predictor"]
KINDS: tuple[Kind, ...] = ("formatter", "splitter", "engine", "trainer", "predictor")


@dataclasses.dataclass(frozen=True)
class Named(Generic[StageT]):
    """A stage, the name it goes by, and why it was chosen where nobody asked for it."""

    name: str
    stage: StageT
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Parts:
    """Stages given as objects, which take the place of the configured ones."""

    formatter: Formatter | None = None
    validators: tuple[Validator[Any], ...] | None = None
    splitter: Splitter | None = None
    engine: Engine | None = None
    trainer: Trainer | None = None
    predictor: Predictor | None = None


class Selection:
    """The stages that a configuration asks for.

    Args:
        config: names and options.
        host: where the names are looked up.
        parts: what need not be looked up.

    Attributes:
        config: with the parts described in it.
        profile: the one that it names.
        named_formatter: the formatter, where the configuration names one.

    Raises:
        UsageError: a name is unknown, or an option is; all are checked here, before anything runs.
    """

    def __init__(self, config: Config, host: PluginHost, parts: Parts) -> None:
        self._host = host
        self._parts = parts
        self.config = self._described(spelled(config, host))
        self.profile = PROFILES[self.config.data.profile]
        self.named_formatter = (
            self._formatter().stage if self.config.formatter.name != AUTO else None
        )
        if self.config.splitter.name != AUTO:
            self._splitter()
        self.engine = self._make(host.engines, "engine", parts.engine).stage
        trainer = self._make(host.trainers, "trainer", parts.trainer)
        self.trainer_name = trainer.name
        self.trainer = trainer.stage.with_learners(host.learner)
        self.validators = tuple(
            v for v in self._validators() if self.trainer.hosted or not v.stage.hosted_only
        )
        self.predictor = self._predictor().with_learners(host.learner)

    def fit(self, rows: RowFacts, training: TrainingOptions | None = None) -> Fit:
        """The records, the model and the method that those rows are trained with.

        Args:
            rows: what is trained on.
            training: what takes the place of the configured training.

        Raises:
            UsageError: the model or the method that is named does not fit the rows.
        """
        training = training or self.config.training
        known = self.trainer.format_of(training.model)  # refuses a learner that is not there
        return fit(rows, training, known)

    def rows(self, name: str, schema: Schema, sample: pd.DataFrame) -> RowFacts:
        """What is known of the rows of a table before a model is chosen.

        Args:
            name: what to call the table in messages.
            schema: what its columns are.
            sample: its first rows, under the names that the stages know.
        """
        plain = self._plain_rows(name, schema, sample)
        helps = self._fits(plain)
        if self.named_formatter is not None:
            kind = kind_of(self.named_formatter.format, self.config.training.method)
            why = f"the formatter {self.config.formatter.name} makes these"
            otherwise = "leave out --format (formatter.name)" if helps else ""
            return RowFacts(name, kind.name, why, otherwise)
        if self.profile.verbatim:
            why = f"the profile {self.profile.name} makes no others"
            otherwise = "leave out --profile (data.profile)" if helps else ""
            return RowFacts(name, "completion", why, otherwise)
        return plain

    def _plain_rows(self, name: str, schema: Schema, sample: pd.DataFrame) -> RowFacts:
        """The same where neither a formatter is named nor a profile that makes one kind alone."""
        method = self.config.training.method
        if schema.open_ended:
            return RowFacts(name, "completion", "the prompts are empty", "fill in the prompts")
        if schema.shape is None:
            return RowFacts(name)
        if schema.shape == "chat" and method not in ("supervised", "reinforcement"):
            options = self.config.training.method_options
            if "grader" in options or is_graded(sample.columns, list(sample["messages"])):
                method = "reinforcement"
        return RowFacts(name, kind_of(schema.shape, method).name)

    def _fits(self, rows: RowFacts) -> bool:
        try:
            self.fit(rows)
        except UsageError:
            return False
        return True

    def formatter(self, schema: Schema, fitted: Fit) -> Named[Formatter]:
        """The formatter that makes such records of rows of that schema."""
        if self.named_formatter is not None:
            return Named(self.config.formatter.name, self.named_formatter)
        options: dict[str, Any] = {}
        if schema.open_ended and not self.profile.verbatim:
            options = {"separator": ""}
        elif fitted.kind.name == "reinforcement":
            options = {"extras": True}
        return self.made_formatter(fitted.kind.format, options)

    def made_formatter(self, name: str, options: Mapping[str, Any]) -> Named[Formatter]:
        """A formatter of that name with those options."""
        return Named(name, self._host.formatters.create(name, options))

    def splitter(self, schema: Schema, labels: int) -> Named[Splitter]:
        """The splitter for records with so many labels, 0 where answers are free text."""
        if self.config.splitter.name != AUTO:
            return self._splitter()
        name, note = self.profile.splitter, ""
        if not name:
            name, note = default_splitter(schema, labels)
        options = self.config.splitter.options
        return Named(name, self._host.splitters.create(name, options, "splitter"), note)

    def formatter_of(self, contract: Contract) -> Formatter:
        """The formatter that wrote the records of a contract, made again.

        Raises:
            UsageError: no plugin offers it; names it.
        """
        part = self._parts.formatter
        written_by = self._host.formatters.spelling(contract.formatter)
        if part is not None and self.config.formatter.name == written_by:
            return part
        registry = self._host.formatters
        self._host.get(registry, contract.formatter)
        return registry.create(contract.formatter, contract.options, "contract.options")

    def _described(self, config: Config) -> Config:
        sections: dict[str, Any] = {}
        for kind in KINDS:
            part = getattr(self._parts, kind)
            if part is not None:
                registry: Registry[Any] = getattr(self._host, f"{kind}s")
                sections[kind] = StageConfig(_name(registry, part), _options(part))
        if self._parts.validators is not None:
            named = [(_name(self._host.validators, v), _options(v)) for v in self._parts.validators]
            sections["validators"] = ValidatorsConfig(
                use=tuple(name for name, _ in named),
                options={name: options for name, options in named if options},
            )
        return dataclasses.replace(config, **sections)

    def _make(self, registry: Registry[StageT], kind: Kind, part: StageT | None) -> Named[StageT]:
        stage: StageConfig = getattr(self.config, kind)
        if part is not None:
            return Named(stage.name, part)
        self._host.get(registry, stage.name)
        return Named(stage.name, registry.create(stage.name, stage.options, kind))

    def _formatter(self) -> Named[Formatter]:
        return self._make(self._host.formatters, "formatter", self._parts.formatter)

    def _splitter(self) -> Named[Splitter]:
        return self._make(self._host.splitters, "splitter", self._parts.splitter)

    def _validators(self) -> tuple[Named[Validator[Any]], ...]:
        wanted = self.config.validators
        names = wanted.names(self.profile.validators)
        if self._parts.validators is not None:
            return tuple(map(Named, names, self._parts.validators))
        registry = self._host.validators
        for name in wanted.skip:
            if not registry.named(name.rpartition(":")[2]):
                self._host.get(registry, name)  # raises, with whatever did not load
        unused = [name for name in wanted.options if name not in names]
        if unused:
            raise UsageError(
                f"validators.options.{unused[0]}: this validator is not in use. "
                f"In use: {', '.join(names)}."
            )
        made = []
        for name in names:
            self._host.get(registry, name)
            standard = self.profile.options.get(_own(name), {})
            options = {**standard, **wanted.options.get(name, {})}
            made.append(Named(name, registry.create(name, options, f"validators.options.{name}")))
        return tuple(made)

    def _predictor(self) -> Predictor:
        if self._parts.predictor is not None:
            return self._parts.predictor
        stage = self.config.predictor
        name = self.trainer.predictor if stage.name == AUTO else stage.name
        registry = self._host.predictors
        known = option_names(self._host.get(registry, name).stage)
        shared = {k: v for k, v in self.trainer.predictor_options().items() if k in known}
        return registry.create(name, {**shared, **stage.options}, "predictor")


def spelled(config: Config, host: PluginHost) -> Config:
    """The configuration with every stage in its one spelling, whichever the user wrote.

    Raises:
        UsageError: a validator has options under two spellings of its name.
    """
    sections: dict[str, Any] = {}
    for kind in KINDS:
        stage: StageConfig = getattr(config, kind)
        registry: Registry[Any] = getattr(host, f"{kind}s")
        sections[kind] = dataclasses.replace(stage, name=registry.spelling(stage.name))
    validators = spelled_validators(config.validators, host)
    return dataclasses.replace(config, validators=validators, **sections)


def spelled_validators(rules: ValidatorsConfig, host: PluginHost) -> ValidatorsConfig:
    """As ``spelled``, of the validators alone."""
    spelling = host.validators.spelling
    options: dict[str, Mapping[str, Any]] = {}
    for name, given in rules.options.items():
        if spelling(name) in options:
            raise UsageError(
                f"validators.options: {name!r} and {spelling(name)!r} are one validator, and both "
                f"have options. Write them under one name, validators.options.{spelling(name)}."
            )
        options[spelling(name)] = given
    return ValidatorsConfig(
        use=None if rules.use is None else tuple(map(spelling, rules.use)),
        also=tuple(map(spelling, rules.also)),
        skip=tuple(map(spelling, rules.skip)),
        options=options,
    )


def _own(name: str) -> str:
    """The name that profiles have for a validator: that of the ones that come with Pitchpipe."""
    return name.removeprefix("pitchpipe:")


def _name(registry: Registry[Any], stage: object) -> str:
    for entry in registry:
        if entry.stage is type(stage):
            return registry.spelling_of(entry)
    return f"{type(stage).__module__}.{type(stage).__qualname__}"


def _options(stage: object) -> dict[str, Any]:
    return {name: getattr(stage, name) for name in option_names(type(stage))}
