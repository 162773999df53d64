from __future__ import annotations

import base64
import json
import os
import signal
import sys
import urllib.request
from urllib.error import HTTPError

import openai
import pytest

from pitchpipe.cli import main
from pitchpipe.service.server.keys import KeyFile


def wait_for(client, job_id):
    while True:
        job = client.fine_tuning.jobs.retrieve(job_id)
        if job.status in ("succeeded", "failed", "cancelled"):
            return job


def test_train_ask_and_stop(serving, lines, tmp_path):
    server = serving(data_dir=tmp_path / "data")
    with openai.OpenAI(api_key="k", base_url=server.url) as client:
        file = client.files.create(file=("a.jsonl", lines["completion"]()), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="ada", training_file=file.id)
        model = wait_for(client, job.id).fine_tuned_model
        answer = client.completions.create(model=model, prompt="1 ->", temperature=0)
        assert answer.choices[0].text == "yes now"
    code, log = server.end(signal.SIGTERM)
    assert code == 0
    requests = [json.loads(line) for line in log.splitlines()]
    assert {line["logger"] for line in requests} == {"pitchpipe.access"}
    assert requests[-1] | {"time": "", "milliseconds": 0, "bytes": 0} == {
        "time": "",
        "level": "info",
        "logger": "pitchpipe.access",
        "message": "POST /v1/completions 200",
        "method": "POST",
        "path": "/v1/completions",
        "status": 200,
        "bytes": 0,
        "milliseconds": 0,
        "key": "",
    }
    again = serving(data_dir=tmp_path / "data")
    with openai.OpenAI(api_key="k", base_url=again.url) as client:
        assert client.completions.create(model=model, prompt="1 ->", temperature=0).choices
    assert again.end()[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process tree from /proc")
def test_a_worker_that_dies_is_replaced_and_its_job_goes_on(serving, lines):
    server = serving()
    with openai.OpenAI(api_key="k", base_url=server.url) as client:
        content = lines["completion"](1500)
        file = client.files.create(file=("a.jsonl", content), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(
            model="ada",
            training_file=file.id,
            hyperparameters={"n_epochs": 8, "batch_size": 1},
        )
        while not client.fine_tuning.jobs.checkpoints.list(job.id).data:
            pass
        (worker,) = server.workers
        os.kill(worker, signal.SIGKILL)
        job = wait_for(client, job.id)
        assert job.status == "succeeded"
        content = client.files.content(job.result_files[0]).text
        metrics = base64.b64decode(content).decode().splitlines()[1:]
        assert [int(line.split(",")[0]) for line in metrics] == [*range(1, 8 * 1500 + 1)]
    code, log = server.end()
    assert code == 0
    (news,) = [line for line in map(json.loads, log.splitlines()) if line["level"] == "error"]
    assert news["message"] == f"a worker ended with code -9 while working on {job.id}"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process tree from /proc")
def test_a_signal_to_all_processes_ends_the_server_in_order(serving):
    server = serving()
    for pid in [*server.workers, server.process.pid]:
        os.kill(pid, signal.SIGTERM)
    assert server.wait() == (0, "")


def test_with_keys(serving, tmp_path):
    key = KeyFile(tmp_path / "keys").add("ann")
    server = serving("--api-key-file", str(tmp_path / "keys"))
    with openai.OpenAI(api_key=key, base_url=server.url) as client:
        assert client.models.list().data
    _, log = server.end()
    assert key not in log
    assert json.loads(log.splitlines()[0])["key"] == "ann"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "70000"], "cannot listen on 127.0.0.1:70000"),
        (["--workers", "0"], "must be 1 or more"),
        (["--learner", "ngran"], "unknown learner 'ngran'. Did you mean 'ngram'?"),
        (["--api-key-file", "none"], "pitchpipe keys new NAME --file none makes one"),
        (["--log-level", "loud"], "unknown level 'loud'"),
        (["--log-format", "yaml"], "unknown format 'yaml'"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *flags]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert (out, err.count("\n")) == ("", 1)
    assert not list(tmp_path.iterdir())


def test_control_from_any_language(serving, lines):
    server = serving("--control", "--pace", "timed")
    root = server.url.removesuffix("/v1") + "/_pitchpipe"
    with openai.OpenAI(api_key="k", base_url=server.url) as client:
        file = client.files.create(file=("a.jsonl", lines["completion"]()), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="ada", training_file=file.id)
        assert client.fine_tuning.jobs.retrieve(job.id).status == "validating_files"
        post(f"{root}/advance", {"seconds": 3600})
        assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
    assert not server.workers or sys.platform != "linux"


def test_workers_and_the_clock_do_not_both_move_jobs(serving):
    server = serving("--control")
    with pytest.raises(HTTPError) as refused:
        post(server.url.removesuffix("/v1") + "/_pitchpipe/transitions", {"pace": "timed"})
    with refused.value as answer:
        assert "start it with another --pace" in json.load(answer)["error"]["message"]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_without_being_asked_nobody_controls_it(serving):
    server = serving()
    with pytest.raises(HTTPError) as refused:
        post(server.url.removesuffix("/v1") + "/_pitchpipe/reset", {})
    with refused.value as answer:
        assert answer.status == 404


def test_other_machines_need_keys(serving):
    with pytest.raises(AssertionError, match="can be reached from other machines: give --api-key"):
        serving("--host", "0.0.0.0")


def test_a_file_without_keys_would_let_nobody_in(tmp_path, capsys):
    keys = KeyFile(tmp_path / "keys")
    keys.add("ann")
    keys.remove("ann")
    assert main(["serve", "--api-key-file", str(tmp_path / "keys")]) == 2
    assert "nobody could come in" in capsys.readouterr().err
