"""Predicting a thousand rows from a service that takes its time over each."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from benchmarks.data import write_csv
from benchmarks.figure import Figure
from pitchpipe import Pipeline, Run
from pitchpipe.service.control.faults import Latency
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service
from pitchpipe.tables import frame_to_records, open_table

ROWS = 1000
DELAY = 0.020


def measure(count: int = ROWS, delay: float = DELAY) -> Iterator[Figure]:
    """The openai predictor against one request after the other, over loopback HTTP."""
    key = mock.patch.dict(os.environ, {"OPENAI_API_KEY": "benchmark"})
    with tempfile.TemporaryDirectory() as name, key:
        folder = Path(name)
        service = Service(folder / "service", pace="immediate")
        with serve(service) as url:
            run = _trained(folder, url, count)
            service.control.faults.add(Latency(seconds=delay, path="*completions", times=None))
            rows = folder / "rows.csv"
            write_csv(rows, count, seed=8)
            begin = time.perf_counter()
            ours = _pipeline(url).predict(run.model, rows)["text"].tolist()
            middle = time.perf_counter()
            theirs = _one_by_one(url, run, rows)
            end = time.perf_counter()
        service.close()
    if ours != theirs:
        raise RuntimeError("the two ways of asking got different answers")
    quick, slow = middle - begin, end - middle
    title = f"{count:,} rows, {delay * 1000:.0f} ms an answer"
    yield Figure("prediction", f"one after the other: {title}", slow, "s")
    yield Figure("prediction", f"predictor openai: {title}", quick, "s")
    yield Figure("prediction", "sequential / predictor", slow / quick, "x", ">= 5")


def _pipeline(url: str) -> Pipeline:
    return Pipeline.from_config(
        {
            "data": {"prompt_column": "text", "completion_column": "tag"},
            "trainer": {"name": "openai", "base_url": url, "poll_seconds": 0.0},
        }
    )


def _trained(folder: Path, url: str, count: int) -> Run:
    return _pipeline(url).run(write_csv(folder / "train.csv", count), folder / "run")


def _one_by_one(url: str, run: Run, rows: Path) -> list[str]:
    import openai

    with openai.OpenAI(base_url=url, max_retries=0) as client:
        answers = []
        for chunk in open_table(rows).chunks():
            for record in frame_to_records(chunk):
                answer = client.completions.create(
                    model=run.model.name,
                    prompt=f"{record['text']}\n\n###\n\n",
                    max_tokens=run.model.contract.max_tokens,
                    temperature=0,
                    logprobs=5,
                    stop=["\n"],
                )
                answers.append(answer.choices[0].text)
    return answers
