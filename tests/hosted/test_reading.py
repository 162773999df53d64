import hashlib

import pytest

from old_service import of_json, refusal
from pitchpipe.errors import ServiceError
from pitchpipe.hosted import reading
from pitchpipe.hosted.reading import PAGE, ReadError, open_reader
from pitchpipe.service.control.faults import (
    CutOff,
    Dropped,
    Malformed,
    RateQuota,
    Status,
    Truncated,
)
from pitchpipe.service.http import Response


def files(*numbers):
    return [{"id": f"f{n}", "object": "file", "bytes": 1, "created_at": n + 1} for n in numbers]


def read(connection, kind="files", parent=""):
    with open_reader(connection) as reader:
        return [entry["id"] for entry in reader.list(kind, parent)], reader


@pytest.fixture
def pages(old):
    """Answers lists of files with pages by their cursor."""

    def set_up(by_cursor):
        def script(request):
            if request.path != "/v1/files":
                return None
            return by_cursor[request.get("after")]

        old.script = script

    return set_up


def test_pages_are_asked_for_one_after_the_other(pages, connection, old):
    pages(
        {
            None: of_json({"data": files(1, 2), "has_more": True}),
            "f2": of_json({"data": files(3), "has_more": False}),
        }
    )
    assert read(connection)[0] == ["f1", "f2", "f3"]
    assert {method for method, _ in old.asked} == {"GET"}


def test_a_service_without_pages_answers_once(pages, connection, old):
    pages({None: of_json({"data": files(1, 2)})})
    assert read(connection)[0] == ["f1", "f2"]
    assert old.paths("/files") == ["/files"]


def test_a_service_that_ignores_the_cursor_does_not_keep_us_for_ever(pages, connection):
    whole = files(*range(PAGE))
    pages(dict.fromkeys((None, f"f{PAGE - 1}"), of_json({"data": whole})))
    assert read(connection)[0] == [entry["id"] for entry in whole]


@pytest.mark.parametrize(
    "second",
    [{"data": files(1, 2), "has_more": True}, {"data": [], "has_more": True}],
    ids=["circle", "empty"],
)
def test_a_list_that_does_not_go_on_as_it_says_is_an_error(pages, connection, second):
    pages({None: of_json({"data": files(1, 2), "has_more": True}), "f2": of_json(second)})
    with pytest.raises(ReadError, match="list of files"):
        read(connection)


def test_the_list_goes_on_where_its_cursor_was_deleted(pages, connection):
    pages(
        {
            None: of_json({"data": files(1, 2, 3), "has_more": True}),
            "f3": refusal(400, "no file has the id"),
            "f2": refusal(404, "no file has the id"),
            "f1": of_json({"data": files(3, 4), "has_more": False}),
        }
    )
    assert read(connection)[0] == ["f1", "f2", "f3", "f4"]


def test_a_list_whose_cursors_are_all_refused_ends_with_the_reason(pages, connection):
    answers = {cursor: refusal(404, "away") for cursor in ("f1", "f2")}
    pages({None: of_json({"data": files(1, 2), "has_more": True}), **answers})
    with pytest.raises(ReadError, match="404: away"):
        read(connection)


@pytest.mark.parametrize("answer", [[], {"data": {}}, {}, "text"])
def test_what_is_no_list_is_said_to_be_none(pages, connection, answer):
    pages({None: of_json(answer)})
    with pytest.raises(ReadError, match="list"):
        read(connection)


@pytest.mark.parametrize(
    "body",
    [b'{"data": [', b'{"data": NaN}', b'{"data": [{"id": "a", "x": 1e999}]}', b"[" * 100_000],
)
def test_what_is_no_json_is_asked_for_again_and_then_given_up(pages, connection, old, body):
    pages({None: Response(200, {"content-type": "application/json"}, body)})
    with pytest.raises(ReadError, match="not JSON") as caught:
        read(connection)
    assert caught.value.passing
    assert len(old.paths("/files")) == 3


def test_entries_without_an_id_are_counted(pages, connection):
    data = [*files(1), {"object": "file"}, "text", {"id": ""}, {"id": 7}]
    pages({None: of_json({"data": data, "has_more": False})})
    found, reader = read(connection)
    assert found == ["f1"]
    assert reader.unreadable == {"files": 4}


@pytest.mark.parametrize("bad", ["../models", "a/b", "a?b=c", "..", "", "a b", "é", "x" * 600])
def test_no_id_reaches_another_path(connection, old, bad):
    with open_reader(connection) as reader:
        before = len(old.asked)
        with pytest.raises(ReadError, match="path of a request"):
            reader.file(bad)
        assert len(old.asked) == before


def test_the_account_is_what_the_headers_say(old, connection):
    old.headers = {"openai-organization": "team", "openai-project": "proj_1"}
    with open_reader(connection) as reader:
        assert reader.account == {"openai-organization": "team", "openai-project": "proj_1"}


def test_a_refused_key_ends_everything(old, connection):
    old.script = lambda request: refusal(401, "Incorrect API key provided")
    with pytest.raises(ServiceError, match="OPENAI_API_KEY"), open_reader(connection):
        pytest.fail("it was taken")


def test_a_key_that_the_service_repeats_is_not_told(old, connection):
    old.script = lambda request: refusal(503, "sk-not-a-real-key-0123456789 is overloaded")
    with pytest.raises(ServiceError) as caught, open_reader(connection):
        pytest.fail("it answered")
    assert "not-a-real" not in str(caught.value)


class TestDownload:
    @pytest.fixture
    def target(self, tmp_path):
        return tmp_path / "content"

    def get(self, connection, account, target, size=None):
        file = account.training
        with open_reader(connection) as reader:
            return reader.download(file.id, target, file.bytes if size is None else size)

    @pytest.mark.parametrize(
        "fault",
        [
            CutOff(sent=100, path="/files/*/content"),
            Dropped(path="/files/*/content"),
            Truncated(share=0.3, path="/files/*/content"),
            Status(status=429, retry_after_ms=1, path="/files/*/content"),
            Status(status=500, path="/files/*/content"),
        ],
        ids=lambda fault: fault.kind,
    )
    def test_what_breaks_off_is_fetched_again(
        self, offline, account, offline_control, target, fault
    ):
        offline_control.faults.add(fault)
        found = self.get(offline, account, target)
        content = target.read_bytes()
        assert content == account.client.files.content(account.training.id).content
        assert (found.bytes, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert [path.name for path in target.parent.iterdir() if path.is_file()] == ["content"]
        rules = {finding.rule for finding in offline_control.conduct()}
        assert "ignored-retry-after" not in rules

    @pytest.mark.parametrize("kind", [CutOff, Malformed, Dropped])
    def test_what_always_breaks_off_is_given_up(
        self, offline, account, offline_control, target, kind
    ):
        if kind is Malformed:
            offline_control.faults.add(Malformed(path="/files", times=None))
            with pytest.raises(ReadError, match="not JSON"):
                read(offline)
            return
        offline_control.faults.add(kind(path="/files/*/content", times=None))
        with pytest.raises(ReadError, match="no whole answer came") as caught:
            self.get(offline, account, target)
        assert caught.value.passing
        assert not caught.value.answered
        assert not target.exists()

    def test_content_of_another_size_is_kept_aside_and_is_no_content(
        self, connection, account, target
    ):
        wrong = account.training.bytes + 5
        with pytest.raises(ReadError, match=f"names {wrong}.*content.unchecked") as caught:
            self.get(connection, account, target, wrong)
        assert caught.value.answered
        assert not target.exists()
        kept = target.with_name("content.unchecked").read_bytes()
        assert kept == account.client.files.content(account.training.id).content

    def test_content_without_an_end_is_not_written_down(self, old, connection, account, target):
        old.script = lambda request: (
            Response(200, {}, b"x" * 100_000) if request.path.endswith("/content") else None
        )
        with pytest.raises(ReadError, match="more comes than the 10 bytes"):
            self.get(connection, account, target, 10)
        assert not list(target.parent.glob("content*"))

    def test_a_result_file_may_come_as_base64(self, old, connection, account, target):
        old.script = lambda request: (
            Response(200, {}, b"c3RlcCxsb3NzCjEsMC41Cg==")
            if request.path.endswith("/content")
            else None
        )
        assert self.get(connection, account, target, len("step,loss\n1,0.5\n")).bytes == 24
        assert target.read_bytes() == b"c3RlcCxsb3NzCjEsMC41Cg=="


@pytest.mark.offline_openai(clock="real")
def test_a_limit_on_requests_is_kept_and_everything_is_read(offline, offline_control):
    offline_control.requests.clear()
    offline_control.faults.add(RateQuota(requests=2, seconds=0.1))
    with open_reader(offline) as reader:
        for kind in ("files", "jobs", "models", "batches"):
            assert list(reader.list(kind))
    assert not offline_control.conduct()
    assert not [record for record in offline_control.requests if record.status == 429]


def test_a_page_is_bounded():
    assert reading.PAGE <= 100  # the API's own limit for batches
