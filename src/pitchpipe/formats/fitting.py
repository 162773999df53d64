"""Whether record format, base model and training method fit: the one place that decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitchpipe.errors import UsageError
from pitchpipe.formats.kinds import KINDS, KindName, RecordKind
from pitchpipe.models import ModelFacts, base_of, model_table
from pitchpipe.records import Format, TrainingOptions, TrainingSpec

AUTO = "auto"
NO_MODEL = "leave out --model (training.model)"
NO_METHOD = "leave out --method (training.method)"


@dataclass(frozen=True)
class RowFacts:
    """What is known of some rows before a model is chosen.

    Attributes:
        name: what to call them in messages, such as "tickets.csv".
        kind: the kind of records that they are, or the only one that can be made of them; None for
            plain columns.
        reason: why no other can be made of them, as a clause ("the prompts are empty").
        otherwise: what the user could do about that, in the imperative.
    """

    name: str
    kind: KindName | None = None
    reason: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class Fit:
    """Records, model and method that fit.

    Attributes:
        kind: the records.
        training: what to train and how, all of it settled.
        notes: what was chosen because the user did not say, in sentences.
    """

    kind: RecordKind
    training: TrainingSpec
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Way:
    """What a user could do about a misfit, and what it changes of the training.

    Ways out that change the rows instead have no ``changes``; who names them knows that they help.
    """

    words: str
    changes: Mapping[str, Any] | None = None


def fit(rows: RowFacts, training: TrainingOptions, known: Format | None = None) -> Fit:
    """Settles which records are trained on which model by which method.

    What the user named stays. What is "auto" follows from the rows, or for plain columns from the
    model; for plain columns without a model the records are completion records.

    Args:
        rows: what is trained on.
        training: what the user said.
        known: the format that the trainer says the named model takes.

    Raises:
        UsageError: the named model or method does not fit the rows; names the three, and what to
            change.
    """
    kind, misfit = _judged(rows, training, known)
    if misfit:
        found, ways = misfit
        raise UsageError(f"{rows.name}: {found} {_advice(rows, training, known, ways)}")
    model = kind.model if training.model == AUTO else training.model
    values = {f.name: getattr(training, f.name) for f in dataclasses.fields(training)}
    settled = TrainingSpec(**{**values, "model": model, "method": kind.method})
    return Fit(kind, settled, _notes(rows, kind, training, model))


def check_grader(training: TrainingSpec) -> None:
    """Whether reinforcement has what grades the answers.

    Raises:
        UsageError: it has not.
    """
    if needs_grader(training):
        raise UsageError(
            "training.method_options.grader: no grader is set, and the method reinforcement needs "
            "one. Set it in the configuration; see the page on graders."
        )


def needs_grader(training: TrainingSpec) -> bool:
    """Whether a grader is still to be set."""
    return training.method == "reinforcement" and "grader" not in training.method_options


def _kind(
    rows: RowFacts, training: TrainingOptions, facts: ModelFacts, takes: Format | None
) -> RecordKind:
    method = training.method
    if rows.kind in ("chat", "reinforcement") and method in ("supervised", "reinforcement"):
        # the same messages do for both
        return KINDS["chat" if method == "supervised" else "reinforcement"]
    if rows.kind is not None:
        return KINDS[rows.kind]
    if method == "dpo":
        return KINDS["preference"]
    if method == "reinforcement" or facts.methods == ("reinforcement",):
        return KINDS["reinforcement"]
    if training.model == AUTO or takes == "completion":
        return KINDS["completion"]
    return KINDS["chat"]  # nothing is known of the model, and new ones take nothing else


def _judged(
    rows: RowFacts, training: TrainingOptions, known: Format | None
) -> tuple[RecordKind, tuple[str, tuple[_Way, ...]] | None]:
    """The kind of records, and what does not fit with the ways out of it; None where all fits."""
    facts = model_table().facts(training.model)
    takes = known or facts.format
    kind = _kind(rows, training, facts, takes)
    without_method = _Way(NO_METHOD, {"method": AUTO})
    without_model = _Way(NO_MODEL, {"model": AUTO})
    other_model = _Way(f"pass --model {kind.model}", {"model": kind.model})
    if training.method not in (AUTO, kind.method):
        said = f"{_said(rows, kind)}, which the method {training.method} does not train on."
        other = _Way(f"pass --method {kind.method}", {"method": kind.method})
        return kind, (said, (without_method, other))
    if training.model == AUTO:
        return kind, None
    conversations = kind.format != "completion"
    if takes is not None and conversations != (takes != "completion"):
        taken = KINDS["completion" if takes == "completion" else "chat"]
        found = f"takes {taken.name} records ({taken.holds})"
    elif facts.methods and kind.method not in facts.methods:
        found = f"trains by {' or '.join(facts.methods)}, not by {kind.method}"
    else:
        return kind, None
    said = f"{_said(rows, kind)}, but the model {base_of(training.model)} {found}."
    if rows.kind is None and training.method != AUTO:
        return kind, (said, (without_method, other_model))
    changed_rows = (_Way(rows.otherwise),) if rows.otherwise else ()
    return kind, (said, (without_model, other_model, *changed_rows))


def _advice(
    rows: RowFacts, training: TrainingOptions, known: Format | None, ways: tuple[_Way, ...]
) -> str:
    """Those ways that lead to a fit, as a sentence."""
    good = [way.words for way in ways if _helps(way, rows, training, known)]
    if not good:  # none helps by itself, and both together leave everything to the rows
        good = [f"{NO_MODEL} and --method (training.method)"]
    sentence = ", or ".join(good)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _helps(way: _Way, rows: RowFacts, training: TrainingOptions, known: Format | None) -> bool:
    if way.changes is None:
        return True
    changed = dataclasses.replace(training, **way.changes)
    if rows.kind is None and changed.method == "dpo":
        return False  # plain columns hold no two answers to compare
    _, misfit = _judged(rows, changed, known if changed.model == training.model else None)
    return misfit is None


def _said(rows: RowFacts, kind: RecordKind) -> str:
    reason = f", because {rows.reason}" if rows.reason else ""
    verb = "are" if rows.kind and not rows.reason else "become"
    return f"the rows {verb} {kind.name} records ({kind.holds}){reason}"


def _notes(
    rows: RowFacts, kind: RecordKind, training: TrainingOptions, model: str
) -> tuple[str, ...]:
    base = base_of(model)
    if rows.kind is not None:
        why = rows.reason or f"the rows hold {kind.holds}"
    elif training.method not in (AUTO, "supervised"):
        why = f"the method is {kind.method}"
    else:
        why = f"{base} takes {kind.holds}"
    notes = [f"Format: {kind.format} ({why})."]
    if training.model == AUTO:
        notes.append(f"Model: {model} (the default for {kind.name} records).")
    if training.method == AUTO and kind.method != "supervised":
        notes.append(f"Method: {kind.method} (the one that {kind.name} records are for).")
    return tuple(notes)
