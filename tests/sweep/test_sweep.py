from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pitchpipe import Pipeline
from pitchpipe.errors import BudgetError, RunError, StoppedError, UsageError
from pitchpipe.journal import LineFile
from pitchpipe.records import Job
from pitchpipe.sweep import METRICS, Sweep, SweepResults, sweep

Make = Callable[..., Sweep]
Jobs = Callable[[Sweep], list[Job]]

MODELS = ("small", "large")


def _figures(results: SweepResults) -> list[object]:
    return [(result.cell, result.scores) for result in results.cells]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("trainer", "models"), [("fake", MODELS), ("openai", MODELS[:1])])
def test_every_combination_is_trained_and_scored(
    trainer: str, models: tuple[str, ...], make_sweep: Make, jobs: Jobs, tmp_path: Path
) -> None:
    service = {"name": trainer, "base_url": f"offline:{tmp_path / 'service'}?learner=sized"}
    made = make_sweep(models, (12, 24), (1, 3), trainer=service)
    results = made.run()
    assert [result.cell for result in results.cells] == list(made.grid.cells())
    assert (results.train_rows, results.valid_rows, results.failed) == (36, 9, ())
    by_id = {job.id: job for job in jobs(made)}
    assert len(by_id) == 4 * len(models)
    for result in results.cells:
        assert result.job is not None
        job = by_id[result.job]
        assert job.model.startswith(result.cell.model)
        assert job.hyperparameters["n_epochs"] == result.cell.epochs
        assert job.fine_tuned_model == result.model
        assert result.scores["rows"] == 9
        assert 0 <= (result.figure("accuracy") or 0) <= 1


def test_all_cells_are_asked_the_same_and_fewer_examples_are_among_more(
    make_sweep: Make, tmp_path: Path
) -> None:
    results = make_sweep(MODELS, (10, 16, 30)).run()
    answers = [_lines(result.folder / "predictions.jsonl") for result in results.cells]
    asked = [[json.loads(line)["reference"] for line in lines] for lines in answers]
    assert asked == [asked[0]] * 6
    trained = {}
    for model in MODELS:
        folder = tmp_path / "sweep/data" / model
        few, some, many = (set(_lines(folder / f"train-{n}.jsonl")) for n in (10, 16, 30))
        assert few < some < many
        assert (len(few), len(some), len(many)) == (10, 16, 30)
        assert not many & set(_lines(folder / "valid.jsonl"))
        trained[model] = _lines(folder / "train-16.jsonl")
    completions = [json.loads(line) for line in trained["small"]]
    chats = [json.loads(line)["messages"] for line in trained["large"]]
    for completion, chat in zip(completions, chats, strict=True):
        assert completion["prompt"].startswith(chat[-2]["content"]), (
            "the same rows in the same order"
        )
    counts = Counter(record["completion"].strip() for record in completions)
    assert counts["pos"] in (10, 11), "two thirds, as in the whole"


def test_models_that_are_one_learner_are_not_compared(make_sweep: Make, tmp_path: Path) -> None:
    alike = {"name": "fake", "base_url": f"offline:{tmp_path / 'service'}"}
    made = make_sweep(("babbage-002", "davinci-002"), trainer=alike)
    message = r"trainer fake trains one and the same learner \(ngram\) for babbage-002 and davinci"
    for attempt in (made.plan, made.run):
        with pytest.raises(UsageError, match=message):
            attempt()
    assert not list(made.pipeline.trainer.jobs())


def test_without_a_model_the_records_choose(make_sweep: Make) -> None:
    made = make_sweep(("auto",), (12,))
    [result] = made.run().cells
    assert result.cell.model == "babbage-002"
    assert not result.error


def test_results_are_kept_as_csv_and_json(make_sweep: Make, tmp_path: Path) -> None:
    results = make_sweep().run()
    with (tmp_path / "sweep/results.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    kept = json.loads((tmp_path / "sweep/results.json").read_text("utf-8"))
    assert kept == results.to_json()
    assert [row["examples"] for row in table] == ["12", "24"]
    for row, result in zip(table, results.cells, strict=True):
        for metric in METRICS:
            value = result.figure(metric)
            assert row[metric] == ("" if value is None else str(value))
        share = result.scores["accuracy"]
        assert float(row["accuracy_standard_error"]) == pytest.approx(
            (share * (1 - share) / 9) ** 0.5
        )


def test_a_sweep_stopped_at_every_cell_comes_to_the_same_with_no_second_job(
    make_sweep: Make, jobs: Jobs, tmp_path: Path
) -> None:
    made = make_sweep(epochs=(1, 2))
    known: set[str] = set()
    for after in range(4):
        stop = threading.Event()
        done: list[object] = []

        def finished(
            result: object,
            stop: threading.Event = stop,
            done: list[object] = done,
            after: int = after,
        ) -> None:
            done.append(result)
            if len(done) > after:
                stop.set()

        if after < 3:
            with pytest.raises(StoppedError):
                made.run(stop=stop, finished=finished)
        else:
            results = made.run(stop=stop, finished=finished)
        assert len(done) == after + 1
        now = {job.id for job in jobs(made)}
        assert known < now
        known = now
    assert [result.job for result in results.cells] == [job.id for job in jobs(made)][::-1]
    calm = {"name": "fake", "base_url": f"offline:{tmp_path / 'calm'}"}
    assert _figures(make_sweep(epochs=(1, 2), name="calm", trainer=calm).run()) == _figures(results)


SCRIPT = textwrap.dedent(
    """
    import os, signal, sys
    from pitchpipe import PluginHost, hookimpl
    from pitchpipe.sweep import sweep

    source, service, out_dir = sys.argv[1:]
    seen = 0

    class Killer:
        @hookimpl
        def stage_started(self, run, stage):
            global seen
            seen += stage == "follow"
            if seen == 2:
                os.kill(os.getpid(), signal.SIGKILL)

    trainer = {"name": "fake", "base_url": f"offline:{service}"}
    config = {"trainer": trainer, "training": {"seed": 3}}
    host = PluginHost([Killer()], entry_points=False)
    sweep(
        config, source, models=["babbage-002"], examples=[12, 24], epochs=[1], out_dir=out_dir,
        host=host,
    )
    """
)


def test_a_killed_sweep_goes_on_from_the_same_jobs(
    films: Path, make_sweep: Make, jobs: Jobs, tmp_path: Path
) -> None:
    words = [str(films), str(tmp_path / "service"), str(tmp_path / "sweep")]
    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    made = make_sweep()
    results = made.run()
    assert results.failed == ()
    assert {result.job for result in results.cells} == {job.id for job in jobs(made)}
    assert len(jobs(made)) == 2


def test_a_larger_grid_and_a_table_that_was_here_before_train_nothing_twice(
    make_sweep: Make, jobs: Jobs, write_films: Callable[..., Path]
) -> None:
    first = make_sweep().run()
    larger = make_sweep(examples=(12, 20, 24))
    assert [cell.finished for cell in larger.plan().cells] == [True, False, True]
    second = larger.run()
    assert second.cells[::2] == first.cells
    assert len(jobs(larger)) == 3

    write_films("book", "chapter", "page", "verse", "poem", "letter")
    other = make_sweep().run()
    assert not {result.job for result in other.cells} & {result.job for result in second.cells}
    write_films()
    assert make_sweep().run() == first
    assert len(jobs(larger)) == 5


def test_a_cell_that_fails_does_not_end_the_sweep(make_sweep: Make, tmp_path: Path) -> None:
    made = make_sweep(("no-such-model", "small"))
    results = made.run()
    assert [bool(result.error) for result in results.cells] == [True, True, False, False]
    assert results.failed == results.cells[:2]
    assert "no-such-model" in results.failed[0].error
    kept = json.loads((tmp_path / "sweep/results.json").read_text("utf-8"))
    assert kept["cells"][0]["error"] == results.failed[0].error
    assert kept["cells"][0]["accuracy"] is None
    assert results.failed[0].standard_error("accuracy") is None


def test_a_failed_job_can_be_trained_anew(make_sweep: Make, jobs: Jobs) -> None:
    made = make_sweep(examples=(4, 12))
    failed, fine = made.run().cells
    assert "10 examples" in failed.error
    assert f"remove {failed.folder}, and run again" in failed.error
    assert not fine.error
    assert made.run().failed == (failed,)
    assert len(jobs(made)) == 2, "it is not tried again unasked"
    shutil.rmtree(failed.folder)
    made.run()
    assert len(jobs(made)) == 3


def test_a_plan_keeps_nothing_and_sends_nothing(
    make_sweep: Make, jobs: Jobs, tmp_path: Path
) -> None:
    made = make_sweep(epochs=(1, 2))
    plan = made.plan()
    assert not (tmp_path / "sweep").exists()
    assert jobs(made) == []
    tokens = [cell.estimate.tokens for cell in plan.cells]
    assert plan.tokens == tokens[0] * 3 + tokens[2] * 3
    assert plan.cost == 0
    assert plan.to_json()["cells"][1]["epochs"] == 2


HOSTED = {"name": "openai", "base_url": "http://127.0.0.1:9/v1", "max_retries": 0}


def test_the_limit_is_for_all_cells_together(make_sweep: Make) -> None:
    trainer = {**HOSTED, "prices": {"babbage-002": 1000.0}}
    plan = make_sweep(trainer=trainer).plan()
    assert plan.cost is not None
    dearest = max(cell.estimate.cost or 0 for cell in plan.cells)
    assert dearest < plan.cost
    made = make_sweep(trainer=trainer, training={"max_cost": dearest})
    with pytest.raises(BudgetError, match=r"for all 2 cells .* nothing was submitted"):
        made.run()
    enough = make_sweep(trainer=trainer, training={"max_cost": plan.cost})
    keys = [cell.key for cell in make_sweep(trainer=trainer, training={}).plan().cells]
    assert [cell.key for cell in enough.plan().cells] == keys, "the limit makes no other cells"


def test_a_limit_needs_a_price(make_sweep: Make) -> None:
    made = make_sweep(trainer=HOSTED, training={"max_cost": 1.0})
    with pytest.raises(BudgetError, match="the cost of babbage-002, 12 examples, 1 epoch is not"):
        made.run()
    assert made.plan().cost is None


def test_more_examples_than_there_are(make_sweep: Make) -> None:
    with pytest.raises(UsageError, match=r"37 are asked for, .*films\.csv leaves 36 to"):
        make_sweep(examples=(12, 37)).run()
    assert make_sweep(examples=(36,)).plan().cells[0].data.train_rows == 36


def test_nothing_to_compare_by(make_sweep: Make) -> None:
    with pytest.raises(UsageError, match="nothing is held out"):
        make_sweep(splitter={"name": "random", "valid_fraction": 0.0}).plan()


def test_a_table_of_ten_rows_needs_more_rows_not_another_splitter(
    make_sweep: Make, films: Path
) -> None:
    rows = (
        f"A film about thing {number}.,{'pos' if number % 2 else 'neg'}" for number in range(10)
    )
    films.write_text("\n".join(["text,tag", *rows]))
    with pytest.raises(UsageError, match=r"nothing is held out, .*at least 11 rows.*Add rows\.$"):
        make_sweep(examples=(10,)).plan()


def test_holding_out_fewer_is_advised_only_where_it_leaves_enough(make_sweep: Make) -> None:
    with pytest.raises(UsageError, match=r"Ask for at most 36, or hold out fewer"):
        make_sweep(examples=(44,)).plan()
    with pytest.raises(UsageError, match=r"Ask for at most 36\.$"):
        make_sweep(examples=(45,)).plan()


def test_a_request_that_is_wrong_for_all_cells_ends_the_sweep(make_sweep: Make, jobs: Jobs) -> None:
    made = make_sweep(scoring={"positive_class": "psi"})
    with pytest.raises(UsageError, match="unknown positive class 'psi'"):
        made.run()
    assert jobs(made) == []


def test_two_processes_do_not_share_a_folder(make_sweep: Make, tmp_path: Path) -> None:
    with (
        LineFile(tmp_path / "sweep/.lock", durable=False),
        pytest.raises(RunError, match="another process is at work"),
    ):
        make_sweep().run()


def test_a_cell_is_a_run_folder(films: Path, tmp_path: Path) -> None:
    config = {"trainer": {"name": "fake", "base_url": f"offline:{tmp_path / 'service'}"}}
    frame = pd.read_csv(films)
    [result] = sweep(
        config, frame, models=["babbage-002"], examples=[20], epochs=[2], out_dir=tmp_path / "out"
    ).cells
    names = {path.name for path in result.folder.iterdir()}
    assert names >= {"config.toml", "events.jsonl", "metrics.csv", "model.json", "scores.json"}
    again = Pipeline.from_config(result.folder / "config.toml")
    assert again.config.training.n_epochs == 2
