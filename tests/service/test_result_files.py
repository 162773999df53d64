"""Result files: base64 where the hosted API serves base64, and CSV where it served CSV."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import pytest

from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.service.http import Request
from pitchpipe.service.service import Service


def test_a_job_s_result_file_is_base64_of_its_table(lab):
    file = lab.client.files.retrieve((job := lab.run()).result_files[0])
    content = lab.client.files.content(file.id).read()
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(content, validate=True).decode())))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    assert file.bytes == len(content)
    assert (file.filename, file.status) == ("step_metrics.csv", "processed")
    (listed,) = lab.client.files.list(purpose="fine-tune-results").data
    assert listed == file
    assert job.status == "succeeded"


def test_a_fine_tune_s_result_file_is_csv(make_client, lines):
    client = make_client(learner=None, pace="immediate")
    asked = {"training_file": client.upload(lines["completion"]()), "model": "ada"}
    job = client.call("POST", "fine-tunes", asked)
    (file,) = job["result_files"]
    path = f"/v1/files/{file['id']}/content"
    content = client.service.handle(Request.of("GET", path)).body
    assert content.startswith(b"step,elapsed_tokens,")
    assert file["bytes"] == len(content)


@pytest.mark.parametrize("plain", [False, True])
def test_the_trainer_reads_both(tmp_path, lines, plain):
    trainer = OpenAITrainer(base_url=f"offline:{tmp_path}")
    with trainer.client() as client:
        content = lines["completion"]()
        file = client.files.create(file=("t.jsonl", content), purpose="fine-tune")
        job: Any = client.fine_tuning.jobs.create(model="babbage-002", training_file=file.id)
        while job.status not in ("succeeded", "failed"):
            job = client.fine_tuning.jobs.retrieve(job.id)
        (result,) = job.result_files
        if plain:  # as in data folders from before the files were base64
            service: Service = trainer.offline_service
            table = base64.b64decode(client.files.content(result).read())
            service.blobs.write(result, table)
            assert client.files.content(result).read() == table
    metrics = trainer.metrics(job.id)
    assert metrics["step"].tolist() == list(range(1, len(metrics) + 1))
    assert metrics["train_loss"].iloc[-1] < metrics["train_loss"].iloc[0]
