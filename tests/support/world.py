"""A service that is asked by the names of the contract's operations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from contract.checker import PREFIX, Contract
from pitchpipe.service.engine.clock import ManualClock
from pitchpipe.service.http import Request
from pitchpipe.service.service import Service

COMPLETION = {"model": "babbage-002", "prompt": "x", "temperature": 0}
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
LONG = {"n_epochs": 3, "batch_size": 5}
"""Hyperparameters of a job that needs several steps."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name.
        body: whole.
        complaints: what the contract has against it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    complaints: list[str]

    def __getitem__(self, name: str) -> Any:
        return json.loads(self.body)[name]


class World:
    """Asks, and makes what can be asked for.

    Args:
        contract: names the operations, and judges the answers.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.service = Service(pace="manual", clock=ManualClock())
        self._templates = {operation.id: operation for operation in contract.operations}

    def template(self, operation_id: str) -> str:
        """The path of an operation."""
        return self._templates[operation_id].template

    def ask(
        self,
        operation_id: str,
        *names: str,
        query: str = "",
        form: dict[str, str | bytes] | None = None,
        **body: Any,
    ) -> Answer:
        """Asks for an operation.

        Args:
            operation_id: as the contract calls it.
            names: what stands in the path, in order.
            query: as sent, without "?".
            form: the fields of a form; one in bytes is a file.
            body: the JSON body, sent if there is any.
        """
        operation = self._templates[operation_id]
        given = iter(names)
        path = PREFIX + "/".join(
            quote(next(given), safe="") if part.startswith("{") else part
            for part in operation.template.split("/")
        )
        kind, content = _encoded(form) if form is not None else ("application/json", b"")
        if body:
            content = json.dumps(body).encode()
        asked = Request.of(operation.method, f"{path}?{query}", [("content-type", kind)], content)
        response = self.service.handle(asked)
        whole = response.body
        whole = whole if isinstance(whole, bytes) else b"".join(whole)  # type: ignore[arg-type]
        headers = dict(response.headers)
        complaints = self.contract.complaints(
            operation.method, path, response.status, headers, whole
        )
        return Answer(response.status, headers, whole, complaints)

    def file(self, content: bytes | None = None, purpose: str = "fine-tune") -> str:
        """The id of a file, by default of twenty records."""
        form: dict[str, str | bytes] = {
            "purpose": purpose,
            "file": records() if content is None else content,
        }
        return str(self.ask("createFile", form=form)["id"])

    def job(self, advances: int = 0, **options: Any) -> str:
        """The id of a job that has been moved on so many times."""
        body = {"model": "babbage-002", "training_file": self.file()} | options
        job_id = str(self.ask("createFineTuningJob", **body)["id"])
        for _ in range(advances):
            self.service.advance(job_id)
        return job_id

    def tuned(self) -> str:
        """The name of a tuned model."""
        return str(self.ask("retrieveFineTuningJob", self.job(20))["fine_tuned_model"])

    def checkpoint(self) -> str:
        """The name of the model of a checkpoint."""
        page = self.ask("listFineTuningJobCheckpoints", self.job(20))
        return str(page["data"][0]["fine_tuned_model_checkpoint"])

    def batch(self, advances: int = 0, *bodies: Any) -> str:
        """The id of a batch that has been moved on so many times."""
        lines = [
            json.dumps(
                {"custom_id": str(number), "method": "POST", "url": "/v1/completions", "body": body}
            )
            for number, body in enumerate(bodies or (COMPLETION,))
        ]
        batch_id = str(
            self.ask(
                "createBatch",
                input_file_id=self.file("\n".join(lines).encode(), "batch"),
                endpoint="/v1/completions",
                completion_window="24h",
            )["id"]
        )
        for _ in range(advances):
            self.service.advance(batch_id)
        return batch_id

    def upload(self, content: bytes = b"{}\n") -> str:
        """The id of an upload that has no part yet."""
        return str(
            self.ask(
                "createUpload",
                filename="x.jsonl",
                purpose="fine-tune",
                bytes=len(content),
                mime_type="text/jsonl",
            )["id"]
        )

    def part(self, upload_id: str, content: bytes = b"{}\n") -> str:
        """The id of a part of an upload."""
        return str(self.ask("addUploadPart", upload_id, form={"data": content})["id"])


def records(count: int = 20) -> bytes:
    """A training file."""
    rows = [{"prompt": f"{n} ->", "completion": "yes" if n % 3 else "no"} for n in range(count)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _encoded(form: dict[str, str | bytes]) -> tuple[str, bytes]:
    parts = b""
    for name, value in form.items():
        content = value.encode() if isinstance(value, str) else value
        file = b"" if isinstance(value, str) else b'; filename="data.jsonl"'
        head = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n' % (name.encode(), file)
        parts += head + content + b"\r\n"
    return "multipart/form-data; boundary=b", parts + b"--b--\r\n"
