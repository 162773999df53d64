import json
from pathlib import Path

import pytest


def test_each_stage_feeds_the_next(cli, reviews):
    result = cli("prepare", reviews, "--out-dir", "out")
    train, valid = "out/reviews_prepared_train.jsonl", "out/reviews_prepared_valid.jsonl"
    assert result.out == f"{train}: 32 records\n{valid}: 8 records\n"
    assert f"Next: pitchpipe train {train} -v {valid}" in result.err
    assert Path("out/reviews_prepared.json").is_file()

    trained = cli("train", train, "-v", valid, "--suffix", "demo")
    job = trained.out.strip()
    assert job.startswith("ftjob-")
    assert "Expected: " in trained.err
    assert "No language model was fine-tuned" in trained.err
    assert f"pitchpipe follow {job}" in trained.err
    assert cli("train", train, "-v", valid, "--suffix", "demo").out.strip() == job

    followed = cli("follow", job)
    assert followed.code == 0
    lines = followed.out.splitlines()
    assert "Created fine-tuning job" in lines[0]
    assert "successfully completed" in lines[-2]
    model = lines[-1]
    assert model.startswith("ft:babbage-002:")

    predicted = cli("predict", valid, "--model", model)
    answers = "out/reviews_prepared_valid_predictions.jsonl"
    assert predicted.out == f"{answers}: 8 answers\n"
    assert f"pitchpipe score {answers}" in predicted.err

    scores = cli("score", answers, "--json").json
    assert scores["accuracy"] == 1
    assert scores["auroc"] == 1
    shown = cli("score", answers, "--positive-class", "neg")
    assert "positive class  neg" in shown.out
    as_text = cli("score", answers, "--task", "text", "--json").json
    assert (as_text["task"], as_text["accuracy"]) == ("text", 1)
    refused = cli("score", answers, "--task", "text", "--positive-class", "neg")
    assert refused.code == 2
    assert "Leave out --positive-class" in refused.err


def test_prepare_as_json(cli, reviews):
    found = cli("prepare", reviews, "--json").json
    assert found["train"] == "reviews_prepared_train.jsonl"
    assert found["train_rows"] == 32
    assert found["contract"]["labels"] == ["neg", "pos"]
    lines = Path(found["train"]).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 32
    assert json.loads(lines[0])["prompt"].endswith("\n\n###\n\n")


def test_prepare_for_a_chat_model_without_holding_out(cli, reviews):
    words = ["--model", "gpt-4.1-mini-2025-04-14", "--splitter", "random"]
    result = cli("prepare", reviews, *words, "--set", "splitter.valid_fraction=0.0")
    assert result.out == "reviews_prepared.jsonl: 40 records\n"
    assert "Next: pitchpipe train reviews_prepared.jsonl --model gpt-4.1-mini" in result.err
    line = Path("reviews_prepared.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert "messages" in json.loads(line)


def test_fresh_makes_a_new_job(cli, prepared, job):
    train, valid = prepared
    assert cli("train", train, "-v", valid).out.strip() == job
    assert cli("train", train, "-v", valid, "--fresh").out.strip() != job


def test_train_and_follow(cli, prepared):
    train, _ = prepared
    result = cli("train", train, "--follow")
    job, model = result.out.splitlines()
    assert job.startswith("ftjob-")
    assert model.startswith("ft:")
    assert "successfully completed" in result.err


def test_train_as_json(cli, prepared):
    train, _ = prepared
    found = cli("train", train, "--json").json
    assert found["train_rows"] == 32
    assert found["valid_rows"] == 8
    assert found["model"] is None
    assert found["estimate"]["cost"] == 0
    assert found["tunes_language_model"] is False
    followed = cli("train", train, "--json", "--follow").json
    assert followed["job"] == found["job"]
    assert followed["status"] == "succeeded"
    assert followed["model"].startswith("ft:")


def test_follow_as_json_lines(cli, job):
    lines = [json.loads(line) for line in cli("follow", job, "--json").out.splitlines()]
    assert [line["message"] for line in lines[:1]] == [f"Created fine-tuning job: {job}"]
    assert len({line["id"] for line in lines[:-1]}) == len(lines) - 1
    assert lines[-1]["job"] == job
    assert lines[-1]["status"] == "succeeded"
    assert lines[-1]["model"].startswith("ft:")


def test_a_job_is_paused_resumed_and_cancelled(cli, paused_job):
    job = paused_job
    assert cli("pause", job).out == f"{job} paused\n"
    assert cli("resume", job, "--json").json["status"] not in ("paused", "cancelled")
    assert cli("cancel", job).out == f"{job} cancelled\n"
    followed = cli("follow", job)
    assert followed.code == 1
    assert f"pitchpipe: error: job {job} cancelled" in followed.err


def test_jobs_are_listed_newest_first(cli, prepared):
    train, _ = prepared
    assert cli("jobs").out == ""
    first = cli("train", train).out.strip()
    second = cli("train", train, "--fresh").out.strip()
    listed = cli("jobs").out.splitlines()
    assert listed[0].split() == ["job", "status", "created", "base", "model", "model"]
    assert [line.split()[0] for line in listed[1:]] == [second, first]
    assert [job["id"] for job in cli("jobs", "--json").json] == [second, first]


def test_a_failed_job_fails_the_command(cli):
    lines = [json.dumps({"prompt": f"q{n}\n\n###\n\n", "completion": " a"}) for n in range(3)]
    Path("few.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = cli("train", "few.jsonl", "--format", "completion", "--follow")
    assert result.code == 1
    assert "10" in result.err.splitlines()[-1]


@pytest.fixture
def done(cli, reviews):
    return cli("run", reviews, "--json").json


def test_predict_in_the_words_of_a_run(cli, done, write_rows):
    path = write_rows("new.csv", [("a warm and witty film",), ("a dull film",)], header=("text",))
    result = cli("predict", path, "--run-dir", done["run_dir"], "--json")
    assert result.json == {
        "predictions": "new_predictions.jsonl",
        "model": done["model"],
        "rows": 2,
        "references": 0,
        "notes": ["Column 'text' is taken for the prompt."],
    }
    lines = Path("new_predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["answer"] for line in lines] == ["pos", "neg"]
    assert "Next" not in cli("predict", path, "--run-dir", done["run_dir"]).err


def test_predict_with_another_model_of_the_run(cli, done, reviews):
    model = json.loads(Path(done["run_dir"], "model.json").read_text(encoding="utf-8"))
    checkpoint = model["checkpoints"][0]["model"]
    words = ["--run-dir", done["run_dir"], "--model", checkpoint, "--out", "first.jsonl"]
    assert cli("predict", reviews, *words, "--json").json["model"] == checkpoint
    assert Path("first.jsonl").is_file()


def test_configured_columns_that_a_table_lacks_are_no_obstacle(cli, reviews, write_rows):
    flags = ["--prompt-column", "text", "--completion-column", "tag"]
    done = cli("run", reviews, *flags, "--json").json
    path = write_rows("new.csv", [("a warm film",)], header=("text",))
    assert cli("predict", path, "--run-dir", done["run_dir"]).code == 0
    named = cli("predict", path, "--run-dir", done["run_dir"], "--completion-column", "tag")
    assert named.code == 1
    assert "no column 'tag'" in named.err


def test_predict_from_an_empty_file(cli, done):
    Path("empty.csv").touch()
    result = cli("predict", "empty.csv", "--model", done["model"])
    assert result.code == 1
    assert "empty.csv: is empty" in result.err


def test_an_unfinished_run_has_no_model(cli, reviews):
    Path("here").mkdir()
    Path("here/config.toml").touch()
    result = cli("predict", reviews, "--run-dir", "here")
    assert result.code == 1
    assert "model.json: no such file; the run has not come that far" in result.err
