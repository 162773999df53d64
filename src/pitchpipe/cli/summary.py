"""Findings, scores and runs in words and tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pitchpipe.cli.output import number, pairs, shown, table

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Estimate, Finding, PreparedData
    from pitchpipe.run import Run

_FIGURES = ("accuracy", "precision", "recall", "f1", "auroc", "auprc", "normalised_exact_match")
_WIDEST_MATRIX = 12


def inferred_text(data: PreparedData, file: str = "") -> str:
    """What was inferred and what the validators said; "" when there is nothing to say.

    Args:
        data: what was prepared.
        file: the table, to be named with the places.
    """
    parts = [shown(note) for note in data.notes]
    if data.findings:
        parts += ["", findings_text(data.findings, file, data.applied), ""]
    return "\n".join(parts)


def findings_text(
    findings: Sequence[Finding], file: str = "", applied: Collection[str] = ()
) -> str:
    """One row a finding, and under it what was expected, with an example, where there is more.

    Args:
        findings: what was found.
        file: the table, to be named with the places.
        applied: the rules whose fixes were applied.
    """
    rows = table(
        ("severity", "rule", "count", "where", "what", "fixed by"),
        [
            (
                str(finding.severity),
                finding.rule,
                finding.count,
                ", ".join(filter(None, (file, places_text(finding)))) or "-",
                finding.message,
                _fixed_by(finding, applied),
            )
            for finding in findings
        ],
    )
    details = [_detail(finding) for finding in findings if finding.expected or finding.before]
    return "\n".join([rows, *([""] if details else []), *details])


def _detail(finding: Finding) -> str:
    parts = [f"expected {finding.expected}"] if finding.expected else []
    if finding.before:
        became = f" becomes {finding.after}" if finding.after else ""
        parts.append(f"for example {finding.before}{became}")
    return shown(f"{finding.rule}: {'; '.join(parts)}")


def _fixed_by(finding: Finding, applied: Collection[str]) -> str:
    if finding.fix is None:
        return "-"
    if finding.rule in applied:
        return finding.fix.description
    return f"not applied (--fix {finding.rule}): {finding.fix.description}"


def scores_text(scores: Mapping[str, Any]) -> str:
    """The figures, the confusion matrix, and what there is to say about them."""
    figures: dict[str, object] = {}
    for name in _FIGURES:
        if name in scores:
            figures[name] = number(scores[name])
            if f"weighted_{name}" in scores:
                figures[f"weighted {name}"] = number(scores[f"weighted_{name}"])
    if scores.get("positive_class") is not None:
        figures["positive class"] = scores["positive_class"]
    blocks = [pairs(figures)]
    matrix = scores.get("confusion_matrix")
    if matrix:
        blocks.append(_matrix(matrix, scores["classes"]))
        unknown = scores["unknown_answers"]
        if unknown["count"]:
            examples = ", ".join(repr(example) for example in unknown["examples"])
            blocks.append(f"{unknown['count']} answers are no known label, such as {examples}")
    blocks += [shown(note) for note in scores["notes"]]
    return "\n\n".join(blocks)


def run_text(run: Run, pipeline: Pipeline) -> str:
    """All of a run: model, rows, scores, times."""
    from pitchpipe.run import RunFolder

    facts = {
        "model": run.model.name,
        "base model": run.model.base,
        "job": run.job.id,
        "rows": f"{run.prepared.train_rows} to train, {run.prepared.valid_rows} held out",
        "run folder": str(run.folder),
    }
    blocks = [pairs(facts)]
    if run.scores:
        blocks.append(scores_text(run.scores))
    elif run.prepared.method == "reinforcement":
        blocks.append(
            "There are no scores: records for reinforcement hold no answers to compare with. The "
            f"rewards are in {RunFolder(run.folder).metrics}."
        )
    else:
        blocks.append("Nothing was held out, so there are no scores.")
    blocks.append(table(("stage", "seconds"), list(run.stages.items())))
    practised = practice_text(pipeline, run.prepared.train_rows)
    if practised:
        blocks.append(practised)
    return "\n\n".join(blocks)


def estimate_text(estimate: Estimate) -> str:
    """What a job is expected to take."""
    cost = "at an unknown cost" if estimate.cost is None else f"for ${estimate.cost:.2f}"
    time = "" if estimate.seconds is None else f", in about {duration_text(estimate.seconds)}"
    return (
        f"Expected: {estimate.epochs} epochs of {estimate.tokens} tokens {cost}{time} "
        f"({estimate.source})"
    )


def duration_text(seconds: float) -> str:
    """Some seconds in the unit that suits them."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{max(1, round(seconds))} s"


def practice_text(pipeline: Pipeline, rows: int | str) -> str:
    """Says so where no language model is tuned, and what is trained instead; else ""."""
    if pipeline.trainer.tunes_language_model:
        return ""
    url = str(getattr(pipeline.trainer, "base_url", None) or "")
    learner = "a stand-in"
    if url.startswith("offline:"):
        name = parse_qs(urlsplit(url).query).get("learner", ["ngram"])[0]
        learner = f"the offline service's learner {name!r}"
    return (
        f"No language model was fine-tuned: trainer {pipeline.trainer_name!r} trained {learner} "
        f"on {rows} records instead."
    )


def places_text(finding: Finding) -> str:
    """The first places of a finding; "" where it has none."""
    if not finding.lines:
        return ""
    more = ", ..." if finding.count > len(finding.lines) else ""
    unit = finding.unit if len(finding.lines) == 1 else f"{finding.unit}s"
    return f"{unit} {', '.join(map(str, finding.lines))}{more}"


def _matrix(matrix: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]]) -> str:
    labels = matrix["labels"]
    if len(labels) > _WIDEST_MATRIX:
        rows = [
            (label, *(number(classes[label][key]) for key in ("precision", "recall", "f1")))
            for label in labels
        ]
        return table(("class", "precision", "recall", "f1"), rows)
    titles = ("true \\ answered", *(shown(column) for column in matrix["columns"]))
    return table(
        titles,
        [(shown(label), *row) for label, row in zip(labels, matrix["rows"], strict=True)],
    )
