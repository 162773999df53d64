from __future__ import annotations

import contextlib
import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from urllib.error import HTTPError
from urllib.parse import urlsplit

import openai
import pytest

from pitchpipe.errors import ConfigError
from pitchpipe.service.http import Disconnect, Response, Wait
from pitchpipe.service.server import bodies
from pitchpipe.service.server.keys import KeyFile
from pitchpipe.service.server.loopback import base_url, listening, serve


def get(url, path, **headers):
    request = urllib.request.Request(url.removesuffix("/v1") + path, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture
def keyed(lab, tmp_path):
    keys = KeyFile(tmp_path / "keys")
    with serve(lab.service, keys=keys) as url:
        yield url, keys.add("ann")


def test_with_keys_only_who_has_one_is_let_in(keyed):
    url, key = keyed
    with openai.OpenAI(api_key=key, base_url=url) as client:
        assert client.models.list().data
    with (
        openai.OpenAI(api_key="pp-wrong", base_url=url, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.models.list()
    assert refused.value.code == "invalid_api_key"
    assert "pp-wrong" not in str(refused.value)
    status, body = get(url, "/v1/models")
    assert (status, json.loads(body)["error"]["type"]) == (401, "invalid_request_error")
    assert get(url, "/v1/models", **{"api-key": key})[0] == 200
    assert get(url, "/metrics")[0] == 401
    assert get(url, "/metrics", Authorization=f"Bearer {key}")[0] == 200
    assert get(url, "/healthz") == (200, b'{"status":"ok"}')


def test_a_key_never_reaches_the_log(lab, tmp_path, caplog):
    keys = KeyFile(tmp_path / "keys")
    key = keys.add("ann")
    with (
        caplog.at_level(logging.DEBUG),
        serve(lab.service, keys=keys) as url,
        openai.OpenAI(api_key=key, base_url=url) as client,
    ):
        client.models.list()
    # the line is written after the answer was sent: the server has ended by now
    records = [record for record in caplog.records if record.name == "pitchpipe.access"]
    assert [record.key for record in records] == ["ann"]
    assert key not in " ".join(str(vars(record)) for record in records)


def test_metrics_count_by_route_and_not_by_what_clients_write(lab):
    with serve(lab.service) as url:
        for path in ("/v1/files/a", "/v1/files/b", "/v1/x/y/z", "/", "/v1/q"):
            assert get(url, path)[0] == 404
        lab.create()
        text = get(url, "/metrics")[1].decode()
    count = 'pitchpipe_request_seconds_count{method="%s",route="%s",status="404"} %s.0'
    assert count % ("GET", "/files/*", 2) in text
    assert count % ("any", "none", 3) in text
    assert 'pitchpipe_jobs{status="validating_files"} 1.0' in text
    assert "pitchpipe_requests_in_flight 0.0" in text


@pytest.mark.parametrize("size", [10, bodies._IN_MEMORY - 1, bodies._IN_MEMORY + 1, 3_000_000])
def test_files_of_any_size_come_back_byte_for_byte(lab, size):
    content = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    with serve(lab.service) as url, openai.OpenAI(api_key="k", base_url=url) as client:
        file = client.files.create(file=("a.bin", content[:size]), purpose="user_data")
        assert client.files.content(file.id).content == content[:size]


def test_too_large_is_refused_whether_it_says_so_or_not(lab):
    with (
        serve(lab.service, most_upload=1000) as url,
        openai.OpenAI(api_key="k", base_url=url, max_retries=0) as client,
    ):
        big = b"x" * (2 << 20)
        with pytest.raises(openai.APIStatusError, match="too large") as refused:
            client.files.create(file=("a", big), purpose="user_data")
        assert refused.value.status_code == 413
        parts = urlsplit(url)
        with contextlib.closing(HTTPConnection(parts.hostname, parts.port)) as connection:
            headers = {"content-type": "multipart/form-data; boundary=b"}
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                pieces = iter([b"y" * 65536] * 40)
                connection.request("POST", "/v1/files", pieces, headers, encode_chunked=True)
            assert connection.getresponse().status == 413
        assert client.files.list().data == []


class Breaking:
    """A service whose answers break in the middle."""

    def __init__(self, lab, answer):
        self._service = lab.service
        self.handle = lambda *_: answer()

    def __getattr__(self, name):
        return getattr(self._service, name)


def ask(url):
    parts = urlsplit(url)
    with contextlib.closing(HTTPConnection(parts.hostname, parts.port)) as connection:
        connection.request("GET", "/v1/models")
        answer = connection.getresponse()
        return answer.status, answer.read()


def gone():
    raise Disconnect


def half() -> Iterator[bytes | Wait]:
    yield b"half"
    yield Wait(0.0)
    yield b" more"
    raise Disconnect


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (gone, RemoteDisconnected),
        (lambda: Response(200, {"content-length": "100"}, half()), IncompleteRead),
        (lambda: Response(200, {}, half()), IncompleteRead),
    ],
)
def test_a_connection_can_break_before_and_within_an_answer(lab, answer, error, caplog):
    with serve(Breaking(lab, answer)) as url, pytest.raises((error, ConnectionResetError)):
        ask(url)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_pieces_come_as_they_are_made(lab):
    def pieces():
        yield b"a"
        yield Wait(0.0)
        yield b"b"

    with serve(Breaking(lab, lambda: Response(200, {}, pieces(), delay=0.001))) as url:
        assert ask(url) == (200, b"ab")


def test_an_address_in_use_is_named():
    with listening("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}.*Port 0"):
            listening("127.0.0.1", port)
    with pytest.raises(ConfigError, match="from 0 to 65535"):
        listening("127.0.0.1", 99_999)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_addresses_of_version_6_are_written_as_urls_have_them():
    try:
        listener = listening("::1", 0)
    except ConfigError as error:
        pytest.skip(str(error))
    with listener:
        assert base_url(listener) == f"http://[::1]:{listener.getsockname()[1]}/v1"
