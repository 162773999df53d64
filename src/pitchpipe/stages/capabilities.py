"""What a stage says of itself beyond its contract: which promises it can keep.

The defaults are the strictest. A stage that keeps fewer says so in one line of its class::

    capabilities = SplitterCapabilities(keeps_groups=False)

or in a property of that name, where it depends on the options. The conformance kit of
``pitchpipe.testing`` checks what is said here, and leaves out what is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.records import Format, Method


@dataclass(frozen=True)
class FormatterCapabilities:
    """What a formatter says of itself.

    Attributes:
        deterministic: the same rows give the same records.
        restores: ``parse(reference(record))`` is the row's completion, whatever text that is.
        answers: the columns of source rows that hold answers, the one to learn first; empty where
            these are in one column with what is asked.
        reads: the columns of source rows that it reads where they are there, besides those that it
            needs; None where it does not say.
    """

    deterministic: bool = True
    restores: bool = True
    answers: tuple[str, ...] = ("completion", "preferred_output", "non_preferred_output")
    reads: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ValidatorCapabilities:
    """What a validator says of itself.

    Attributes:
        deterministic: the same rows give the same findings.
        repeatable_fix: a fix that is applied twice does what it does when applied once.
        silent: where nothing was seen, nothing is found.
    """

    deterministic: bool = True
    repeatable_fix: bool = True
    silent: bool = True


@dataclass(frozen=True)
class SplitterCapabilities:
    """What a splitter says of itself.

    Attributes:
        deterministic: the same index gives the same answer.
        keeps_groups: rows of one group are on one side.
        keeps_prompts: rows with the same prompt are on one side.
        leaves_training: of any rows, some are left to train on.
    """

    deterministic: bool = True
    keeps_groups: bool = True
    keeps_prompts: bool = True
    leaves_training: bool = True


@dataclass(frozen=True)
class TrainerCapabilities:
    """What a trainer says of itself.

    Attributes:
        deterministic: two jobs with the same files, options and seed have the same metrics.
        pauses: a job can be paused and resumed.
        checkpoints: models are kept on the way.
        keeps_contract: the contract is saved with the model on the service.
    """

    deterministic: bool = True
    pauses: bool = True
    checkpoints: bool = True
    keeps_contract: bool = True


@dataclass(frozen=True)
class PredictorCapabilities:
    """What a predictor says of itself.

    Attributes:
        deterministic: the same request gets the same answer.
        streams: the first answers are there before the last request is read.
    """

    deterministic: bool = True
    streams: bool = True


@dataclass(frozen=True)
class LearnerCapabilities:
    """What a learner says of itself.

    Attributes:
        deterministic: the same seed and records give the same losses and the same model.
        formats: the formats of records that it learns from.
        methods: the methods that it learns by.
    """

    deterministic: bool = True
    formats: tuple[Format, ...] = ("completion", "chat", "preference")
    methods: tuple[Method, ...] = ("supervised", "dpo", "reinforcement")


@dataclass(frozen=True)
class EngineCapabilities:
    """What an engine says of itself.

    Attributes:
        lazy: only a few results wait, so that the items may be more than memory holds.
    """

    lazy: bool = True
