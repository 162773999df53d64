"""How to have every operation of the contract answered well, and badly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradings import SHAPES
from world import CHAT, COMPLETION, LONG, Answer, World

Case = Callable[[World], Answer]

GOOD: Mapping[str, tuple[Case, ...]] = {
    "createBatch": (lambda w: w.ask("retrieveBatch", w.batch()), lambda w: _batch(w, 0)),
    "listBatches": (
        lambda w: w.ask("listBatches"),
        lambda w: w.batch() and w.ask("listBatches", query="limit=1"),
    ),
    "retrieveBatch": (
        *(lambda w, n=n: _batch(w, n) for n in range(4)),
        lambda w: w.ask("retrieveBatch", w.batch(4, COMPLETION, {"model": "none", "prompt": ""})),
        lambda w: w.ask("retrieveBatch", w.batch(1, {"stream": True})),
    ),
    "cancelBatch": (
        lambda w: w.ask("cancelBatch", w.batch()),
        lambda w: w.ask("cancelBatch", w.batch(1)),
    ),
    "createChatCompletion": (
        lambda w: w.ask("createChatCompletion", **CHAT),
        lambda w: w.ask("createChatCompletion", **CHAT, n=2, logprobs=True, top_logprobs=3),
        lambda w: w.ask("createChatCompletion", **CHAT, stream=True),
        lambda w: w.ask(
            "createChatCompletion",
            **CHAT,
            stream=True,
            logprobs=True,
            stream_options={"include_usage": True},
        ),
    ),
    "listChatCompletions": (
        lambda w: w.ask("listChatCompletions"),
        lambda w: (
            w.ask("createChatCompletion", **CHAT, store=True, metadata={"a": "b"})
            and w.ask("listChatCompletions", query="limit=1&metadata[a]=b")
        ),
    ),
    "createCompletion": (
        lambda w: w.ask("createCompletion", **COMPLETION),
        lambda w: w.ask("createCompletion", **COMPLETION, n=2, logprobs=5, stop="e"),
        lambda w: w.ask("createCompletion", **COMPLETION, max_tokens=0, echo=True),
        lambda w: w.ask("createCompletion", **COMPLETION, stream=True, logprobs=1, n=2),
        lambda w: w.ask(
            "createCompletion",
            **COMPLETION,
            stream=True,
            stream_options={"include_usage": True},
        ),
        lambda w: w.ask("createCompletion", model=w.tuned(), prompt="1 ->", logprobs=2),
    ),
    "createFile": (
        lambda w: w.ask("createFile", form={"purpose": "fine-tune", "file": b"{}"}),
        lambda w: w.ask("createFile", form={"purpose": "evals", "file": b""}),
        lambda w: w.ask(
            "createFile",
            form={
                "purpose": "batch",
                "file": b"{}",
                "expires_after[anchor]": "created_at",
                "expires_after[seconds]": "3600",
            },
        ),
    ),
    "listFiles": (
        lambda w: w.ask("listFiles"),
        lambda w: w.job(20) and w.ask("listFiles", query="order=asc&limit=1"),
    ),
    "retrieveFile": (lambda w: w.ask("retrieveFile", w.file()),),
    "downloadFile": (lambda w: w.ask("downloadFile", w.file()),),
    "deleteFile": (lambda w: w.ask("deleteFile", w.file()),),
    "createFineTuningJob": (
        lambda w: w.ask("createFineTuningJob", model="babbage-002", training_file=w.file()),
        lambda w: w.ask(
            "createFineTuningJob",
            model="gpt-4o-2024-08-06",
            training_file=w.file(),
            validation_file=w.file(),
            suffix="s",
            seed=1,
            metadata={"a": "b"},
            integrations=[{"type": "wandb", "wandb": {"project": "p", "tags": ["t"]}}],
            method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": 2}}},
        ),
        lambda w: w.ask(
            "createFineTuningJob",
            model="babbage-002",
            training_file=w.file(),
            hyperparameters={"n_epochs": 2, "learning_rate_multiplier": 0.5, "batch_size": 4},
        ),
        *(
            lambda w, grader=grader: w.ask(
                "createFineTuningJob",
                model="o4-mini-2025-04-16",
                training_file=w.file(),
                method={"type": "reinforcement", "reinforcement": {"grader": grader}},
            )
            for grader in SHAPES
        ),
    ),
    "listPaginatedFineTuningJobs": (
        lambda w: w.ask("listPaginatedFineTuningJobs"),
        lambda w: w.job(20) and w.ask("listPaginatedFineTuningJobs", query="limit=1"),
    ),
    "retrieveFineTuningJob": (
        *(lambda w, n=n: w.ask("retrieveFineTuningJob", w.job(n)) for n in (0, 1, 2, 3, 20)),
        lambda w: w.ask("retrieveFineTuningJob", w.job(1, training_file=w.file(b"{}"))),
    ),
    "listFineTuningEvents": (
        *(lambda w, n=n: w.ask("listFineTuningEvents", w.job(n)) for n in (0, 20)),
        lambda w: w.ask("listFineTuningEvents", w.job(1, training_file=w.file(b"{}"))),
    ),
    "listFineTuningJobCheckpoints": (
        *(lambda w, n=n: w.ask("listFineTuningJobCheckpoints", w.job(n)) for n in (0, 20)),
        lambda w: w.ask(
            "listFineTuningJobCheckpoints", w.job(20, validation_file=w.file()), query="limit=1"
        ),
    ),
    "cancelFineTuningJob": (lambda w: w.ask("cancelFineTuningJob", w.job(1)),),
    "pauseFineTuningJob": (
        lambda w: w.ask("pauseFineTuningJob", w.job(1)),
        lambda w: w.ask("pauseFineTuningJob", w.job(2, hyperparameters=LONG)),
    ),
    "resumeFineTuningJob": (lambda w: w.ask("resumeFineTuningJob", _paused(w)),),
    "listModels": (lambda w: w.tuned() and w.ask("listModels"),),
    "retrieveModel": (
        lambda w: w.ask("retrieveModel", "babbage-002"),
        lambda w: w.ask("retrieveModel", w.tuned()),
        lambda w: w.ask("retrieveModel", w.checkpoint()),
    ),
    "deleteModel": (lambda w: w.ask("deleteModel", w.tuned()),),
    "createUpload": (
        lambda w: w.ask(
            "createUpload", filename="x", purpose="batch", bytes=3, mime_type="text/jsonl"
        ),
    ),
    "addUploadPart": (lambda w: w.ask("addUploadPart", w.upload(), form={"data": b"{}\n"}),),
    "completeUpload": (lambda w: _complete(w, w.upload()),),
    "cancelUpload": (lambda w: w.ask("cancelUpload", w.upload()),),
    "createFineTuningCheckpointPermission": (
        lambda w: w.ask(
            "createFineTuningCheckpointPermission", w.checkpoint(), project_ids=["a", "b"]
        ),
    ),
    "listFineTuningCheckpointPermissions": (
        lambda w: w.ask("listFineTuningCheckpointPermissions", w.checkpoint()),
        lambda w: _permission(w) and w.ask("listFineTuningCheckpointPermissions", w.checkpoint()),
    ),
    "deleteFineTuningCheckpointPermission": (
        lambda w: w.ask("deleteFineTuningCheckpointPermission", *_permission(w)),
    ),
}
"""What the service answers well, in each of the shapes that its answer may have."""

BAD: Mapping[str, tuple[Case, ...]] = {
    "createBatch": (
        lambda w: w.ask("createBatch"),
        lambda w: w.ask(
            "createBatch", input_file_id="x", endpoint="/v1/completions", completion_window="24h"
        ),
    ),
    "listBatches": (lambda w: w.ask("listBatches", query="limit=0"),),
    "retrieveBatch": (lambda w: w.ask("retrieveBatch", "batch_x"),),
    "cancelBatch": (
        lambda w: w.ask("cancelBatch", "batch_x"),
        lambda w: w.ask("cancelBatch", w.batch(3)),
    ),
    "createChatCompletion": (
        lambda w: w.ask("createChatCompletion"),
        lambda w: w.ask("createChatCompletion", **CHAT | {"model": "none"}),
        lambda w: w.ask("createChatCompletion", **CHAT | {"model": "babbage-002"}),
        lambda w: w.ask("createChatCompletion", **CHAT, top_logprobs=3),
    ),
    "listChatCompletions": (lambda w: w.ask("listChatCompletions", query="limit=x"),),
    "createCompletion": (
        lambda w: w.ask("createCompletion"),
        lambda w: w.ask("createCompletion", **COMPLETION, logprobs=6),
        lambda w: w.ask("createCompletion", **COMPLETION | {"model": "gpt-4o"}),
    ),
    "createFile": (
        lambda w: w.ask("createFile", purpose="fine-tune"),
        lambda w: w.ask("createFile", form={"purpose": "fine-tune"}),
        lambda w: w.ask("createFile", form={"purpose": "x", "file": b""}),
    ),
    "listFiles": (lambda w: w.ask("listFiles", query="order=up"),),
    "retrieveFile": (lambda w: w.ask("retrieveFile", "file-x"),),
    "downloadFile": (lambda w: w.ask("downloadFile", "file-x"),),
    "deleteFile": (lambda w: w.ask("deleteFile", "file-x"),),
    "createFineTuningJob": (
        lambda w: w.ask("createFineTuningJob"),
        lambda w: w.ask("createFineTuningJob", model="none", training_file=w.file()),
        lambda w: w.ask("createFineTuningJob", model="babbage-002", training_file="file-x"),
        lambda w: w.ask("createFineTuningJob", model=1, training_file="file-x"),
    ),
    "listPaginatedFineTuningJobs": (
        lambda w: w.ask("listPaginatedFineTuningJobs", query="limit=1001"),
    ),
    "retrieveFineTuningJob": (lambda w: w.ask("retrieveFineTuningJob", "ftjob-x"),),
    "listFineTuningEvents": (
        lambda w: w.ask("listFineTuningEvents", "ftjob-x"),
        lambda w: w.ask("listFineTuningEvents", w.job(), query="after=x"),
    ),
    "listFineTuningJobCheckpoints": (
        lambda w: w.ask("listFineTuningJobCheckpoints", "ftjob-x"),
        lambda w: w.ask("listFineTuningJobCheckpoints", w.job(), query="after=x"),
    ),
    "cancelFineTuningJob": (
        lambda w: w.ask("cancelFineTuningJob", "ftjob-x"),
        lambda w: w.ask("cancelFineTuningJob", w.job(20)),
    ),
    "pauseFineTuningJob": (lambda w: w.ask("pauseFineTuningJob", w.job()),),
    "resumeFineTuningJob": (lambda w: w.ask("resumeFineTuningJob", w.job()),),
    "listModels": (),  # it takes nothing that could be wrong
    "retrieveModel": (lambda w: w.ask("retrieveModel", "none"),),
    "deleteModel": (
        lambda w: w.ask("deleteModel", "none"),
        lambda w: w.ask("deleteModel", "babbage-002"),
    ),
    "createUpload": (
        lambda w: w.ask("createUpload"),
        lambda w: w.ask("createUpload", filename="x", purpose="x", bytes=3, mime_type="text/jsonl"),
    ),
    "addUploadPart": (
        lambda w: w.ask("addUploadPart", "upload_x", form={"data": b"x"}),
        lambda w: w.ask("addUploadPart", w.upload(), form={}),
    ),
    "completeUpload": (
        lambda w: w.ask("completeUpload", "upload_x", part_ids=["x"]),
        lambda w: w.ask("completeUpload", w.upload(), part_ids=["x"]),
    ),
    "cancelUpload": (lambda w: w.ask("cancelUpload", "upload_x"),),
    "createFineTuningCheckpointPermission": (
        lambda w: w.ask("createFineTuningCheckpointPermission", "none", project_ids=["a"]),
        lambda w: w.ask("createFineTuningCheckpointPermission", w.checkpoint()),
    ),
    "listFineTuningCheckpointPermissions": (
        lambda w: w.ask("listFineTuningCheckpointPermissions", "none"),
    ),
    "deleteFineTuningCheckpointPermission": (
        lambda w: w.ask("deleteFineTuningCheckpointPermission", w.checkpoint(), "cp_x"),
    ),
}
"""What it refuses."""


def _batch(world: World, advances: int) -> Answer:
    return world.ask("retrieveBatch", world.batch(advances))


def _paused(world: World) -> str:
    job_id = world.job(1)
    world.ask("pauseFineTuningJob", job_id)
    return job_id


def _complete(world: World, upload_id: str) -> Answer:
    part_id = world.part(upload_id)
    return world.ask("completeUpload", upload_id, part_ids=[part_id])


def _permission(world: World) -> tuple[str, str]:
    checkpoint = world.checkpoint()
    made = world.ask("createFineTuningCheckpointPermission", checkpoint, project_ids=["a"])
    return checkpoint, made["data"][0]["id"]
