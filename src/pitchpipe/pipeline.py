"""The stages, each by itself."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pitchpipe import budget, predictions
from pitchpipe.config import AUTO, Config, PluginsConfig
from pitchpipe.errors import DataError, JobFailedError, UsageError
from pitchpipe.execution import execute
from pitchpipe.files import check_folder
from pitchpipe.formats.fitting import RowFacts, check_grader
from pitchpipe.formats.kinds import kind_of
from pitchpipe.journal import Journal, MemoryLedger
from pitchpipe.journal_head import remove_journal
from pitchpipe.plugin_names import check_names
from pitchpipe.plugins import PluginHost
from pitchpipe.prepare import Decide, prepare
from pitchpipe.prepared import Outputs, load_manifest, manifest_of, outputs_of, sha256
from pitchpipe.records import (
    PROMPT,
    Contract,
    Estimate,
    Job,
    JobEvent,
    PreparedData,
    RunInfo,
    TaskChoice,
    TrainedModel,
    TrainingSpec,
)
from pitchpipe.redaction import hide_in_tables
from pitchpipe.run import Run
from pitchpipe.run_files import checked
from pitchpipe.schema import infer
from pitchpipe.selection import Named, Parts, Selection
from pitchpipe.stages import (
    Engine,
    Formatter,
    Ledger,
    Predictor,
    Splitter,
    Trainer,
    Validator,
)
from pitchpipe.stopping import stoppable
from pitchpipe.tables import Table, frame_to_records, open_table
from pitchpipe.tables.delimited import LinesTable
from pitchpipe.tables.jsonl import is_uploadable
from pitchpipe.watch import Watch

_log = logging.getLogger(__name__)

Source = str | Path | pd.DataFrame
"""A table: a file of any kind that ``tables.open_table`` reads, or a DataFrame."""


class Pipeline:
    """Read, format, validate, split, train, follow, predict, score.

    Args:
        config: what is not given as an object; by default the article's flow with the fake trainer.
        host: the plugins; by default those installed, less what the configuration blocks.
        formatter: takes the place of the configured one; so do the arguments that follow.
        validators: in the order in which they run.
        splitter: decides what is held out.
        engine: runs the validators.
        trainer: makes the model.
        predictor: asks it.

    Attributes:
        config: the resolved configuration.
        host: the plugins.

    Raises:
        UsageError: the configuration names a stage, an option or a plugin that does not exist, or
            blocks a plugin that ``host`` has loaded.
    """

    def __init__(
        self,
        config: Config | None = None,
        host: PluginHost | None = None,
        *,
        formatter: Formatter | None = None,
        validators: Sequence[Validator[Any]] | None = None,
        splitter: Splitter | None = None,
        engine: Engine | None = None,
        trainer: Trainer | None = None,
        predictor: Predictor | None = None,
    ) -> None:
        config = config or Config()
        self.host = _host_of(config.plugins) if host is None else host
        _check_blocked(self.host, config.plugins)
        checks = None if validators is None else tuple(validators)
        parts = Parts(formatter, checks, splitter, engine, trainer, predictor)
        self._selection = Selection(config, self.host, parts)
        self.config = self._selection.config

    @classmethod
    def from_config(
        cls,
        config: Config | Mapping[str, Any] | str | Path | None = None,
        host: PluginHost | None = None,
    ) -> Pipeline:
        """A pipeline as a configuration describes it.

        Args:
            config: a configuration, the tables of one, or the path of a file; None for defaults.
            host: the plugins; by default those installed, less what the configuration blocks.

        Raises:
            ConfigError: a key is unknown or its value has the wrong type; names its path.
        """
        if isinstance(config, str | Path):
            config = Config.load(Path(config))
        elif config is not None and not isinstance(config, Config):
            config = Config.from_mapping(config)
        return cls(config, host)

    @property
    def trainer(self) -> Trainer:
        """The trainer."""
        return self._selection.trainer

    @property
    def trainer_name(self) -> str:
        """The name it is registered under."""
        return self._selection.trainer_name

    @property
    def predictor(self) -> Predictor:
        """The predictor."""
        return self._selection.predictor

    def run(
        self,
        source: Source,
        run_dir: str | Path | None = None,
        *,
        fresh: bool = False,
        stop: threading.Event | None = None,
    ) -> Run:
        """All stages, in a folder from which an interrupted run goes on.

        Args:
            source: the table.
            run_dir: the run's folder; by default one in the configured folder, named after the
                table and everything that the result depends on.
            fresh: start anew in a folder of its own, whatever has been run before.
            stop: set by another thread, it ends the run soon, as Ctrl-C does on a terminal: the
                job at the service goes on, and so does the run when it is called again. Other
                methods are stopped by ``with pitchpipe.stopping.stoppable(stop)``.

        Raises:
            StoppedError: ``stop`` was set.
            PitchpipeError: a stage failed; what came before it is kept.
        """
        if run_dir:
            check_folder(Path(run_dir))
        with stoppable(stop):
            return execute(self, self.table(source), Path(run_dir) if run_dir else None, fresh)

    def table(self, source: Source) -> Table:
        """A source as a table, read as configured."""
        data = self.config.data
        return open_table(
            source,
            chunk_rows=data.chunk_rows,
            encoding=data.encoding,
            kind=data.input_kind,
            by_name=data.profile == "legacy",
            max_unpacked=data.max_unpacked_bytes,
        )

    def prepare(
        self,
        source: Source,
        out_dir: str | Path | None = None,
        *,
        decide: Decide | None = None,
        dry_run: bool = False,
    ) -> PreparedData:
        """Reads, validates, formats and splits a table, and writes the files to upload.

        Args:
            source: the table.
            out_dir: where the files go; by default beside the table, else the current folder.
            decide: asked in each round which of the fixes that are not required to apply; by
                default those that are recommended.
            dry_run: write nothing; the paths are those of the files that would have been written.

        Raises:
            DataError: the table cannot be read, or a validator found an error.
            UsageError: files of another table have the names that its files would have.
        """
        table = self.table(source)
        beside = table.path.parent if table.path else Path()
        folder = Path(out_dir) if out_dir is not None else beside
        check_folder(folder)
        outputs, taken = outputs_of(table, folder)
        table.notes += (taken,) if taken else ()
        watch = self._watch(table.name, outputs.train.parent)
        return prepare(table, self._selection, outputs, watch, decide, dry_run)

    def check_columns(self, source: Source, *, answers: bool = True) -> None:
        """Looks at the first rows of a table, whether its columns can be told apart.

        Args:
            source: the table.
            answers: whether there must be a completion column.

        Raises:
            UnclearColumnsError: nothing says which column has a part; names those that may have it.
            DataError: the table cannot be read, or has no columns to train on.
        """
        table = self.table(source)
        sample = next(table.chunks(), None)
        if sample is not None:
            with table.explaining():
                infer(
                    str(table.path or table.name),
                    sample,
                    self.config.data,
                    answers=answers,
                    lines=isinstance(table, LinesTable),
                    formatter=self._selection.named_formatter,
                )

    def prepare_into(self, table: Table, outputs: Outputs, watch: Watch) -> PreparedData:
        """As ``prepare``, for a table, files and an audience of the caller's choice."""
        return prepare(table, self._selection, outputs, watch)

    def load_prepared(self, train: str | Path, valid: str | Path | None = None) -> PreparedData:
        """Prepared files, with what their manifest says of them.

        Files without a manifest must hold records of the format that the configuration asks for,
        or that fits the model; their contract is that of its formatter.

        Raises:
            DataError: a file is missing or holds other things than such records.
        """
        train = Path(train)
        known = load_manifest(manifest_of(train))
        valid = Path(valid) if valid else None
        if known is not None and _same(known.train, train) and _same(known.valid, valid):
            return known
        if manifest_of(train).exists():
            _log.warning(
                "%s: the content is not what %s describes, which is not used",
                train,
                manifest_of(train),
            )
        return self._recognised(train, valid)

    def training(self, data: PreparedData) -> TrainingSpec:
        """What prepared records are trained on and how: as configured, else as they were made for.

        Raises:
            UsageError: the configured model or method does not fit the records.
        """
        configured = self.config.training
        if data.model and configured.model == AUTO:
            configured = replace(configured, model=data.model)
        method = configured.method if data.method == "" else data.method
        graded = data.contract.format == "chat" and "grader" in configured.method_options
        kind = kind_of(data.contract.format, "reinforcement" if graded else method)
        return self._selection.fit(RowFacts(str(data.train), kind.name), configured).training

    def estimate(self, data: PreparedData) -> Estimate:
        """What training is expected to take; nothing is sent.

        Raises:
            BudgetError: the trainer cannot say, and ``training.max_cost`` is set.
            UsageError: the configured model or method does not fit the records.
        """
        return budget.estimated(self.trainer, data, self.training(data))

    def check_budget(self, data: PreparedData) -> None:
        """Whether a new training keeps to ``training.max_cost``; nothing is sent.

        Raises:
            BudgetError: it costs more, or nobody knows what it costs.
            UsageError: the configured model or method does not fit the records.
        """
        budget.check(self.trainer, data, self.training(data))

    def submit(self, data: PreparedData, ledger: Ledger | None = None) -> Job:
        """Uploads the files and creates the job, or adopts the one there is.

        Args:
            data: prepared files.
            ledger: remembers uploads and job; by default a hidden file beside the training file,
                so that the same call adopts the same job.

        Raises:
            UsageError: the configured model or method does not fit the records; nothing was sent.
            BudgetError: the estimate is above ``training.max_cost``, or the cost is not known;
                nothing was sent. A job that is there already is adopted whatever it cost.
            ServiceError: the service refused, or could not be reached.
        """
        spec = self.training(data)
        check_grader(spec)
        if ledger is not None:
            return budget.submit(self.trainer, data, spec, ledger)
        path, earlier = journal_beside(data.train), self.training_key(data, earlier=True)
        remedy = "pass --fresh to start over, which creates a new job"
        with Journal(path, f"{self.training_key(data)}:", remedy) as journal:
            if journal.holds(f"{earlier}:"):
                journal.scope = f"{earlier}:"
            return budget.submit(self.trainer, data, spec, journal)

    def training_key(self, data: PreparedData, *, earlier: bool = False) -> str:
        """Sixteen hexadecimal digits that tell this training from any other.

        What it may cost and the credentials for the service do not count: another limit or another
        password must not pay for the same job again.

        Args:
            data: what is trained on.
            earlier: as Pitchpipe made it when credentials counted.
        """
        tables = replace(self.config, training=self.training(data)).to_mapping()
        tables = tables if earlier else hide_in_tables(tables, compare=True)
        tables["training"].pop("max_cost", None)
        digests = [sha256(path) for path in (data.train, data.valid) if path]
        parts = [tables["training"], tables["trainer"], digests]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        """The job's events until it ends, those with an id in ``seen`` left out."""
        return self.trainer.follow(job_id, seen)

    def model(self, job_id: str, contract: Contract | None = None) -> TrainedModel:
        """The model that a job made.

        Args:
            job_id: an ended job.
            contract: how its records were written; by default what the service knows of it.

        Raises:
            JobFailedError: there is none, because the job failed, was cancelled or still runs.
        """
        job = self.trainer.job(job_id)
        if job.status != "succeeded" or job.fine_tuned_model is None:
            raise JobFailedError(_no_model(job))
        contract = contract or self._contract(job.fine_tuned_model)
        return TrainedModel(
            name=job.fine_tuned_model,
            base=job.model,
            trainer=self.trainer_name,
            contract=contract,
            job=job.id,
            trained_tokens=job.trained_tokens,
            checkpoints=tuple(self.trainer.checkpoints(job_id)),
        )

    def predict(
        self, model: TrainedModel | str, source: Source, out: str | Path | None = None
    ) -> pd.DataFrame:
        """Asks a tuned model about each row.

        Args:
            model: a model, or its name: then the service knows its contract, or else the
                configuration's formatter is used.
            source: prepared records, or rows with a prompt.
            out: a JSONL file for the answers. When an attempt is stopped half-way, the same call
                goes on where it was.

        Returns:
            One row a record, with ``predictions.COLUMNS``; ``attrs["notes"]`` says which columns
            were read, and which left out.

        Raises:
            DataError: the rows have no prompt.
            ServiceError: the service refused, or could not be reached.
        """
        table = self.table(source)
        model = model if isinstance(model, TrainedModel) else self._named(model)
        asker = self.asker(model)
        notes: dict[str, None] = {}
        records = list(self._records(table, model.contract, notes))
        watch = self._watch(table.name, Path(out).parent if out else Path())
        with watch.stage("predict"):
            if out is None:
                rows = asker.ask(records, MemoryLedger())
                answered = predictions.frame(watch.counting("predict", rows, len(records)))
                answered.attrs["notes"] = list(notes)
                return answered
            contract = predictions.contract_key(model.contract)
            key = json.dumps([model.name, contract, table.fingerprint()])
            digest = hashlib.sha256(key.encode()).hexdigest()[:8]
            journal = Path(out).with_name(f".{Path(out).name}.{digest}.journal")
            with (
                Journal(journal) as ledger,
                closing(predictions.complete(asker, records, Path(out), key, ledger)) as rows,
            ):
                answered = predictions.frame(watch.counting("predict", rows, len(records)))
            remove_journal(journal)
            answered.attrs["notes"] = list(notes)
            return answered

    def asker(self, model: TrainedModel) -> predictions.Asker:
        """What asks a model in the words of its contract."""
        formatter = self._selection.formatter_of(model.contract)
        return predictions.Asker(model, formatter, self.predictor)

    def score(
        self,
        answers: str | Path | pd.DataFrame,
        labels: Sequence[str] = (),
        task: TaskChoice = "auto",
    ) -> dict[str, Any]:
        """Measures predictions, as ``scoring.score`` does.

        Args:
            answers: predictions, or the file that ``predict`` wrote.
            labels: the known labels; by default those that the predictions show.
            task: whether answers are labels, where the configuration leaves it open; by default
                what the predictions say.

        Raises:
            DataError: there is nothing to score.
            RunError: the file is part of a run, and has changed since it was written.
            UsageError: the configured positive class is no label.
        """
        table = (
            answers
            if isinstance(answers, pd.DataFrame)
            else predictions.load(checked(Path(answers)))
        )
        asked = self.config.data.task
        positive = self.config.scoring.positive_class
        return predictions.score(table, positive, labels, task if asked == "auto" else asked)

    def _watch(self, name: str, folder: Path) -> Watch:
        return Watch(self.host, RunInfo(name, folder))

    def _named(self, name: str) -> TrainedModel:
        return TrainedModel(name, name, self.trainer_name, self._contract(name))

    def _contract(self, model: str) -> Contract:
        known = self.trainer.contract(model)
        if known is not None:
            return known
        if self.config.formatter.name == "auto":
            raise UsageError(
                f"model {model!r}: the service does not know how its records were written. "
                "Say --format NAME (formatter.name in the configuration), or give the run it is "
                "from."
            )
        named = self._selection.named_formatter
        assert named is not None  # noqa: S101  its name is not "auto"
        return self._contract_by(Named(self.config.formatter.name, named))

    def _contract_by(self, formatter: Named[Formatter]) -> Contract:
        """The contract of records that only their formatter is known of."""
        made = formatter.stage.contract(formatter.name)
        return replace(made, task=self.config.data.task)

    def _records(
        self, table: Table, contract: Contract, notes: dict[str, None]
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        formatter = self._selection.formatter_of(contract)
        name, data, schema = str(table.path or table.name), self.config.data, None
        left: dict[str, None] = {}
        for raw in table.chunks(table.columns):
            if schema is None:
                with table.explaining():
                    schema = infer(name, raw, data, answers=False, formatter=formatter)
                notes.update(dict.fromkeys(schema.notes))
            read = schema.unpacked(raw)
            chunk = schema.apply(read.rows)
            others = schema.left_out(read.rows, chunk, formatter)
            left.update(dict.fromkeys((*read.others, *others)))
            empty = list(chunk.index[chunk[PROMPT].isna()]) if PROMPT in chunk else []
            if empty:
                raise DataError(
                    f"{name}, {raw.index.name} {empty[0]}: no prompt; expected one in every row."
                )
            if not schema.reader and (schema.shape or not formatter.is_formatted(chunk)):
                chunk = formatter.apply(chunk)
            yield from zip(map(int, chunk.index), frame_to_records(chunk), strict=True)
        if left and data.profile != "legacy":
            notes[f"Left out of the records: {', '.join(map(repr, left))}."] = None

    def _recognised(self, train: Path, valid: Path | None) -> PreparedData:
        counts, fitted = [], None
        for path in (train, valid):
            if path is None:
                counts.append(0)
                continue
            count = 0
            table = self.table(path)
            for chunk in table.chunks(table.columns):
                if fitted is None:
                    schema = infer(str(path), chunk, self.config.data)
                    known = self._selection.rows(str(path), schema, schema.read(chunk))
                    # plain columns are either completion records or to be prepared first
                    rows = known if known.kind else RowFacts(str(path), "completion")
                    fitted = self._selection.fit(rows)
                    formatter = self._selection.formatter(schema, fitted)
                if not formatter.stage.is_formatted(chunk):
                    raise DataError(
                        f"{path}, {chunk.index.name} {chunk.index[0]} to {chunk.index[-1]}: "
                        f"expected {formatter.name} records; run 'pitchpipe prepare' on it first."
                    )
                count += len(chunk)
            if not is_uploadable(table):
                raise DataError(
                    f"{path}: holds {formatter.name} records, but not as plain JSON lines in UTF-8 "
                    "(one object a line, nothing else), which is what is uploaded; run 'pitchpipe "
                    "prepare' on it first."
                )
            counts.append(count)
        assert fitted is not None  # noqa: S101  a table has rows
        return PreparedData(
            train,
            valid,
            train_rows=counts[0],
            valid_rows=counts[1],
            contract=self._contract_by(formatter),
            notes=fitted.notes,
            model=fitted.training.model,
            method=fitted.training.method,
        )


def _host_of(chosen: PluginsConfig) -> PluginHost:
    """The installed plugins, as the configuration chooses among them."""
    lists = (("plugins.block", chosen.block), ("plugins.allow", chosen.allow or ()))
    check_names([(name, key) for key, names in lists for name in names])
    return PluginHost(block=chosen.block, allow=chosen.allow, strict=chosen.strict)


def _check_blocked(host: PluginHost, chosen: PluginsConfig) -> None:
    for provider in host.providers:
        name = next(filter(provider.answers_to, chosen.block), None)
        if name is not None:
            raise UsageError(
                f"plugins.block: {name!r} is blocked, and the plugin host that was given has "
                f"loaded plugin {provider.plugin!r} of {provider}. Block it there as well, "
                f"PluginHost(block=[{name!r}]), or give no host."
            )


def journal_beside(train: Path) -> Path:
    """Where ``submit`` remembers what it did with a training file."""
    return train.with_name(f".{train.name}.journal")


def _same(known: Path | None, given: Path | None) -> bool:
    return given is None or (known is not None and known.resolve() == given.resolve())


def _no_model(job: Job) -> str:
    if job.done:
        reason = f": {job.error}" if job.error else "."
        return f"job {job.id} {job.status}{reason}"
    return f"job {job.id} is {job.status}; follow it to its end first."
