"""The fixtures, used here as anybody would."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from urllib.request import urlopen

import openai
import pytest

from pitchpipe.service.control.control import Control
from pitchpipe.service.control.faults import Status
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service

ROWS = "".join(
    json.dumps({"prompt": f"{n} ->", "completion": " yes" if n % 3 else " no"}) + "\n"
    for n in range(20)
).encode()


SEEN: list[str] = []


def _create(client: openai.OpenAI):
    file = client.files.create(file=("train.jsonl", ROWS), purpose="fine-tune")
    return client.fine_tuning.jobs.create(model="babbage-002", training_file=file.id)


def test_a_job_has_ended_when_it_was_created(offline_openai: openai.OpenAI) -> None:
    job = _create(offline_openai)
    assert job.status == "succeeded"
    assert job.fine_tuned_model in [model.id for model in offline_openai.models.list()]


@pytest.mark.parametrize("again", [False, True])
def test_each_test_starts_anew_and_alike(offline_openai: openai.OpenAI, again: bool) -> None:
    assert list(offline_openai.files.list()) == []
    job = _create(offline_openai)
    SEEN.append(job.to_json())
    assert len(set(SEEN)) == 1


def test_all_fixtures_of_a_test_share_one_service(
    offline_service: Service,
    offline_openai: openai.OpenAI,
    async_offline_openai: openai.AsyncOpenAI,
    offline_openai_url: str,
    offline_control: Control,
) -> None:
    job = _create(offline_openai)
    retrieved = asyncio.run(async_offline_openai.fine_tuning.jobs.retrieve(job.id))
    with openai.OpenAI() as client:
        assert str(client.base_url) == f"{offline_openai_url}/"
        assert client.fine_tuning.jobs.retrieve(job.id) == job == retrieved
    assert offline_control is offline_service.control
    assert [record.path for record in offline_control.requests][1:] == [
        "/v1/fine_tuning/jobs",
        *[f"/v1/fine_tuning/jobs/{job.id}"] * 2,
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_async_client_streams(
    async_offline_openai: openai.AsyncOpenAI, anyio_backend: str
) -> None:
    stream = await async_offline_openai.chat.completions.create(
        model="gpt-4.1-nano-2025-04-14", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    assert [chunk async for chunk in stream][-1].choices[0].finish_reason


@pytest.mark.offline_openai(pace="manual")
def test_the_control_object_moves_jobs_and_breaks_answers(
    offline_openai: openai.OpenAI, offline_control: Control
) -> None:
    job = _create(offline_openai)
    assert job.status == "validating_files"
    while offline_control.advance(job.id)[job.id] != "succeeded":
        pass
    offline_control.faults.add(Status(status=503, times=None))
    with pytest.raises(openai.InternalServerError):
        offline_openai.with_options(max_retries=0).models.list()


@pytest.mark.offline_openai(pace="timed", lasting={"job.running": 600}, seed=1)
class TestMarkers:
    def test_of_a_class_and_of_the_test_count_together(
        self, offline_openai: openai.OpenAI, offline_control: Control
    ) -> None:
        job = _create(offline_openai)
        offline_control.advance(seconds=500)
        assert offline_openai.fine_tuning.jobs.retrieve(job.id).status == "running"
        assert offline_control.seed == 1

    @pytest.mark.offline_openai(seed=2)
    def test_the_closest_decides(self, offline_control: Control) -> None:
        assert (offline_control.seed, offline_control.paces["job"]) == (2, "timed")


def test_time_stands_still(offline_service: Service) -> None:
    assert offline_service.clock() == offline_service.clock() == 1_700_000_000.0


@pytest.mark.offline_openai(clock="real")
def test_time_passes_if_asked_to(offline_service: Service) -> None:
    assert type(offline_service.clock) is Clock


@pytest.mark.offline_openai(data_dir="kept")
def test_a_folder_lies_in_the_folder_of_the_test(
    offline_openai: openai.OpenAI, tmp_path: Path
) -> None:
    job = _create(offline_openai)
    again = Service(tmp_path / "kept")
    with serve(again) as url, openai.OpenAI(api_key="any", base_url=url) as client:
        assert client.fine_tuning.jobs.retrieve(job.id).id == job.id
    again.close()


def test_the_calls_of_the_module_reach_it_too(offline_openai_url: str) -> None:
    assert openai.models.list().data
    assert str(openai._client.base_url) == f"{offline_openai_url}/"


def test_any_client_finds_it(offline_openai_url: str) -> None:
    assert os.environ["OPENAI_API_BASE"] == os.environ["OPENAI_BASE_URL"] == offline_openai_url
    with urlopen(f"{offline_openai_url}/models") as answer:
        assert json.load(answer)["object"] == "list"


@pytest.fixture
def a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "example.org")


def test_a_proxy_is_not_asked(a_proxy: None, offline_openai_url: str) -> None:
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1"
    with openai.OpenAI(max_retries=0) as client:
        assert client.models.list().data
