"""What a user of the API does from end to end, with any openai package of Python from 1.x on.

``python flow.py sync|async FOLDER`` asks the service that ``OPENAI_BASE_URL`` names, with the files
of the folder, and prints what it was told as one JSON object. ``flow.mjs`` does the same in
JavaScript, request by request, so that both tell the same.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import openai

ENDED = ("succeeded", "failed", "cancelled", "completed")


async def settle(value: Any) -> Any:
    """What a client of either kind gives: the sync one at once, the async one when awaited."""
    return await value if inspect.isawaitable(value) else value


async def collect(pages: Any) -> list[Any]:
    """Everything on all pages, or in a stream, of a client of either kind."""
    pages = pages if hasattr(pages, "__aiter__") else await settle(pages)
    return [item async for item in pages] if hasattr(pages, "__aiter__") else list(pages)


async def refusal(call: Any, *args: Any, **options: Any) -> list[Any]:
    """How a call is refused: class, status, code and parameter."""
    try:
        await settle(call(*args, **options))
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return ["nothing was refused"]


async def upload(client: Any, name: str, content: bytes, purpose: str) -> str:
    """The id of an uploaded file."""
    return (await settle(client.files.create(file=(name, content), purpose=purpose))).id


async def text(client: Any, file_id: str) -> str:
    """A file's content."""
    return (await settle(client.files.content(file_id))).text


async def follow(retrieve: Any, object_id: str) -> tuple[Any, list[str]]:
    """A job or a batch that has ended, and the states it was seen in."""
    states: list[str] = []
    while True:
        found = await settle(retrieve(object_id))
        if found.status not in states[-1:]:
            states.append(found.status)
        if found.status in ENDED:
            return found, states


async def train(client: Any, folder: Path) -> tuple[dict[str, Any], str]:
    """Uploads, trains with a pause, and reads all that the job left."""
    jobs = client.fine_tuning.jobs
    file_id = await upload(
        client, "train.jsonl", (folder / "train.jsonl").read_bytes(), "fine-tune"
    )
    job = await settle(
        jobs.create(
            model="babbage-002",
            training_file=file_id,
            validation_file=file_id,
            suffix="demo",
            seed=1,
            metadata={"try": "first"},
            hyperparameters={"n_epochs": 3, "batch_size": 10},
        )
    )
    told: dict[str, Any] = {"created": [job.id, job.status, job.model]}
    told["too early"] = await refusal(jobs.resume, job.id)
    told["queued"] = (await settle(jobs.retrieve(job.id))).status
    told["paused"] = (await settle(jobs.pause(job.id))).status
    told["still paused"] = (await settle(jobs.retrieve(job.id))).status
    told["resumed"] = (await settle(jobs.resume(job.id))).status
    job, told["states"] = await follow(jobs.retrieve, job.id)
    told["trained tokens"] = job.trained_tokens
    events = await collect(jobs.list_events(job.id, limit=3))
    told["events"] = [event.message for event in events]
    found = await collect(jobs.checkpoints.list(job.id, limit=1))
    told["checkpoints"] = [[point.step_number, point.metrics.train_loss] for point in found]
    result = await text(client, job.result_files[0])
    told["result"] = base64.b64decode(result).decode().splitlines()
    told["too late"] = await refusal(jobs.cancel, job.id)
    other = await settle(jobs.create(model="gpt-4o-mini-2024-07-18", training_file=file_id))
    told["cancelled"] = (await settle(jobs.cancel(other.id))).status
    told["jobs"] = [found.id for found in await collect(jobs.list(limit=1))]
    return told, job.fine_tuned_model


async def complete(client: Any, model: str) -> dict[str, Any]:
    """Completes, whole and streamed."""
    asked = {"model": model, "prompt": "good film 1 ->", "temperature": 0, "max_tokens": 5}
    whole = await settle(client.completions.create(**asked, logprobs=2))
    chunks = await collect(client.completions.create(**asked, stream=True))
    choice = whole.choices[0]
    return {
        "text": choice.text,
        "finish": choice.finish_reason,
        "tokens": choice.logprobs.tokens,
        "usage": [whole.usage.prompt_tokens, whole.usage.completion_tokens],
        "streamed": "".join(chunk.choices[0].text for chunk in chunks),
        "last": chunks[-1].choices[0].finish_reason,
    }


async def chat(client: Any, folder: Path) -> dict[str, Any]:
    """Trains a chat model and talks to it, whole and streamed."""
    file_id = await upload(client, "chat.jsonl", (folder / "chat.jsonl").read_bytes(), "fine-tune")
    job = await settle(
        client.fine_tuning.jobs.create(
            model="gpt-4o-mini-2024-07-18",
            training_file=file_id,
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        )
    )
    job, _ = await follow(client.fine_tuning.jobs.retrieve, job.id)
    asked = {
        "model": job.fine_tuned_model,
        "messages": [{"role": "user", "content": "good film 1?"}],
        "temperature": 0,
    }
    whole = await settle(client.chat.completions.create(**asked, logprobs=True, top_logprobs=1))
    chunks = await collect(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    choice = whole.choices[0]
    return {
        "model": job.fine_tuned_model,
        "content": choice.message.content,
        "finish": choice.finish_reason,
        "tokens": [token.token for token in choice.logprobs.content],
        "streamed": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
        "usage": [chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens],
    }


async def batch(client: Any, folder: Path, model: str) -> dict[str, Any]:
    """Has the requests of a file answered."""
    content = (folder / "batch.jsonl").read_bytes().replace(b"TUNED", model.encode())
    made = [
        await settle(
            client.batches.create(
                input_file_id=await upload(client, "batch.jsonl", content, "batch"),
                endpoint="/v1/completions",
                completion_window="24h",
                metadata={"number": str(number)},
            )
        )
        for number in range(2)
    ]
    done, states = await follow(client.batches.retrieve, made[0].id)
    lines = (await text(client, done.output_file_id)).splitlines()
    wrong = (await text(client, done.error_file_id)).splitlines()
    answers = [json.loads(line) for line in lines]
    return {
        "states": states,
        "counts": [done.request_counts.completed, done.request_counts.failed],
        "answers": [[a["custom_id"], a["response"]["body"]["choices"][0]["text"]] for a in answers],
        "errors": [json.loads(line)["response"]["body"]["error"]["code"] for line in wrong],
        "cancelled": (await settle(client.batches.cancel(made[1].id))).status,
        "batches": [found.id for found in await collect(client.batches.list(limit=1))],
    }


async def refusals(client: Any) -> dict[str, list[Any]]:
    """What is refused, and how."""
    create = client.fine_tuning.jobs.create
    return {
        "file": await refusal(client.files.retrieve, "file-none"),
        "model": await refusal(client.models.retrieve, "none"),
        "job": await refusal(client.fine_tuning.jobs.retrieve, "ftjob-none"),
        "training file": await refusal(create, model="babbage-002", training_file="file-none"),
        "base model": await refusal(create, model="none", training_file="file-none"),
        "prompt": await refusal(client.completions.create, model="babbage-002", prompt=1),
        "wrong endpoint": await refusal(client.completions.create, model="gpt-4o", prompt="x"),
        "deleting": await refusal(client.models.delete, "babbage-002"),
    }


async def delete(client: Any, model: str) -> dict[str, Any]:
    """Deletes the tuned model and every file."""
    deleted = await settle(client.models.delete(model))
    files = await collect(client.files.list(limit=2, order="asc"))
    gone = [(await settle(client.files.delete(file.id))).deleted for file in files]
    return {
        "model": [deleted.id, deleted.deleted],
        "asked again": await refusal(client.completions.create, model=model, prompt="x"),
        "files": [[file.filename, file.purpose] for file in files],
        "gone": gone,
        "left": len(await collect(client.files.list())),
    }


async def run(client: Any, folder: Path) -> dict[str, Any]:
    """All of it, as one report."""
    training, model = await train(client, folder)
    return {
        "train": training,
        "complete": await complete(client, model),
        "chat": await chat(client, folder),
        "batch": await batch(client, folder, model),
        "refusals": await refusals(client),
        "delete": await delete(client, model),
    }


async def main(kind: str, folder: Path) -> None:
    """Runs it with a client that the environment sets up."""
    make = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}[kind]
    client = make(max_retries=0)
    report = {"version": openai.__version__} | await run(client, folder)
    await settle(client.close())
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
