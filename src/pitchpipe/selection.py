"""Turning the names in a configuration into stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from pitchpipe.config import AUTO, Config, StageConfig
from pitchpipe.errors import UsageError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract
from pitchpipe.registry import Registry
from pitchpipe.schema import Schema, default_format, default_splitter
from pitchpipe.stages import Engine, Formatter, Predictor, Splitter, Trainer, Validator

StageT = TypeVar("StageT")


@dataclasses.dataclass(frozen=True)
class Named(Generic[StageT]):
    """A stage, the name it goes by, and why it was chosen where nobody asked for it."""

    name: str
    stage: StageT
    note: str = ""


class Selection:
    """The stages that a configuration asks for; ones given as objects take the place of theirs.

    Args:
        config: names and options.
        host: where the names are looked up.
        parts: stages by kind ("trainer"); validators as a sequence under "validators".

    Attributes:
        config: with the parts described in it, as far as they are registered.

    Raises:
        UsageError: a name is unknown, or an option is; all are checked here, before anything runs.
    """

    def __init__(self, config: Config, host: PluginHost, parts: Mapping[str, Any]) -> None:
        self._host = host
        self._parts = parts
        self.config = self._described(config)
        if self.config.formatter.name != AUTO:
            self._make(host.formatters, self.config.formatter, "formatter")
        if self.config.splitter.name != AUTO:
            self._make(host.splitters, self.config.splitter, "splitter")
        self.engine: Engine = self._make(host.engines, self.config.engine, "engine").stage
        self.validators: tuple[Named[Validator[Any]], ...] = self._validators()
        trainer = self._make(host.trainers, self.config.trainer, "trainer")
        self.trainer_name: str = trainer.name
        self.trainer: Trainer = trainer.stage
        self.predictor: Predictor = self._predictor()

    def formatter(self, schema: Schema) -> Named[Formatter]:
        """The formatter for rows of that schema."""
        stage = self.config.formatter
        if stage.name != AUTO:
            return self._make(self._host.formatters, stage, "formatter")
        training = self.config.training
        name, note = default_format(schema.shape, training.model, training.method)
        return Named(name, self._host.formatters.create(name), note)

    def splitter(self, schema: Schema, labels: Sequence[str]) -> Named[Splitter]:
        """The splitter for records with those labels."""
        stage = self.config.splitter
        if stage.name != AUTO:
            return self._make(self._host.splitters, stage, "splitter")
        name, note = default_splitter(schema, labels)
        return Named(name, self._host.splitters.create(name), note)

    def formatter_of(self, contract: Contract) -> Formatter:
        """The formatter that wrote the records of a contract, made again.

        Raises:
            UsageError: no plugin offers it; names it.
        """
        part = self._parts.get("formatter")
        if part is not None and self.config.formatter.name == contract.formatter:
            return _as(Formatter, part)
        entry = self._host.get(self._host.formatters, contract.formatter)
        formatter: Formatter = self._host.formatters.create(
            f"{entry.provider.distribution}:{entry.name}", contract.options, "contract.options"
        )
        return formatter

    def _described(self, config: Config) -> Config:
        sections: dict[str, Any] = {}
        for kind, part in self._parts.items():
            if kind == "validators":
                names = [_name(self._host.validators, v) for v in part]
                options = {n: _options(v) for n, v in zip(names, part, strict=True) if _options(v)}
                sections[kind] = dataclasses.replace(
                    config.validators, use=tuple(names), also=(), skip=(), options=options
                )
            else:
                registry: Registry[Any] = getattr(self._host, f"{kind}s")
                sections[kind] = StageConfig(_name(registry, part), _options(part))
        return dataclasses.replace(config, **sections)

    def _make(self, registry: Registry[Any], stage: StageConfig, kind: str) -> Named[Any]:
        if kind in self._parts:
            return Named(stage.name, self._parts[kind])
        self._host.get(registry, stage.name)
        return Named(stage.name, registry.create(stage.name, stage.options, kind))

    def _validators(self) -> tuple[Named[Validator[Any]], ...]:
        wanted = self.config.validators
        if "validators" in self._parts:
            return tuple(map(Named, wanted.use, self._parts["validators"]))
        registry = self._host.validators
        unused = [name for name in wanted.options if name not in wanted.names]
        if unused:
            raise UsageError(
                f"validators.options.{unused[0]}: this validator is not in use. "
                f"In use: {', '.join(wanted.names)}."
            )
        made = []
        for name in wanted.names:
            self._host.get(registry, name)
            options = wanted.options.get(name, {})
            made.append(Named(name, registry.create(name, options, f"validators.options.{name}")))
        return tuple(made)

    def _predictor(self) -> Predictor:
        stage = self.config.predictor
        if "predictor" not in self._parts:
            name = self.trainer.predictor if stage.name == AUTO else stage.name
            inherited = dict(self.trainer.predictor_options())
            entry = self._host.get(self._host.predictors, name)
            known = {f.name for f in dataclasses.fields(entry.stage)}
            shared = {key: value for key, value in inherited.items() if key in known}
            stage = StageConfig(name, {**shared, **stage.options})
        return _as(Predictor, self._make(self._host.predictors, stage, "predictor").stage)


def _as(kind: type[StageT], stage: object) -> StageT:
    if not isinstance(stage, kind):
        raise UsageError(f"{stage!r}: expected an instance of pitchpipe.stages.{kind.__name__}.")
    return stage


def _name(registry: Registry[Any], stage: object) -> str:
    for entry in registry:
        if entry.stage is type(stage):
            return entry.name
    return f"{type(stage).__module__}.{type(stage).__qualname__}"


def _options(stage: object) -> dict[str, Any]:
    if not dataclasses.is_dataclass(stage) or isinstance(stage, type):
        return {}
    return {f.name: getattr(stage, f.name) for f in dataclasses.fields(stage) if f.init}
