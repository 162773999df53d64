"""A request in order for everything that the service answers, and the names to put into it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

from fuzzing.target import Target
from fuzzing.wire import request
from gradings import BOTH, CHECK
from pitchpipe.service.control.routes import CONTROL
from pitchpipe.service.service import Service

JSON = dict[str, Any]

FORM = "multipart/form-data; boundary=fuzz"
_BASE = {"model": "babbage-002", "training_file": "FILE"}
_COMPLETION = {"model": "babbage-002", "prompt": "x", "max_tokens": 4}
_COMPLETION |= {"n": 2, "stop": ["."], "logprobs": 2, "seed": 1, "temperature": 0.5}
_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_CHAT = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
    ],
    "tools": [_TOOL],
    "metadata": {"a": "b"},
    "store": True,
    "max_tokens": 4,
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
}
_GRADERS = {"grader": BOTH, "model_sample": "a", "item": {"label": "a"}}
_FAULT = {"kind": "status", "status": 429, "path": "*", "times": 1, "after": 0}

BODIES: Mapping[str, JSON] = {
    "POST /v1/batches": {
        "input_file_id": "BATCH_FILE",
        "endpoint": "/v1/completions",
        "completion_window": "24h",
        "metadata": {"a": "b"},
        "output_expires_after": {"anchor": "created_at", "seconds": 3600},
    },
    "POST /v1/completions": _COMPLETION,
    "POST /v1/chat/completions": _CHAT,
    "POST /v1/chat/completions/*": {"metadata": {"a": "b"}},
    "POST /v1/engines/*/completions": {"prompt": ["x", "y"], "max_tokens": 2},
    "POST /v1/engines/*/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
    "POST /v1/fine_tuning/jobs": {
        **_BASE,
        "validation_file": "FILE",
        "suffix": "s",
        "seed": 1,
        "method": {
            "type": "supervised",
            "supervised": {
                "hyperparameters": {
                    "n_epochs": 1,
                    "batch_size": 8,
                    "learning_rate_multiplier": 1.0,
                }
            },
        },
        "metadata": {"a": "b"},
        "integrations": [{"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}],
    },
    "POST /v1/fine_tuning/alpha/graders/run": _GRADERS,
    "POST /v1/fine_tuning/alpha/graders/validate": {"grader": CHECK},
    "POST /v1/fine_tuning/checkpoints/*/permissions": {"project_ids": ["a", "b"]},
    "POST /v1/fine-tunes": {**_BASE, "n_epochs": 1, "suffix": "s", "batch_size": 4},
    "POST /v1/uploads": {
        "filename": "x.jsonl",
        "purpose": "batch",
        "bytes": 3,
        "mime_type": "text/jsonl",
    },
    "POST /v1/uploads/*/complete": {"part_ids": ["PART"], "md5": "0" * 32},
    f"POST /{CONTROL}/reset": {"seed": 1},
    f"POST /{CONTROL}/seed": {"seed": 1},
    f"POST /{CONTROL}/transitions": {"pace": "immediate", "lasting": {"job.running": 0.5}},
    f"POST /{CONTROL}/advance": {"seconds": 1.5, "steps": 1},
    f"POST /{CONTROL}/faults": _FAULT,
}
"""The JSON body of each request that has one, by method and template."""

FORMS: Mapping[str, Mapping[str, bytes]] = {
    "POST /v1/files": {"purpose": b"fine-tune", "file": b'{"prompt": "a", "completion": "b"}\n'},
    "POST /v1/uploads/*/parts": {"data": b"{}\n"},
}
"""The fields of each request that is a form."""

BARE = (
    *(f"POST /v1/fine_tuning/jobs/*/{verb}" for verb in ("cancel", "pause", "resume")),
    *("POST /v1/batches/*/cancel", "POST /v1/uploads/*/cancel", "POST /v1/fine-tunes/*/cancel"),
    *(f"POST /{CONTROL}/snapshots", f"POST /{CONTROL}/snapshots/*/restore"),
)
"""Those that are told without a body."""


def templates() -> Iterator[str]:
    """Method and template of everything that the service answers."""
    with closing(Service(control_routes=True)) as service:
        for prefix, router in (("v1", service._router), (CONTROL, service._control_router)):
            assert router is not None
            yield from _below(router._root.children[prefix], f"/{prefix}")


def _below(node: Any, path: str) -> Iterator[str]:
    for method in node.routes:
        yield f"{method} {path}"
    for segment, child in node.children.items():
        yield from _below(child, f"{path}/{segment}")


def form(fields: Mapping[str, bytes], boundary: bytes = b"fuzz") -> bytes:
    """A form of these fields; one that is no purpose is a file."""
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (boundary, name.encode(), b"" if name == "purpose" else b'; filename="f"', content)
        for name, content in fields.items()
    ]
    return b"".join([*parts, b"--%b--\r\n" % boundary])


_RECORDS = b"".join(
    b'{"prompt": "%d ->", "completion": " %b"}\n' % (number, b"yes" if number % 3 else b"no")
    for number in range(12)
)
_REQUEST = {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": _COMPLETION}

_NAMES = {
    "batches": "BATCH",
    "chat": "CHAT",
    "checkpoints": "CHECKPOINT",
    "completions": "CHAT",
    "engines": "BASE",
    "faults": "FAULT",
    "files": "FILE",
    "fine-tunes": "TUNE",
    "jobs": "JOB",
    "models": "MODEL",
    "permissions": "PERMISSION",
    "snapshots": "SNAPSHOT",
    "uploads": "UPLOAD",
}
"""Which name stands behind a segment of a path."""


class Things:
    """One of everything that a server can hold, made again where it is gone.

    Args:
        target: the server, in whose requests all work is done at once.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ids: dict[str, str] = {}

    def renew(self) -> Mapping[str, str]:
        """The names of what there is: FILE, BATCH_FILE, JOB, MODEL, and so on."""
        if not self._ids or not all(map(self._is_there, ("FILE", "BATCH_FILE", "MODEL"))):
            self._ids = self._made()
        if not self._is_pending():
            self._ids |= self._upload()
        return self._ids

    def path(self, template: str) -> str:
        """A path of which every ``*`` is the name of something that is there."""
        filled: list[str] = []
        for segment in template.split("/"):
            filled.append(quote(self._ids[_NAMES[filled[-1]]]) if segment == "*" else segment)
        path = "/".join(filled)
        # the engine of the other requests is none that converses
        return path.replace("/babbage-002/chat/", "/gpt-4o-mini/chat/")

    def body(self, name: str) -> JSON | None:
        """The body of a request, with the names of what is there; None where it has none."""
        body = BODIES.get(name)
        return None if body is None else self._named(body)

    def _named(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._named(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._named(inner) for inner in value]
        return self._ids.get(value, value) if isinstance(value, str) else value

    def upload(self, content: bytes, purpose: str) -> str:
        """The id of a new file."""
        data = form({"purpose": purpose.encode(), "file": content})
        sent = request("POST", "/v1/files", data, FORM, self._target.key)
        return str(self._target.send(sent).json["id"])

    def _is_there(self, name: str) -> bool:
        kind = "models" if name == "MODEL" else "files"
        return "id" in self._target.call("GET", f"/v1/{kind}/{quote(self._ids[name])}")

    def _is_pending(self) -> bool:
        path = f"/v1/uploads/{self._ids['UPLOAD']}/parts"
        answer = self._target.send(
            request("POST", path, form({"data": b"{}\n"}), FORM, self._target.key)
        )
        return answer.status == 200

    def _upload(self) -> dict[str, str]:
        ask, key = self._target.call, self._target.key
        upload_id = ask("POST", "/v1/uploads", BODIES["POST /v1/uploads"])["id"]
        path = f"/v1/uploads/{upload_id}/parts"
        part = self._target.send(request("POST", path, form({"data": b"{}\n"}), FORM, key)).json
        return {"UPLOAD": upload_id, "PART": part["id"]}

    def _made(self) -> dict[str, str]:
        ask = self._target.call
        file_id = self.upload(_RECORDS, "fine-tune")
        asked = self.upload(json.dumps(_REQUEST).encode(), "batch")
        self._ids = {"FILE": file_id, "BATCH_FILE": asked, "BASE": "babbage-002"}
        job = ask("POST", "/v1/fine_tuning/jobs", _BASE | {"training_file": file_id})
        job = ask("GET", f"/v1/fine_tuning/jobs/{job['id']}")
        tune = ask("POST", "/v1/fine-tunes", {"training_file": file_id, "n_epochs": 1})
        batch = ask("POST", "/v1/batches", self.body("POST /v1/batches"))
        checkpoints = ask("GET", f"/v1/fine_tuning/jobs/{job['id']}/checkpoints")["data"]
        checkpoint = checkpoints[0]["fine_tuned_model_checkpoint"]
        permissions = f"/v1/fine_tuning/checkpoints/{quote(checkpoint)}/permissions"
        permission = ask("POST", permissions, {"project_ids": ["a"]})["data"][0]["id"]
        chat = ask("POST", "/v1/chat/completions", _CHAT)
        return (
            self._ids
            | self._upload()
            | {
                "JOB": job["id"],
                "MODEL": job["fine_tuned_model"],
                "CHECKPOINT": checkpoint,
                "PERMISSION": permission,
                "TUNE": tune["id"],
                "BATCH": batch["id"],
                "CHAT": chat["id"],
                "SNAPSHOT": "snapshot-1",
                "FAULT": "fault-1",
            }
        )
