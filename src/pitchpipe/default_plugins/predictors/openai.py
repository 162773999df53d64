"""The predictor that asks one question at a time, many at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.default_plugins.openai_errors import retrying, service_message
from pitchpipe.default_plugins.predictors.answers import (
    LOGPROB_FIELDS,
    PATHS,
    to_prediction,
    without_logprobs,
)
from pitchpipe.default_plugins.predictors.ordered import Stop, ordered_map
from pitchpipe.errors import DataError
from pitchpipe.records import Prediction, Request
from pitchpipe.stages import Ledger, Predictor

if TYPE_CHECKING:
    from openai import OpenAI

logger = logging.getLogger(__name__)

_CONCURRENCY = 16
_LOOK_AHEAD = 4  # times the concurrency, so that one slow answer does not stop the others


@dataclass(frozen=True)
class OpenAIPredictor(Connection, Predictor):
    """Asks the two generating endpoints, with bounded concurrency and answers in order.

    Attributes:
        concurrency: requests under way at once; by default 16, and offline 1 where the learner
            answers one at a time, so that more threads only get in each other's way.
    """

    max_retries: int = 6
    concurrency: int | None = None

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        super().__post_init__()
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1; found {self.concurrency}.")

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        """The answers, each as soon as it and all before it are there; nothing is written down.

        Raises:
            ServiceError: a request failed for good; the others are given up.
        """
        del ledger  # each answer is paid for and complete by itself
        workers = self.concurrency or self._suitable()
        with self.client() as client:
            asker = _Asker(self, client, model)
            yield from ordered_map(asker.ask, requests, workers, workers * _LOOK_AHEAD)

    def _suitable(self) -> int:
        return 1 if self.offline and not self.offline_learner.concurrent else _CONCURRENCY


class _Asker:
    """One run's questions to one model; remembers that the model gives no probabilities."""

    def __init__(self, connection: Connection, client: OpenAI, model: str) -> None:
        self._connection = connection
        self._client = client
        self._model = model
        self._logprobs = True

    def ask(self, request: Request, stop: Stop) -> Prediction:
        """The answer, tried for as often as the connection's options say."""
        answer = retrying(
            lambda: self._post(request),
            self._connection.max_retries,
            self._connection.retry_seconds,
            stop.wait,
        )
        return to_prediction(request, answer)

    def _post(self, request: Request) -> object:
        from openai import BadRequestError

        body = {"model": self._model, **request.body}
        asks = any(body.get(name) for name in LOGPROB_FIELDS)
        if asks and self._logprobs:
            try:
                return self._send(request, body)
            except BadRequestError as error:
                if error.param not in LOGPROB_FIELDS and "logprobs" not in error.message:
                    raise
                logger.warning(
                    "%s gives no token probabilities: %s", self._model, service_message(error)
                )
                self._logprobs = False
        return self._send(request, without_logprobs(body) if asks else body)

    def _send(self, request: Request, body: Mapping[str, Any]) -> object:
        # the plain JSON: building the package's response models takes longer than reading it
        try:
            return self._client.post(PATHS[request.endpoint], cast_to=object, body=body)
        except UnicodeEncodeError as error:
            raise DataError(
                f"a prompt holds {error.object[error.start]!r}, half of a surrogate pair, which "
                "cannot be sent as UTF-8; take it out of the data."
            ) from None
