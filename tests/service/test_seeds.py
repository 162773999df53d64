"""Names differ from store to store unless a seed is given; what comes of the same data does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import openai
import pytest

from pitchpipe.service.engine.clock import ManualClock
from pitchpipe.service.service import Service
from pitchpipe.service.transports import BASE_URL, openai_http_client

RECORDS = "".join(
    f'{{"prompt": "a film, part {n} ->", "completion": " {("pos", "neg")[n % 2]}"}}\n'
    for n in range(24)
).encode()


class Story:
    """What one service makes of the same requests: names, and results."""

    def __init__(self, **options: Any) -> None:
        options = {"clock": ManualClock(0.0), "pace": "immediate"} | options
        with closing(Service(**options)) as service, _client(service) as client:
            file = client.files.create(file=("t.jsonl", RECORDS), purpose="fine-tune")
            jobs = [
                client.fine_tuning.jobs.create(model="babbage-002", training_file=file.id)
                for _ in range(2)
            ]
            jobs = [client.fine_tuning.jobs.retrieve(job.id) for job in jobs]
            assert {job.status for job in jobs} == {"succeeded"}
            names = [job.fine_tuned_model or "" for job in jobs]
            self.names = [file.id, *(job.id for job in jobs), *names]
            self.results: list[object] = [job.seed for job in jobs]
            self.results += [client.files.content(job.result_files[0]).text for job in jobs]
            for name in (*names, "babbage-002"):
                answer = client.completions.create(
                    model=name, prompt="a film ->", temperature=1.9, n=8, max_tokens=3
                )
                self.names.append(answer.id)
                self.results.append([choice.text for choice in answer.choices])
            self.seed, self.choices = service.store.seed, service.store.choices


def _client(service: Service) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="any", base_url=BASE_URL, max_retries=0, http_client=openai_http_client(service)
    )


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return [Story(), Story(), Story(seed=0)]


def test_new_stores_have_names_of_their_own(stories: list[Story]) -> None:
    every = [name for story in stories for name in story.names]
    assert len(set(every)) == len(every)


def test_the_same_data_has_the_same_results(stories: list[Story]) -> None:
    one, two, three = (story.results for story in stories)
    assert one == two == three


def test_a_seed_gives_the_same_names(stories: list[Story]) -> None:
    again = Story(seed=0)
    assert again.names == stories[2].names
    assert again.results == stories[2].results


def test_a_seed_decides_what_no_request_seeds(stories: list[Story]) -> None:
    other = Story(seed=5)
    assert other.results != stories[0].results
    assert not set(other.names) & set(stories[2].names)


def test_a_folder_keeps_both_seeds(tmp_path: Path) -> None:
    with closing(Service(tmp_path)) as service:
        seeds = service.store.seed, service.store.choices
    with closing(Service(tmp_path)) as again:
        assert (again.store.seed, again.store.choices) == seeds
        snapshot = again.control.snapshot()
        again.control.seed = 9
        assert (again.store.seed, again.store.choices) == (9, 9)
        again.control.restore(snapshot)
        assert (again.store.seed, again.store.choices) == seeds
        again.control.reset()
        assert (again.store.seed, again.store.choices) == seeds
        again.control.reset(4)
        assert (again.store.seed, again.store.choices) == (4, 4)
