"""The configuration: ``pitchpipe.toml`` or ``[tool.pitchpipe]``, checked before any stage runs."""

from __future__ import annotations

import codecs
import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pitchpipe import deprecations, toml_text
from pitchpipe.errors import ConfigError
from pitchpipe.options import build
from pitchpipe.records import TrainingOptions
from pitchpipe.redaction import PLACEHOLDER, hidden_paths
from pitchpipe.registry import same_distribution
from pitchpipe.sizes import parse_size

FILE_NAME = "pitchpipe.toml"
MAX_BYTES = 4 << 20
"""No configuration is larger; what is has another purpose, or no end."""

InputKind = Literal["jsonl", "json", "csv", "tsv", "lines", "xlsx", "parquet"]
"""The kinds of files that tables are read from."""
AUTO = "auto"


@dataclass(frozen=True)
class DataConfig:
    """What the user's table holds.

    Attributes:
        prompt_column: the column of prompts; found by itself where there is no doubt.
        completion_column: the column of answers; found by itself where there is no doubt.
        group_column: rows with the same value stay on one side of the split.
        encoding: of a text file that is not Unicode, in Python's spelling.
        input_kind: what the file is, whatever its name and content say.
        profile: whose decisions are taken: the article's, or those of the tool it used.
        task: whether completions are labels or free text; auto calls them labels when there are
            fewer distinct ones than a third of the rows, and at most 50.
        fix: whether the corrections that validators offer are applied.
        chunk_rows: rows held in memory at a time.
        max_unpacked: how large a packed file (compressed text, a workbook, Parquet) may become,
            such as 2GB; by default 1 GB, or 50 times its own size where that is more.
    """

    prompt_column: str | None = None
    completion_column: str | None = None
    group_column: str | None = None
    encoding: str | None = None
    profile: Literal["article", "legacy"] = "article"
    task: Literal["auto", "classification", "text"] = "auto"
    fix: bool = True
    chunk_rows: int = 10_000
    input_kind: InputKind | None = None
    max_unpacked: str | None = None

    def __post_init__(self) -> None:
        if self.chunk_rows < 1:
            raise ValueError(f"chunk_rows must be at least 1; found {self.chunk_rows}.")
        if self.max_unpacked is not None:
            try:
                parse_size(self.max_unpacked)
            except ValueError as error:
                raise ValueError(f"the limit max_unpacked (--max-unpacked): {error}") from None

    @property
    def max_unpacked_bytes(self) -> int | None:
        """The limit in bytes; None for the default."""
        return None if self.max_unpacked is None else parse_size(self.max_unpacked)


@dataclass(frozen=True)
class StageConfig:
    """One stage by name, with its options.

    Attributes:
        name: the name it is registered under, or "auto".
        options: values for the fields of its class.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ValidatorsConfig:
    """The validators, in the order in which they run and their fixes are applied.

    Attributes:
        use: names, instead of those of the profile.
        also: further names, after those.
        skip: names left out.
        options: options of each, by name.
    """

    use: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def names(self, standard: Sequence[str]) -> tuple[str, ...]:
        """The names that run, each once, given those of the profile."""
        names = dict.fromkeys((*(standard if self.use is None else self.use), *self.also))
        return tuple(name for name in names if name not in self.skip)


@dataclass(frozen=True)
class ScoringConfig:
    """How answers are measured.

    Attributes:
        positive_class: the label that precision, recall, AUROC and AUPRC are about; of two
            labels the last in sorted order when left out.
    """

    positive_class: str | None = None


@dataclass(frozen=True)
class RunConfig:
    """Where runs are kept.

    Attributes:
        folder: the folder in which each run makes its own.
    """

    folder: str = "runs"


@dataclass(frozen=True)
class PluginsConfig:
    """Which installed plugins are loaded.

    Attributes:
        block: plugin or distribution names that are not.
        allow: if given, the only ones that are.
        strict: whether anything wrong with plugins stops the run before it begins.
    """

    block: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    strict: bool = False


_FLAGS = {"formatter": "format"}

_OPTIONS_OF_ANY = ("predictor", "splitter")
"""The stages whose "auto" takes options, for whichever stage it comes to."""

_STAGES = {
    "formatter": AUTO,
    "splitter": AUTO,
    "engine": "local",
    "trainer": "fake",
    "predictor": AUTO,
}


@dataclass(frozen=True)
class Config:
    """The whole configuration.

    A stage's table holds its ``name`` and its options side by side.
    """

    data: DataConfig = field(default_factory=DataConfig)
    formatter: StageConfig = field(default_factory=lambda: StageConfig(_STAGES["formatter"]))
    validators: ValidatorsConfig = field(default_factory=ValidatorsConfig)
    splitter: StageConfig = field(default_factory=lambda: StageConfig(_STAGES["splitter"]))
    engine: StageConfig = field(default_factory=lambda: StageConfig(_STAGES["engine"]))
    training: TrainingOptions = field(default_factory=TrainingOptions)
    trainer: StageConfig = field(default_factory=lambda: StageConfig(_STAGES["trainer"]))
    predictor: StageConfig = field(default_factory=lambda: StageConfig(_STAGES["predictor"]))
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    run: RunConfig = field(default_factory=RunConfig)
    plugins: PluginsConfig = field(default_factory=PluginsConfig)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], path: str = "") -> Config:
        """The configuration that a parsed TOML document describes.

        Args:
            values: tables by section name; what is left out has its default.
            path: the dotted path of ``values`` in its file, for messages.

        Raises:
            ConfigError: a key is unknown or its value has the wrong type; names its path.
        """
        for deprecation in deprecations.in_configuration(values):
            deprecation.warn(path or "the configuration")
        prepared: dict[str, Any] = {}
        for section, table in values.items():
            if section in _STAGES and isinstance(table, Mapping):
                where = f"{path}.{section}" if path else section
                name = table.get("name", _STAGES[section])
                if not isinstance(name, str):
                    raise ConfigError(f"{where}.name: expected a string; found {name!r}.")
                options = {key: value for key, value in table.items() if key != "name"}
                if name == AUTO and options and section not in _OPTIONS_OF_ANY:
                    raise ConfigError(
                        f"{where}.{next(iter(options))}: options need the {section} they are for; "
                        f"set {where}.name (--{_FLAGS.get(section, section)} NAME)."
                    )
                prepared[section] = {"name": name, "options": options}
            else:
                prepared[section] = table
        return build(cls, prepared, path)

    @classmethod
    def load(cls, path: Path, overrides: Mapping[str, Any] | None = None) -> Config:
        """The configuration in a file.

        Args:
            path: a TOML file; of a ``pyproject.toml`` only ``[tool.pitchpipe]`` counts.
            overrides: tables laid over those of the file, key by key.

        Raises:
            ConfigError: the file is missing, not TOML, or a key is wrong; names the place.
        """
        values, prefix = _read(path)
        try:
            config = cls.from_mapping(values, prefix)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        config = cls.from_mapping(merged(values, overrides)) if overrides else config
        _check_hidden(config, str(path))
        return config

    @classmethod
    def discover(cls, folder: Path, overrides: Mapping[str, Any] | None = None) -> Config:
        """The configuration that applies in a folder.

        It is ``pitchpipe.toml``, else ``[tool.pitchpipe]`` of ``pyproject.toml``, in the folder or
        the nearest one above it that has either; else the defaults.
        """
        path = find(folder)
        if path is None:
            config = cls.from_mapping(overrides or {})
            _check_hidden(config, "the command line")
            return config
        return cls.load(path, overrides)

    def to_mapping(self) -> dict[str, Any]:
        """Tables by section name, without the keys that are not set."""
        tables = dataclasses.asdict(self)
        for section in _STAGES:
            stage = getattr(self, section)
            tables[section] = {"name": stage.name, **stage.options}
        cleaned: dict[str, Any] = _without_none(tables)
        return cleaned

    def to_toml(self) -> str:
        """The configuration as a TOML document that ``load`` reads back as the same."""
        import tomli_w

        return tomli_w.dumps(self.to_mapping())


def find(folder: Path) -> Path | None:
    """The configuration file that applies in a folder, or None."""
    for place in (folder.resolve(), *folder.resolve().parents):
        own = place / FILE_NAME
        if own.exists():  # a folder of that name is refused, not passed over
            return own
        project = place / "pyproject.toml"
        if project.is_file() and _read(project)[0]:
            return project
    return None


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two trees of tables as one; where both have a value, that of ``above`` counts.

    A stage that ``above`` names differently starts with none of the options of the one below.
    """
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            named = under.get("name", _STAGES.get(key))
            renamed = key in _STAGES and not _same_stage(value.get("name", named), named)
            result[key] = dict(value) if renamed else merged(under, value)
        else:
            result[key] = value
    return result


def _same_stage(one: object, other: object) -> bool:
    """Whether two names may be spellings of one stage's, with its distribution and without."""
    if not (isinstance(one, str) and isinstance(other, str)):
        return one == other
    (of_one, _, short_one), (of_other, _, short_other) = one.rpartition(":"), other.rpartition(":")
    apart = of_one and of_other and not same_distribution(of_one, of_other)
    return short_one == short_other and not apart


def _check_hidden(config: Config, where: str) -> None:
    """Whether an option has a placeholder for a secret that Pitchpipe did not store.

    Raises:
        ConfigError: one has.
    """
    tables = config.to_mapping()
    for path in hidden_paths({section: tables[section] for section in _STAGES}):
        flag = "--base-url URL" if path == "trainer.base_url" else f"--set {path}=VALUE"
        raise ConfigError(
            f"{where}: {path} holds {PLACEHOLDER} in place of credentials, which Pitchpipe neither "
            f"shows nor stores. Pass {flag} with them."
        )


def _read(path: Path) -> tuple[Mapping[str, Any], str]:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(
                f"{path}: larger than {MAX_BYTES:,} bytes; expected a configuration in TOML."
            )
        if content.startswith(codecs.BOM_UTF8):
            raise ConfigError(
                f"{path}: begins with a byte order mark, which TOML does not allow. Save it as "
                "UTF-8 without one."
            )
        document = toml_text.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a configuration in TOML.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    if path.name != "pyproject.toml":
        return document, ""
    table: Any = document
    for key in ("tool", "pitchpipe"):
        table = table.get(key, {})
        if not isinstance(table, Mapping):
            raise ConfigError(f"{path}: {key}: expected a table, found {table!r}.")
    return table, "tool.pitchpipe"


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(v) for key, v in value.items() if v is not None}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [_without_none(v) for v in value]
