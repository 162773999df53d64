"""How good answers are: classification metrics where labels are known, exact match elsewhere."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pitchpipe.calls import parse_calls
from pitchpipe.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OTHER = "other"
"""Title of the confusion matrix's last column: answers that are no known label."""

_EXAMPLES = 5
_SHORT = 80
_HEADLINES = ("precision", "recall", "f1", "auroc", "auprc")


def score(
    references: Sequence[str],
    answers: Sequence[str],
    *,
    labels: Sequence[str] = (),
    probabilities: Sequence[Mapping[str, float]] | None = None,
    positive_class: str | None = None,
) -> dict[str, Any]:
    """Measures answers against references.

    With labels it is classification: an answer that is no known label counts as wrong. Precision,
    recall, F1, AUROC and AUPRC (average precision) are those of the positive class; of three or
    more labels with no positive class given they are plain means over the labels that occur among
    the references, and ``weighted_*`` are means weighted by how often each occurs, one label
    against the rest. Without labels it is free text, and only equality is measured.

    Args:
        references: the right answers.
        answers: what the model answered, parsed; one for each reference.
        labels: the known labels; empty for free text.
        probabilities: of each answer, the probability of each label (missing means 0). Rows
            without any are left out of AUROC and AUPRC, and a note says so.
        positive_class: as for ``positive_label``.

    Returns:
        Figures as JSON types; None for one that cannot be had, with a sentence in ``notes``.

    Raises:
        DataError: there is nothing to score, or the lengths differ.
        UsageError: the positive class is no label.
    """
    lengths = {len(references), len(answers)} | (
        set() if probabilities is None else {len(probabilities)}
    )
    if len(lengths) > 1:
        raise DataError(
            f"scoring: expected one answer, and one set of probabilities if any, for each "
            f"reference; found {len(references)} references, {len(answers)} answers"
            + ("." if probabilities is None else f" and {len(probabilities)} of probabilities.")
        )
    if not references:
        raise DataError("scoring: there are no rows with a reference to compare answers with.")
    if not labels:
        if positive_class is not None:
            raise no_labels(positive_class)
        return _text(references, answers)
    return _classification(references, answers, labels, probabilities, positive_class)


def positive_label(labels: Sequence[str], wanted: str | None = None) -> str | None:
    """The label that precision, recall, AUROC and AUPRC are about.

    Args:
        labels: the known labels.
        wanted: what the user asked for, white-space around it aside (" pos"). When None it is,
            of one or two labels, the last in sorted order ("pos" of "neg" and "pos").

    Returns:
        One of the labels; None when there are more than two and none was asked for.

    Raises:
        UsageError: no label is called so, or several but for white-space are.
    """
    known = sorted(set(labels))
    if wanted is None:
        return known[-1] if 1 <= len(known) <= 2 else None
    if wanted in known:
        return wanted
    alike = [label for label in known if label.strip() == wanted.strip()]
    if len(alike) == 1:
        return alike[0]
    close = difflib.get_close_matches(wanted, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(repr(label) for label in known)
    raise UsageError(f"unknown positive class {wanted!r}.{hint} The labels are {listed}.")


def no_labels(positive_class: str, can_be_labels: bool = True) -> UsageError:
    """The refusal of a positive class where answers are free text.

    Args:
        positive_class: what the user asked for.
        can_be_labels: whether the answers are labels once the user says so.
    """
    otherwise = ", or pass --task classification (data.task)" if can_be_labels else ""
    return UsageError(
        f"positive class {positive_class!r}: the completions are free text, without labels. "
        f"Leave out --positive-class (scoring.positive_class){otherwise}."
    )


def _text(references: Sequence[str], answers: Sequence[str]) -> dict[str, Any]:
    pairs = list(zip(references, answers, strict=True))
    exact = fmean(r == a for r, a in pairs)
    notes = ["free text: accuracy is the share of answers equal to their reference"]
    calls = sum(parse_calls(reference) is not None for reference in references)
    if calls:
        notes.append(f"tool calls ({calls} references): compared by name and parsed arguments")
    return {
        "task": "text",
        "rows": len(pairs),
        "accuracy": exact,
        "exact_match": exact,
        "normalised_exact_match": fmean(_normalised(r) == _normalised(a) for r, a in pairs),
        "notes": notes,
    }


def _normalised(text: str) -> str:
    """A text with case and white space aside; of calls these matter."""
    if parse_calls(text) is not None:
        return text
    return " ".join(text.casefold().split())


def _classification(
    references: Sequence[str],
    answers: Sequence[str],
    labels: Sequence[str],
    probabilities: Sequence[Mapping[str, float]] | None,
    positive_class: str | None,
) -> dict[str, Any]:
    import numpy as np
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    notes: list[str] = []
    known = sorted(set(labels) | set(references))
    strays = sorted(set(references) - set(labels))
    if strays:
        listed = ", ".join(repr(label[:_SHORT]) for label in strays[:_EXAMPLES])
        notes.append(f"references that the model was not trained on ({len(strays)}): {listed}")
    positive = positive_label(known, positive_class)

    # numbers, because arrays of text take a NUL at the end for padding
    codes = {label: code for code, label in enumerate(known)}
    true = np.array([codes[label] for label in references])
    found = np.array([codes.get(answer, len(known)) for answer in answers])
    unknown = [answer for answer in answers if answer not in codes]

    matrix = confusion_matrix(true, found, labels=range(len(known) + 1))[:-1]
    ranking = _Ranking.of(true, known, probabilities, notes)
    counted = precision_recall_fscore_support(
        true, found, labels=range(len(known)), average=None, zero_division=0
    )
    classes: dict[str, dict[str, float | int | None]] = {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            **_ranked(true == codes[label], codes[label], ranking),
            "support": int(support),
        }
        for label, precision, recall, f1, support in zip(known, *counted, strict=True)
    }

    occurring = [figures for figures in classes.values() if figures["support"]]
    if positive is None:
        headline = {key: _mean(occurring, key) for key in _HEADLINES}
    else:
        headline = {key: classes[positive][key] for key in _HEADLINES}
    if ranking is not None and headline["auroc"] is None:
        notes.append("auroc and auprc: need rows of the positive class and of another; left out")
    weighted = {
        f"weighted_{key}": _mean(occurring, key, weighted=True)
        for key in (_HEADLINES if len(known) > 2 else ())
    }
    return {
        "task": "classification",
        "rows": len(references),
        "accuracy": fmean(r == a for r, a in zip(references, answers, strict=True)),
        "positive_class": positive,
        **headline,
        **weighted,
        "confusion_matrix": {
            "labels": known,
            "columns": [*known, OTHER],
            "rows": matrix.tolist(),
        },
        "unknown_answers": {
            "count": len(unknown),
            "examples": [text[:_SHORT] for text in dict.fromkeys(unknown)][:_EXAMPLES],
        },
        "support": {label: classes[label]["support"] for label in known},
        "classes": classes,
        "notes": notes,
    }


@dataclass(frozen=True)
class _Ranking:
    """The rows whose probabilities are known: which they are, and one column a label."""

    rows: NDArray[np.intp]
    columns: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        true: NDArray[np.int_],
        known: Sequence[str],
        probabilities: Sequence[Mapping[str, float]] | None,
        notes: list[str],
    ) -> _Ranking | None:
        import numpy as np

        given = [
            i
            for i, row in enumerate(probabilities or ())
            if row and all(math.isfinite(value) for value in row.values())
        ]
        if probabilities is None or not given:
            notes.append("auroc and auprc: there are no probabilities; left out")
            return None
        if len(given) < len(true):
            notes.append(f"auroc and auprc: over the {len(given)} rows with probabilities")
        table = [[probabilities[i].get(label, 0.0) for label in known] for i in given]
        return cls(np.array(given), np.array(table, dtype=float))


def _ranked(
    actual: NDArray[np.bool_], code: int, ranking: _Ranking | None
) -> dict[str, float | None]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    if ranking is not None:
        rows, scores = actual[ranking.rows], ranking.columns[:, code]
        if rows.any() and not rows.all():
            return {
                "auroc": float(roc_auc_score(rows, scores)),
                "auprc": float(average_precision_score(rows, scores)),
            }
    return {"auroc": None, "auprc": None}


def _mean(
    classes: Sequence[Mapping[str, float | int | None]], key: str, weighted: bool = False
) -> float | None:
    values = [
        (value, (support or 0) if weighted else 1)
        for value, support in ((figures[key], figures["support"]) for figures in classes)
        if value is not None
    ]
    total = sum(weight for _, weight in values)
    return sum(value * weight for value, weight in values) / total if total else None
