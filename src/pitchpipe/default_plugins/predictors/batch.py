"""The predictor for large sets: the Batch API, at half the price and within a day."""

from __future__ import annotations

import hashlib
import itertools
import logging
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pitchpipe import stopping
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.default_plugins.openai_files import upload
from pitchpipe.default_plugins.predictors.answers import to_prediction
from pitchpipe.default_plugins.predictors.batch_files import (
    MOST_REQUESTS,
    Line,
    parts_of,
    read_output,
)
from pitchpipe.errors import ServiceError
from pitchpipe.records import Prediction, Request
from pitchpipe.redaction import redact
from pitchpipe.stages import Ledger, Predictor, PredictorCapabilities

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

logger = logging.getLogger(__name__)

BATCH_KEY = "pitchpipe_batch"
"""The metadata key by which a batch is found again whose creation went unanswered."""

_WITHOUT_ANSWERS = frozenset({"failed", "expired", "cancelled"})
_ENDED = _WITHOUT_ANSWERS | {"completed"}
_ENDPOINTS: dict[str, Literal["/v1/completions", "/v1/chat/completions"]] = {
    "completions": "/v1/completions",
    "chat.completions": "/v1/chat/completions",
}
_POLL_SECONDS = 30.0
_NAMED_FAILURES = 3


@dataclass(frozen=True)
class BatchPredictor(Connection, Predictor):
    """Uploads the requests as files and waits for the service to answer them.

    An interrupted run adopts its batches when it is given the same requests again; a batch that
    failed is then made anew.

    Attributes:
        poll_seconds: seconds between two looks at a batch; by default 30, offline 0.
        batch_size: the most requests in one batch.
    """

    resumes: ClassVar[bool] = True
    capabilities = PredictorCapabilities(streams=False)

    poll_seconds: float | None = None
    batch_size: int = MOST_REQUESTS

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        super().__post_init__()
        if not 1 <= self.batch_size <= MOST_REQUESTS:
            raise ValueError(
                f"batch_size must be from 1 to {MOST_REQUESTS}; found {self.batch_size}."
            )

    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        """The answers, in order; all batches are created before the first is waited for.

        Raises:
            ServiceError: a batch failed, or requests in it did; names them.
        """
        with self.client() as client:
            created = [
                (self._create(client, part, ledger), part)
                for part in parts_of(requests, model, self.batch_size)
            ]
            for batch_id, part in created:
                yield from self._collect(client, batch_id, part)

    def _create(self, client: OpenAI, part: list[Line], ledger: Ledger) -> str:
        content = b"".join(line.text for line in part)
        name = f"batch-{hashlib.sha256(content).hexdigest()[:16]}"
        for attempt in itertools.count(1):
            step = f"{name}-{attempt}"
            earlier = ledger.outcome(step)
            if earlier is None:
                return self._submit(client, part, content, name, step, ledger)
            batch_id = str(earlier["batch_id"])
            if self._retrieve(client, batch_id).status not in _WITHOUT_ANSWERS:
                return batch_id
        raise AssertionError("count() does not end")

    def _submit(
        self,
        client: OpenAI,
        part: list[Line],
        content: bytes,
        name: str,
        step: str,
        ledger: Ledger,
    ) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "requests.jsonl"
            file.write_bytes(content)
            file_id = upload(self, client, file, "batch", f"{name}-upload", ledger)
        new_key = uuid.uuid4().hex
        key = str(ledger.intend(step, {"key": new_key})["key"])
        batch = self.once(
            find=lambda: _find(client, key),
            create=lambda: client.batches.create(
                input_file_id=file_id,
                endpoint=_ENDPOINTS[part[0].request.endpoint],
                completion_window="24h",
                metadata={BATCH_KEY: key},
            ),
            fresh=key == new_key,
        )
        ledger.done(step, {"batch_id": batch.id})
        return batch.id

    def _collect(self, client: OpenAI, batch_id: str, part: list[Line]) -> Iterator[Prediction]:
        batch = self._wait(client, batch_id)
        if batch.status == "failed":
            raise ServiceError(f"batch {batch_id} failed: {_errors(batch)}.")
        files = [file for file in (batch.output_file_id, batch.error_file_id) if file]
        answers, failures = read_output(*(self._content(client, file) for file in files))
        failed = [
            f"request {line.number}: {failures.get(line.custom_id, 'no answer')}"
            for line in part
            if line.custom_id not in answers
        ]
        if failed:
            raise ServiceError(
                f"batch {batch_id} ({batch.status}): {len(failed)} of {len(part)} requests have "
                f"no answer: {'; '.join(failed[:_NAMED_FAILURES])}"
                f"{'; ...' if len(failed) > _NAMED_FAILURES else '.'}"
            )
        for line in part:
            yield to_prediction(line.request, answers[line.custom_id])

    def _wait(self, client: OpenAI, batch_id: str) -> Batch:
        default = 0.0 if self.offline else _POLL_SECONDS
        interval = default if self.poll_seconds is None else self.poll_seconds
        status = ""
        while (batch := self._retrieve(client, batch_id)).status not in _ENDED:
            if batch.status != status:
                status = batch.status
                logger.info("batch %s: %s", batch_id, status)
            stopping.pause(interval)
        return batch

    def _retrieve(self, client: OpenAI, batch_id: str) -> Batch:
        return self.attempt(lambda: client.batches.retrieve(batch_id))

    def _content(self, client: OpenAI, file_id: str) -> bytes:
        return self.attempt(lambda: client.files.content(file_id).content)


def _find(client: OpenAI, key: str) -> Batch | None:
    for batch in client.batches.list(limit=100):
        if (batch.metadata or {}).get(BATCH_KEY) == key:
            return batch
    return None


def _errors(batch: Batch) -> str:
    errors = batch.errors.data if batch.errors else None
    told = [
        f"{error.message}" + (f" (line {error.line})" if error.line else "")
        for error in (errors or [])[:_NAMED_FAILURES]
    ]
    return redact("; ".join(told)) or "the service gives no reason"
