"""The commands of 2023, as they were given then, by the client of then."""

from __future__ import annotations

import csv
import os
import re
import subprocess
from pathlib import Path

import pytest

from pitchpipe.samples import film_reviews
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service

VARIABLE = "PITCHPIPE_LEGACY_PYTHON"
SEPARATOR = "\n\n###\n\n"


@pytest.fixture(scope="module")
def command():
    """The ``openai`` command of 0.27.8."""
    python = os.environ.get(VARIABLE)
    if not python:
        pytest.skip(f"{VARIABLE} names no Python that has openai 0.27.8; tox run -e legacy sets it")
    path = Path(python).with_name("openai")
    if not path.exists():
        pytest.skip(f"{path} is missing: openai 0.27.8 could not be installed")
    return str(path)


@pytest.fixture(scope="module")
def openai(command, tmp_path_factory):
    """Gives a command to the old client; the service behind it lives as long as the module."""
    folder = tmp_path_factory.mktemp("article")
    with film_reviews().open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (folder / "movies.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["prompt", "completion"])
        writer.writerows([row["text"], row["tag"]] for row in rows)
    service = Service(folder / "data")
    with serve(service) as url:
        environment = os.environ | {"OPENAI_API_BASE": url, "OPENAI_API_KEY": "any"}

        def run(*words: str, answers: str = "") -> str:
            done = subprocess.run(
                [command, *words],
                cwd=folder,
                env=environment,
                input=answers,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr + done.stdout
            return done.stdout

        yield run
    service.close()


@pytest.fixture(scope="module")
def first(openai):
    """What the article's first training said."""
    openai("tools", "fine_tunes.prepare_data", "-f", "movies.csv", "-q")
    return openai(
        *("api", "fine_tunes.create"),
        *("-t", "movies_prepared_train.jsonl", "-v", "movies_prepared_valid.jsonl"),
        "--compute_classification_metrics",
        *("--classification_positive_class", " pos"),
        *("-m", "ada"),
    )


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_create_uploads_trains_and_follows(first):
    assert len(re.findall(r"Uploaded file from \S+_prepared_\w+\.jsonl: file-\w+", first)) == 2
    for line in (
        r"Created fine-tune: ft-\w+",
        r"\] Fine-tune costs \$\d+\.\d\d\n",
        r"\] Fine-tune enqueued\. Queue number: 0\n",
        r"\] Fine-tune started\n",
        r"\] Completed epoch 1/4\n",
        r"\] Completed epoch 4/4\n",
        r"\] Uploaded model: ada:ft-offline-\d{4}(-\d\d){5}\n",
        r"\] Uploaded result file: file-\w+\n",
        r"\] Fine-tune succeeded\n",
        r"Job complete! Status: succeeded",
    ):
        assert re.search(line, first), line


def test_follow_list_get_and_results(openai, first):
    job = found(r"Created fine-tune: (ft-\w+)", first)
    assert "Job complete! Status: succeeded" in openai("api", "fine_tunes.follow", "-i", job)
    assert job in openai("api", "fine_tunes.list")
    assert '"status": "succeeded"' in openai("api", "fine_tunes.get", "-i", job)
    assert "Fine-tune succeeded" in openai("api", "fine_tunes.events", "-i", job)
    rows = list(csv.DictReader(openai("api", "fine_tunes.results", "-i", job).splitlines()))
    ends = [row for row in rows if row.get("classification/accuracy")]
    assert len(ends) == 4
    assert float(ends[-1]["classification/accuracy"]) > 0.6
    assert float(ends[-1]["classification/auroc"]) > 0.6
    assert {"training_loss", "elapsed_tokens", "classification/f1.0"} <= set(rows[0])


def test_completions_answer_with_a_class(openai, first):
    model = found(r"Uploaded model: (\S+)", first)
    prompt = f"a warm, funny and moving film{SEPARATOR}"
    words = ("api", "completions.create", "-m", model, "-p", prompt, "-M", "1", "-t", "0")
    said = openai(*words)
    assert said.endswith((" pos", " pos\n"))
    assert openai(*words, "--logprobs", "2", "--stop", "\n") == said
    assert "".join(openai(*words, "--stream").split()).endswith("pos")


def test_a_tuned_model_is_trained_further(openai, first):
    model = found(r"Uploaded model: (\S+)", first)
    said = openai(
        *("api", "fine_tunes.create", "-t", "movies_prepared_train.jsonl"),
        *("-m", model, "--n_epochs", "16"),
        answers="\n",  # the same file, uploaded once more
    )
    assert "Found potentially duplicated files" in said
    assert re.search(r"\] Completed epoch 16/16\n", said)
    second = found(r"Uploaded model: (\S+)", said)
    assert second != model
    assert second in openai("api", "models.list")
    assert '"deleted": true' in openai("api", "models.delete", "-i", second)


def test_cancel(openai, first):
    said = openai(
        *("api", "fine_tunes.create", "-t", "movies_prepared_train.jsonl", "-m", "curie"),
        *("--no_follow", "--no_check_if_files_exist"),
    )
    job = found(r'"id": "(ft-\w+)"', said)
    assert '"status": "cancelled"' in openai("api", "fine_tunes.cancel", "-i", job)


def test_files_and_engines(openai, first):
    file_id = found(r"Uploaded file from \S+_train\.jsonl: (file-\w+)", first)
    assert file_id in openai("api", "files.list")
    assert '"purpose": "fine-tune"' in openai("api", "files.get", "-i", file_id)
    assert '"id": "curie"' in openai("api", "engines.get", "-i", "curie")
    said = openai("api", "completions.create", "-e", "ada", "-p", "x")
    assert "not been trained" in said
    said = openai(
        *("api", "chat_completions.create", "-m", "gpt-3.5-turbo"), *("-g", "user", "hello")
    )
    assert "not been trained" in said
