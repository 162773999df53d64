"""inventory and backup, as commands."""

import json
import re
from pathlib import Path

import pytest

from old_service import KEY
from pitchpipe.service.control.faults import Status


@pytest.fixture
def service(cli, job, offline_service, offline_openai_url, monkeypatch):
    """The service on loopback with one job that has succeeded, and the words that name it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    words = ("--trainer", "openai", "--base-url", offline_openai_url)
    created = cli("train", "reviews_prepared_train.jsonl", *words, "--follow")
    assert created.code == 0
    return words


@pytest.fixture
def job(prepared):
    """The prepared files alone."""


def test_inventory_prints_tables(cli, service):
    found = cli("inventory", *service)
    assert found.code == 0
    assert not found.err
    for heading in ("What goes when", "What there is", "Tuned models", "Checkpoints", "Jobs"):
        assert heading in found.out
    assert "2027-01-06" in found.out
    assert re.search(r"^ft:babbage-002:\S+ +babbage-002 +2026-09-28 \(service\)", found.out, re.M)
    assert re.search(r"training file-\w+,.* results file-\w+, result ft:", found.out)


def test_inventory_as_json_is_one_object(cli, service):
    found = cli("inventory", *service, "--json")
    assert found.code == 0
    assert {"schema", "models", "jobs", "files", "batches", "checkpoints"} <= found.json.keys()
    assert found.json["jobs"][0]["object"]["status"] == "succeeded"


def test_inventory_writes_a_page(cli, service):
    found = cli("inventory", *service, "--html", "inventory.html")
    assert found.code == 0
    assert "inventory.html" in found.err
    assert Path("inventory.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_inventory_says_what_it_could_not_list(cli, service, offline_control):
    offline_control.faults.add(Status(status=403, path="/batches", message="no right"))
    found = cli("inventory", *service)
    assert found.code == 0
    assert "batches: not listed in full: 403: no right" in found.err
    offline_control.faults.add(Status(status=500, path="/files", times=None))
    found = cli("inventory", *service, "--set", "trainer.max_retries=0")
    assert found.code == 1
    assert "files: not listed in full: 500" in found.err


def test_names_from_the_service_do_not_reach_the_terminal_raw(cli, service, offline_service):
    row = offline_service.store.rows("file")[0]
    row.body["filename"] = "\x1b[2Jgone\u202e\n.jsonl"
    offline_service.store.update(row)
    found = cli("inventory", *service)
    assert "\x1b" not in found.out
    assert "\u202e" not in found.out


def test_backup_saves_and_goes_on(cli, service):
    planned = cli("backup", "saved", *service, "--dry-run")
    assert planned.code == 0
    assert "Nothing was written" in planned.out
    assert not Path("saved").exists()
    found = cli("backup", "saved", *service)
    assert found.code == 0, found.err
    assert re.search(r"saved: saved .*\b1 job, \d files", found.out)
    assert "the weights of 1 tuned model" in found.out
    again = cli("backup", "saved", *service, "--json")
    assert again.json["complete"]
    assert not again.json["saved"]
    assert again.json["unchanged"]["job"] == 1


def test_backup_names_what_it_could_not_save_and_fails(cli, service, offline_control):
    offline_control.faults.add(Status(status=403, path="/files/*/content", message="not for you"))
    found = cli("backup", "saved", *service)
    assert found.code == 1
    assert re.search(r"files/file-\w+/content: refused: 403: not for you", found.out)
    assert "not-saved.jsonl" in found.out
    assert "The same command goes on" in found.out
    assert cli("backup", "saved", *service).code == 0


def test_backup_of_some_kinds(cli, service):
    found = cli("backup", "saved", *service, "--only", "models,batches")
    assert found.code == 0
    assert sorted(path.name for path in Path("saved").iterdir() if path.is_dir()) == ["models"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--only", "job"), "Did you mean 'jobs'"),
        (("--only", ","), "names no kind"),
        (("--since", "yesterday"), "expected a day, such as 2026-01-31"),
        (("--trainer", "nobody"), "nobody"),
    ],
)
def test_what_backup_does_not_understand_is_refused(cli, words, told):
    found = cli("backup", "saved", *words)
    assert found.code == 2
    assert told in found.err
    assert not Path("saved").exists()


@pytest.mark.parametrize(
    "since", ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00+02:00"]
)
def test_since_takes_days_and_times(cli, service, since):
    assert cli("backup", "saved", *service, "--since", since, "--dry-run").code == 0


def test_a_trainer_that_is_no_client_is_refused(cli, installed):
    installed("""
from dataclasses import dataclass

from pitchpipe.hookspecs import hookimpl
from pitchpipe.stages import Trainer


@dataclass(frozen=True)
class Mine(Trainer):
    predictor = "openai"

    def cancel(self, *words): ...
    checkpoints = contract = estimate = follow = job = jobs = metrics = submit = cancel
    pause = resume = cancel


@hookimpl
def register_trainers(register):
    register("mine", Mine)
""")
    for command in (("inventory",), ("backup", "saved")):
        found = cli(*command, "--trainer", "mine")
        assert found.code == 2
        assert "--trainer mine: this trainer is not a client of the fine-tuning API" in found.err


def test_without_a_key_it_is_said_what_to_set(cli):
    found = cli("inventory", "--trainer", "openai", "--base-url", "http://127.0.0.1:9/v1")
    assert found.code == 1
    assert "OPENAI_API_KEY" in found.err


def test_a_service_that_cannot_be_reached_is_named(cli, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    words = ("--trainer", "openai", "--base-url", "http://127.0.0.1:9/v1")
    for command in (("inventory",), ("backup", "saved")):
        found = cli(*command, *words, "--set", "trainer.max_retries=0")
        assert found.code == 1
        assert "127.0.0.1:9" in found.err
        assert "Check the base URL" in found.err
    assert not Path("saved").exists()


def test_the_offline_service_in_this_process_is_a_service_too(cli):
    found = cli("inventory", "--json")
    assert found.code == 0
    assert found.json["service"].startswith("offline:")
    assert cli("backup", "saved").code == 0
    assert json.loads(Path("saved", "backup.json").read_text())["service"].startswith("offline:")
