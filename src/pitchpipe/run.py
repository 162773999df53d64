"""The run folder: what one execution of the pipeline leaves behind."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pitchpipe.config import AUTO, Config
from pitchpipe.errors import RunError
from pitchpipe.files import atomic, remove_unfinished, write_json
from pitchpipe.journal_head import head_of, load_head, missing
from pitchpipe.plugins import PluginHost
from pitchpipe.prepared import Outputs
from pitchpipe.records import (
    DEFAULT_MODEL,
    Checkpoint,
    Contract,
    Estimate,
    Finding,
    Job,
    PreparedData,
    RunInfo,
    TrainedModel,
)
from pitchpipe.redaction import hide_in_tables

PACKAGES = ("openai", "pandas", "numpy", "scikit-learn", "pluggy", "pydantic")


@dataclass(frozen=True)
class RunFolder:
    """The places in a run folder."""

    path: Path

    @property
    def info(self) -> RunInfo:
        """What observers are told."""
        return RunInfo(self.path.name, self.path)

    @property
    def journal(self) -> Path:
        """Intentions, outcomes and news, in order."""
        return self.path / "journal.jsonl"

    @property
    def outputs(self) -> Outputs:
        """The prepared files."""
        return Outputs.inside(self.path / "prepared")

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.toml"

    @property
    def versions(self) -> Path:
        """What was installed."""
        return self.path / "versions.json"

    @property
    def findings(self) -> Path:
        """What the validators said."""
        return self.path / "findings.json"

    @property
    def job(self) -> Path:
        """The job as last seen."""
        return self.path / "job.json"

    @property
    def events(self) -> Path:
        """The job's events, oldest first."""
        return self.path / "events.jsonl"

    @property
    def metrics(self) -> Path:
        """The job's result file: one row a step."""
        return self.path / "metrics.csv"

    @property
    def model(self) -> Path:
        """The tuned model and its contract."""
        return self.path / "model.json"

    @property
    def predictions(self) -> Path:
        """The answers for the validation records."""
        return self.path / "predictions.jsonl"

    @property
    def scores(self) -> Path:
        """The figures."""
        return self.path / "scores.json"

    @property
    def holds_run(self) -> bool:
        """Whether a run began here."""
        return self.journal.exists() or any(path.exists() for path in self._traces)

    def check_journal(self, remedy: str) -> None:
        """Whether the journal is there, where other files show that a run began.

        Args:
            remedy: how to start over, for the message.

        Raises:
            RunError: it is missing or empty.
        """
        traces = any(path.exists() for path in self._traces)
        head = load_head(self.journal, remedy)
        begun = bool(head and head.entries) or traces
        if begun and not (self.journal.exists() and self.journal.stat().st_size):
            raise missing(self.journal, remedy)

    @property
    def _traces(self) -> tuple[Path, ...]:
        """What is written once the journal has an entry, so that it never is there without one."""
        own = (self.config, self.versions, self.findings, self.job, self.events, self.metrics)
        return (*own, self.model, self.predictions, self.scores, self.outputs.manifest)

    @property
    def started(self) -> tuple[Path, ...]:
        """What a run writes before it looks at its data."""
        return (self.config, self.versions, self.journal, head_of(self.journal))

    def sweep(self) -> None:
        """Removes what a killed attempt left unfinished, except answers to go on from."""
        outputs = self.outputs
        own = (self.config, self.versions, self.findings, self.job, self.metrics, self.model)
        prepared = (outputs.train, outputs.valid, outputs.manifest)
        for path in (*own, self.scores, *prepared):
            remove_unfinished(path)


@dataclass(frozen=True)
class Run:
    """What one execution left behind.

    Attributes:
        folder: where everything is kept.
        config: the resolved configuration.
        prepared: the files that were uploaded.
        job: the fine-tuning job, ended.
        model: the tuned model.
        scores: figures on the validation records, as ``scoring.score`` gives them; empty when
            nothing was held out, and for reinforcement, whose rewards are among the metrics.
        stages: seconds that each stage took, in order.
        estimate: what training was expected to take.
        tunes_language_model: False when the trainer only practised.
    """

    folder: Path
    config: Config
    prepared: PreparedData
    job: Job
    model: TrainedModel
    scores: Mapping[str, Any]
    stages: Mapping[str, float]
    estimate: Estimate
    tunes_language_model: bool = True

    @property
    def notes(self) -> tuple[str, ...]:
        """What was inferred, in sentences."""
        return self.prepared.notes

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the validators said."""
        return self.prepared.findings

    def summary(self) -> dict[str, Any]:
        """The run as JSON types."""
        return {
            "run_dir": str(self.folder),
            "model": self.model.name,
            "base_model": self.model.base,
            "method": self.prepared.method or "supervised",
            "job": self.job.id,
            "tunes_language_model": self.tunes_language_model,
            "train_rows": self.prepared.train_rows,
            "valid_rows": self.prepared.valid_rows,
            "estimate": asdict(self.estimate),
            "trained_tokens": self.job.trained_tokens,
            "scores": dict(self.scores),
            "stages": {stage: round(seconds, 3) for stage, seconds in self.stages.items()},
            "findings": [finding.to_json() for finding in self.findings],
            "notes": list(self.notes),
        }


def fingerprint(config: Config, source: str, *, earlier: bool = False) -> str:
    """Sixteen hexadecimal digits that tell this execution from any other.

    Args:
        config: what was asked for; where runs are kept, what they may cost, how they are scored and
            the credentials in it do not count.
        source: the table's fingerprint.
        earlier: as Pitchpipe made it when credentials counted.
    """
    tables = config.to_mapping() if earlier else hide_in_tables(config.to_mapping(), compare=True)
    del tables["run"], tables["scoring"]
    tables["training"].pop("max_cost", None)
    # what is left to the records counts as the defaults did that it takes the place of, so that a
    # run goes on that began before
    for key, default in (("model", DEFAULT_MODEL), ("method", "supervised")):
        if tables["training"][key] == AUTO:
            tables["training"][key] = default
    text = json.dumps([tables, source], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def default_folder(runs: Path, stem: str, print_: str, fresh: bool) -> Path:
    """The folder of a run: always the same for the same execution, unless a fresh one is wanted."""
    folder = runs / f"{stem}-{print_[:8]}"
    number = 2
    while fresh and folder.exists():
        folder = runs / f"{stem}-{print_[:8]}-{number}"
        number += 1
    return folder


def stored_config(config: Config) -> str:
    """The configuration as a run keeps it: without credentials."""
    import tomli_w

    return tomli_w.dumps(hide_in_tables(config.to_mapping()))


def save_start(folder: RunFolder, config: Config, host: PluginHost) -> None:
    """Writes what is known before the first stage."""
    with atomic(folder.config) as stream:
        stream.write(stored_config(config))
    write_json(folder.versions, versions(host))


def versions(host: PluginHost) -> dict[str, Any]:
    """The versions of everything that has a part in a run."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "plugins": {f"{p.distribution}:{p.plugin}": p.version for p in host.providers},
    }


def save_job(path: Path, job: Job) -> None:
    """Writes a job as the service last described it."""
    write_json(path, asdict(job))


def save_model(path: Path, model: TrainedModel) -> None:
    """Writes a tuned model with its contract."""
    write_json(path, {**asdict(model), "contract": model.contract.to_json()})


def load_job(path: Path) -> Job:
    """The job that ``save_job`` wrote."""
    data = _read(path)
    with _damage(path):
        return Job(**{**data, "result_files": tuple(data["result_files"])})


def load_model(path: Path) -> TrainedModel:
    """The model that ``save_model`` wrote.

    Raises:
        RunError: the file is missing or damaged.
    """
    data = _read(path)
    with _damage(path):
        checkpoints = tuple(Checkpoint(**checkpoint) for checkpoint in data["checkpoints"])
        contract = Contract.from_json(data["contract"])
        return TrainedModel(**{**data, "contract": contract, "checkpoints": checkpoints})


def load_scores(path: Path) -> dict[str, Any]:
    """The figures of a run."""
    return _read(path)


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{path}: damaged ({error}). Delete it and give the command of the run again: it is "
            "fetched again from the service, at no cost."
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path}: no such file; the run has not come that far.") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{path}: cannot be read: {error}. Delete it and give the command of the run again."
        ) from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object.")
    return value
