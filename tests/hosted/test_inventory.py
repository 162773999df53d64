import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from old_service import of_json, old_service, refusal
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import ServiceError
from pitchpipe.hosted.inventory import take_inventory
from pitchpipe.hosted.page import html_page

NOW = datetime(2026, 12, 1, tzinfo=UTC)
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "hosted.md"


def ids(inventory, kind):
    return [item.id for item in inventory.items[kind]]


def changed(old, path, change):
    """The service's own answer, changed."""

    def script(request):
        if request.path != f"/v1{path}":
            return None
        value = json.loads(old.service.handle(request).body)
        change(value)
        return of_json(value)

    old.script = script


def test_everything_is_there_with_what_refers_to_what(connection, account):
    found = take_inventory(connection)
    assert found.complete
    assert not found.not_listed
    job, batch = account.job, account.batch
    assert ids(found, "job") == [job.id]
    assert ids(found, "model") == [account.model]
    assert ids(found, "batch") == [batch.id]
    kept = account.client.fine_tuning.jobs.checkpoints.list(job.id)
    assert sorted(ids(found, "checkpoint")) == sorted(
        one.fine_tuned_model_checkpoint for one in kept
    )
    assert sorted(ids(found, "file")) == sorted(file.id for file in account.client.files.list())
    files = {file.id: file for file in found.items["file"]}
    users = {key: [(one.role, one.kind, one.id) for one in f.used_by] for key, f in files.items()}
    assert users[account.training.id] == [("training", "job", job.id)]
    assert users[account.validation.id] == [("validation", "job", job.id)]
    assert users[job.result_files[0]] == [("results", "job", job.id)]
    assert users[batch.input_file_id] == [("input", "batch", batch.id)]
    assert users[batch.output_file_id] == [("output", "batch", batch.id)]
    assert found.unused_files == [account.unused.id]


def test_jobs_models_and_checkpoints_say_how_they_were_trained(connection, account):
    found = take_inventory(connection)
    for kind in ("job", "model", "checkpoint"):
        item = found.items[kind][0]
        assert item.base_model == "gpt-4o-mini-2024-07-18"
        assert (item.method, item.suffix) == ("supervised", "mine")
        assert item.hyperparameters["n_epochs"] >= 1
    assert found.items["checkpoint"][0].metrics["train_loss"] >= 0


def without_dates(value):
    """A list of models as services send it that do not know when these go."""
    for one in value["data"]:
        del one["shutdown_date"]


def test_the_date_of_the_table_holds_where_the_service_names_none(old, connection, account):
    changed(old, "/models", without_dates)
    found = take_inventory(connection, now=NOW)
    model = found.items["model"][0]
    assert model.shut_down.to_json() == {
        "day": "2027-01-14",
        "source": "table",
        "of": "gpt-4o-mini-2024-07-18",
    }
    days = [str(one.day) for one in found.deadlines]
    assert days == sorted(days)
    assert "2027-01-06" in days
    assert any(
        "tuned model" in one.what and str(one.day) == "2027-01-14" for one in found.deadlines
    )


@pytest.mark.parametrize("of_base", [False, True])
def test_the_date_of_the_service_comes_before_it(old, connection, account, of_base):
    name = "gpt-4o-mini-2024-07-18" if of_base else account.model

    def change(value):
        without_dates(value)
        next(one for one in value["data"] if one["id"] == name)["shutdown_date"] = "2030-05-06"

    changed(old, "/models", change)
    model = take_inventory(connection).items["model"][0]
    assert model.shut_down.to_json() == {"day": "2030-05-06", "source": "service", "of": name}


def test_what_goes_when_is_told_by_base_model(connection, account):
    (told,) = [one for one in take_inventory(connection).deadlines if one.kind == "model"]
    assert told.what == "1 tuned model of gpt-4o-mini-2024-07-18 stops answering"
    assert told.ids == [account.model]


def test_a_date_that_is_none_does_not_hide_that_of_the_table(old, connection, account):
    def change(value):
        for one in value["data"]:
            one["shutdown_date"] = "when it is time"

    changed(old, "/models", change)
    assert take_inventory(connection).items["model"][0].shut_down.source == "table"


def test_what_goes_first_stands_first(old, connection):
    def change(value):
        for number, (day, expires) in enumerate(
            [("b", None), ("c", 2_000_000_000), ("a", 1_900_000_000)]
        ):
            file = {"id": f"file-{day}", "object": "file", "bytes": 1, "created_at": 5 + number}
            value["data"].append(file | ({"expires_at": expires} if expires else {}))

    changed(old, "/files", change)
    order = [one for one in ids(take_inventory(connection), "file") if len(one) == 6]
    assert order == ["file-a", "file-c", "file-b"]


def test_fields_that_nobody_knows_are_kept(old, connection, account):
    changed(old, "/fine_tuning/jobs", lambda value: value["data"][0].update(novel={"a": [1]}))
    job = take_inventory(connection).to_json()["jobs"][0]
    assert job["object"]["novel"] == {"a": [1]}


def test_a_model_that_is_no_longer_listed_is_known_from_its_job(old, connection, account):
    changed(old, "/models", lambda value: value.update(data=[]))
    model = take_inventory(connection).items["model"][0]
    assert (model.id, model.listed) == (account.model, False)
    assert model.shut_down is not None


@pytest.mark.parametrize("status", [403, 404, 405, 501])
@pytest.mark.parametrize(
    ("path", "kind"),
    [("/files", "file"), ("/batches", "batch"), ("/models", "model"), ("/fine_tuning/jobs", "job")],
)
def test_a_kind_that_the_service_does_not_list_is_named(old, connection, path, kind, status):
    old.script = lambda r: refusal(status, "not here") if r.path == f"/v1{path}" else None
    found = take_inventory(connection)
    assert str(status) in found.not_listed[kind]
    assert "not here" in found.not_listed[kind]
    assert found.complete
    assert any(found.items.values())


def test_checkpoints_that_no_job_has_are_asked_for_a_few_times_only(old, connection):
    jobs = [
        {"id": f"ftjob-{n}", "object": "fine_tuning.job", "created_at": 1, "status": "succeeded"}
        for n in range(50)
    ]
    old.script = lambda r: (
        refusal(404)
        if r.path.endswith("/checkpoints")
        else of_json({"data": jobs, "has_more": False})
        if r.path == "/v1/fine_tuning/jobs"
        else None
    )
    found = take_inventory(connection)
    assert len(ids(found, "job")) == 50
    assert "404" in found.not_listed["checkpoint"]
    assert len([path for path in old.paths() if path.endswith("/checkpoints")]) == 3


def test_a_list_that_breaks_off_leaves_the_inventory_incomplete(old, connection):
    old.script = lambda r: refusal(500) if r.path == "/v1/files" else None
    found = take_inventory(connection)
    assert not found.complete
    assert "500" in found.not_listed["file"]
    assert found.items["job"]


def test_a_service_that_lists_nothing_is_an_error(old, connection):
    old.script = lambda request: refusal(404, "unknown path")
    with pytest.raises(ServiceError, match="neither files nor jobs"):
        take_inventory(connection)


def test_nothing_but_get_is_sent(old, connection):
    take_inventory(connection)
    assert {method for method, _ in old.asked} == {"GET"}


def test_azure_is_asked_through_its_own_client_and_has_its_own_dates(
    account, offline_service, monkeypatch
):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k" * 20)
    with old_service(offline_service, prefix="/openai") as server:
        changed(server, "/models", without_dates)
        azure = Connection(azure_endpoint=server.root, api_version="2025-04-01-preview")
        found = take_inventory(azure)
        assert ids(found, "job") == [account.job.id]
        assert found.items["model"][0].shut_down is None
        assert not [one for one in found.deadlines if one.kind is None]

        def change(value):
            without_dates(value)
            model = next(one for one in value["data"] if one["id"] == account.model)
            model["deprecation"] = {"fine_tune": 1_790_000_000, "inference": 1_830_000_000}

        changed(server, "/models", change)
        ending = take_inventory(azure).items["model"][0].shut_down
        assert (str(ending.day), ending.source) == ("2027-12-28", "service")


def test_the_address_has_no_credentials(old, connection):
    secret = old.url.replace("http://", "http://me:pass-word@")
    found = take_inventory(Connection(base_url=secret, max_retries=0))
    assert found.service == old.url


def test_the_reference_has_every_key(connection):
    page = REFERENCE.read_text("utf-8")
    value = take_inventory(connection).to_json()
    keys = {*value, *value["jobs"][0], *value["deadlines"][0], *value["totals"]["files"]}
    assert not [key for key in keys if f"`{key}`" not in page]
    assert value["jobs"][0].keys() == value["files"][0].keys() == value["models"][0].keys()
    json.dumps(value, allow_nan=False)


class Strict(HTMLParser):
    """Notes what a page would load, and whether its tags are closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.tags, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(page):
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


def test_the_page_shows_everything_and_loads_nothing(connection, account):
    inventory = take_inventory(connection, now=NOW)
    page = html_page(inventory)
    parser = parsed(page)
    text = " ".join(parser.text)
    for name in (account.model, account.job.id, account.batch.id, account.unused.id, "train.jsonl"):
        assert name in text
    for day in ("2027-01-06", "2027-01-14"):
        assert day in text
    assert "in 44 days" in text
    loading = {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not loading & set(parser.tags)
    assert all(value.startswith("#") for name, value in parser.attributes if name == "href")
    assert not [name for name, _ in parser.attributes if name in ("src", "style", "onload")]
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    anchors = {value for name, value in parser.attributes if name == "id"}
    assert {value[1:] for name, value in parser.attributes if name == "href"} <= anchors


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>.jsonl",
        '"><img src=x onerror=alert(1)>',
        "a & b 'c'",
        "\u202egnp.exe",
        "line\nbreak\x00\x1b[31m",
        "half \ud800 pair",
    ],
)
def test_names_that_others_chose_are_shown_and_do_nothing(old, connection, name):
    changed(old, "/files", lambda value: [one.update(filename=name) for one in value["data"]])
    page = html_page(take_inventory(connection))
    parser = parsed(page)
    assert not {"script", "img"} & set(parser.tags)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800]", page)
    page.encode()
