"""The predictor: requests to answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

from pitchpipe.records import Prediction, Request
from pitchpipe.stages.capabilities import PredictorCapabilities
from pitchpipe.stages.learner import Learners
from pitchpipe.stages.ledger import Ledger


class Predictor(ABC):
    """Asks a tuned model.

    Promises: one prediction a request, in the order of the requests.
    """

    resumes: ClassVar[bool] = False
    """Whether it finds its own earlier work in the ledger. Then a second attempt gives it all the
    requests again, else only those that have no answer yet."""

    @property
    def capabilities(self) -> PredictorCapabilities:
        """Which promises it can keep; by default all."""
        return PredictorCapabilities()

    def with_learners(self, learners: Learners) -> Self:
        """The same predictor, which finds learners in a plugin host; by default it needs none."""
        del learners
        return self

    @abstractmethod
    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        """The answers, each as soon as it and all before it are there."""
