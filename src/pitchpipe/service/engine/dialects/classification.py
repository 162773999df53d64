"""Classification metrics of a learner, as result files of 2023 have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe.stages import Learner, Token

_WEIGHTED = "classification/weighted_f1_score"
_ACCURACY = "classification/accuracy"
_IMPOSSIBLE = -1e9  # finite, as scikit-learn wants it


@dataclass(frozen=True)
class Classes:
    """What is measured.

    Attributes:
        positive: how the answers of the positive class begin; None where there are more than two.
        betas: of the F scores, besides 1.
    """

    positive: str | None
    betas: tuple[float, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the figures, in order."""
        if self.positive is None:
            return (_ACCURACY, _WEIGHTED)
        return (
            _ACCURACY,
            *(f"classification/{name}" for name in ("precision", "recall", "auroc", "auprc")),
            *(f"classification/f{beta:.1f}" for beta in (1.0, *self.betas)),
        )

    def measure(self, learner: Learner, records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """The figures on held-out records; what the records leave undefined is missing.

        Args:
            learner: answers at temperature 0.
            records: of the completion format.
        """
        answers = [_ask(learner, record["prompt"]) for record in records]
        said = ["".join(token.text for token in answer) for answer in answers]
        wanted = [record["completion"] for record in records]
        right = sum(one == other for one, other in zip(wanted, said, strict=True))
        figures = {_ACCURACY: right / len(wanted)}
        if self.positive is None:
            return figures | {_WEIGHTED: _weighted_f1(wanted, said)}
        return figures | self._binary(self.positive, wanted, said, answers)

    def _binary(
        self,
        positive: str,
        wanted: Sequence[str],
        said: Sequence[str],
        answers: Sequence[Sequence[Token]],
    ) -> dict[str, float]:
        from sklearn import metrics

        truth = [text.startswith(positive) for text in wanted]
        found = [text.startswith(positive) for text in said]
        chances = [_chance(answer, positive) for answer in answers]
        figures = {
            "classification/precision": metrics.precision_score(truth, found, zero_division=0),
            "classification/recall": metrics.recall_score(truth, found, zero_division=0),
        }
        if len(set(truth)) == 2:
            figures["classification/auroc"] = metrics.roc_auc_score(truth, chances)
            figures["classification/auprc"] = metrics.average_precision_score(truth, chances)
        for beta in (1.0, *self.betas):
            score = metrics.fbeta_score(truth, found, beta=beta, zero_division=0)
            figures[f"classification/f{beta:.1f}"] = score
        return {name: float(figure) for name, figure in figures.items()}


def _ask(learner: Learner, prompt: str) -> Sequence[Token]:
    return learner.answer({"prompt": prompt, "max_tokens": 1, "logprobs": 5, "temperature": 0})


def _chance(answer: Sequence[Token], positive: str) -> float:
    """The log probability that an answer begins like the positive class, by its first token."""
    chances = [
        logprob
        for token in answer[:1]
        for text, logprob in token.alternatives
        if text and (positive.startswith(text) or text.startswith(positive))
    ]
    return max(chances, default=_IMPOSSIBLE)


def _weighted_f1(wanted: Sequence[str], said: Sequence[str]) -> float:
    from sklearn import metrics

    return float(metrics.f1_score(wanted, said, average="weighted", zero_division=0))
