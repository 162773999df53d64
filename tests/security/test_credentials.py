"""Credentials in addresses are used, and neither shown nor stored."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.addresses import PLACEHOLDER, address_of, hide_address, hide_in_urls, plain_address
from pitchpipe.cli import main
from pitchpipe.config import Config
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import ConfigError, ServiceError
from pitchpipe.redaction import hide_credentials, hide_in_tables, redact
from pitchpipe.run import fingerprint
from run_folders import new_world

SECRET = "hunter2SECRET"
ADDRESSES = [
    f"http://me:{SECRET}@127.0.0.1:9/v1",
    f"http://me:p%40{SECRET}@127.0.0.1:9/v1",
    f"http://me:p@{SECRET}@127.0.0.1:9/v1",
    f"http://{SECRET}@127.0.0.1:9/v1",
    f"http://:{SECRET}@127.0.0.1:9/v1",
    f"http://127.0.0.1:9/v1#{SECRET}",
    f"http://127.0.0.1:9/v1?{SECRET}",
    *(
        f"http://127.0.0.1:9/v1?api-version=1&{name}={SECRET}"
        for name in ("api-key", "token", "sig", "code", "subscription-key", "whatever", "key")
    ),
]
MALFORMED = [
    f"http://me:a/{SECRET}@127.0.0.1:9/v1",
    f"http://me:a?{SECRET}@127.0.0.1:9/v1",
    f"http://me:a#{SECRET}@127.0.0.1:9/v1",
    f"http://me:a {SECRET}@127.0.0.1:9/v1",
    f"http://me:{SECRET}@127.0.0.1:port/v1",
    f"ftp://me:{SECRET}@127.0.0.1/v1",
    f"http://me:{SECRET}@/v1",
    f"http://me:{SECRET}@[::1/v1",
    f"http://me:{SECRET}@{'x' * 70}.invalid/v1",
]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)


def words(folder: Path, *more: str) -> list[str]:
    return [
        "run", str(new_world(folder).table), "--trainer", "openai", "--format", "chat",
        "--model", "gpt-4.1-mini-2025-04-14", "--set", "trainer.max_retries=0",
        "--run-dir", str(folder / "run"), *more,
    ]  # fmt: skip


def check_hidden(folder: Path, shown: str) -> None:
    assert SECRET not in shown
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in shown
    for path in folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("where", ["flag", "environment", "file", "set"])
@pytest.mark.parametrize("address", [*ADDRESSES, *MALFORMED])
def test_a_run_neither_shows_nor_stores_them(
    address: str,
    where: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, more = tmp_path / "here", ["--verbose", "--traceback"]
    if where == "flag":
        more += ["--base-url", address]
    elif where == "environment":
        monkeypatch.setenv("OPENAI_BASE_URL", address)
    elif where == "set":
        more += ["--set", f"trainer.base_url={json.dumps(address)}"]
    else:
        path = tmp_path / "own.toml"
        path.write_text(f"[trainer]\nname = 'openai'\nbase_url = {json.dumps(address)}\n")
        more += ["--config", str(path)]
    code = main(words(folder, *more))
    told = capfd.readouterr()
    assert code == (2 if address in MALFORMED else 1)
    assert "unexpected" not in told.err
    check_hidden(folder, told.out + told.err)


def test_the_configuration_is_shown_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", f'trainer.azure_endpoint="https://me:{SECRET}@r.invalid/"']
    for more in ([], ["--json"]):
        assert main(["config", "show", "--trainer", "openai", *settings, *more]) == 0
        told = capsys.readouterr()
        assert SECRET not in told.out + told.err
        assert f"https://{PLACEHOLDER}@r.invalid/" in told.out


def test_the_next_command_is_told_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(new_world(tmp_path).table)
    base = ["--trainer", "openai", "--model", "gpt-4.1-mini-2025-04-14", "--format", "chat"]
    for more in (
        ["--base-url", f"http://me:{SECRET}@h.invalid/v1"],
        ["--set", f"trainer.base_url='http://h.invalid/v1?sig={SECRET}'"],
    ):
        for form in ([], ["--json"]):
            assert main(["prepare", table, "-q", *base, *more, *form]) == 0
            told = capsys.readouterr()
            assert SECRET not in told.out + told.err
    assert PLACEHOLDER in told.out + told.err


def test_a_placeholder_is_refused_and_the_advice_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(words(tmp_path, "--base-url", f"http://me:{SECRET}@127.0.0.1:9/v1"))
    kept = str(tmp_path / "run" / "config.toml")
    table = str(tmp_path / "films.csv")
    capsys.readouterr()
    command = ["predict", table, "--model", "m", "--config", kept]
    assert main(command) == 2
    assert "trainer.base_url holds [redacted]" in (told := capsys.readouterr().err)
    assert "Pass --base-url URL" in told
    assert main([*command, "--base-url", "http://me:other@127.0.0.1:9/v1"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


class Echo(BaseHTTPRequestHandler):
    heard: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.heard.append((self.path, self.headers.get("authorization")))
        body = b'{"object": "list", "data": [], "has_more": false}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any, **options: Any) -> None:
        del args, options


@pytest.fixture
def echo() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    heard: list[tuple[str, str | None]] = []
    handler = type("Handler", (Echo,), {"heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", heard
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_they_are_sent_and_not_logged(
    echo: tuple[str, list[tuple[str, str | None]]], caplog: pytest.LogCaptureFixture, level: int
) -> None:
    place, heard = echo
    address = f"http://me:p%40{SECRET}@{place}/v1?code={SECRET}9"
    caplog.set_level(level)
    connection = Connection(base_url=address)
    with connection.client() as client:
        client.models.list()
    [(path, authorization)] = heard
    assert path == f"/v1/models?code={SECRET}9"
    token = base64.b64encode(f"me:p@{SECRET}".encode()).decode()
    assert authorization == f"Basic {token}"
    assert caplog.records
    assert SECRET not in caplog.text
    assert token not in caplog.text
    assert SECRET not in connection.url


def test_an_address_without_them_is_sent_with_the_key(
    echo: tuple[str, list[tuple[str, str | None]]],
) -> None:
    place, heard = echo
    with Connection(base_url=f"http://{place}/v1").client() as client:
        client.models.list()
    assert heard == [("/v1/models", f"Bearer {'k' * 20}")]


def test_azure_takes_them_apart_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k" * 20)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"https://me:{SECRET}@r.invalid?sig={SECRET}")
    connection = Connection(azure=True, api_version="2025-04-01-preview")
    assert SECRET not in connection.url
    with connection.client() as client:
        assert str(client.base_url) == "https://r.invalid/openai/"
        assert client.default_query["sig"] == SECRET


def test_errors_of_other_packages_quote_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@127.0.0.1:9")
    connection = Connection(base_url="https://h.invalid/v1", max_retries=0)
    with pytest.raises(ServiceError) as caught, connection.client() as client:
        client.models.list()
    assert SECRET not in str(caught.value)
    assert redact(f"proxy said {SECRET}") == f"proxy said {PLACEHOLDER}"


def test_other_credentials_are_the_same_run() -> None:
    def key(address: str) -> str:
        trainer = {"name": "openai", "base_url": address}
        return fingerprint(Config.from_mapping({"trainer": trainer}), "s")

    plain = key("http://h.invalid/v1")
    assert {key(f"http://me:{p}@h.invalid/v1?sig={p}#{p}") for p in ("one", "two")} == {plain}
    assert key("http://me:one@other.invalid/v1") != plain


def test_a_run_begun_when_credentials_counted_goes_on() -> None:
    config = Config.from_mapping(
        {"trainer": {"name": "openai", "base_url": f"http://me:{SECRET}@h.invalid/v1"}}
    )
    assert fingerprint(config, "s") != fingerprint(config, "s", earlier=True)
    assert fingerprint(Config(), "s") == fingerprint(Config(), "s", earlier=True)


@pytest.mark.parametrize("name", ["api_key", "access-token", "password", "Authorization"])
def test_options_named_for_secrets_are_hidden(name: str) -> None:
    tables = {"trainer": {"name": "x", "headers": {name: SECRET}, name: SECRET}}
    assert SECRET not in json.dumps(hide_in_tables(tables))
    assert hide_in_tables({"api_key_env": "MY_KEY", "key": "id"}) == {
        "api_key_env": "MY_KEY",
        "key": "id",
    }
    bearer = f"Bearer {SECRET}"
    assert SECRET not in json.dumps(hide_in_tables({"headers": {"x-any": bearer}}))
    assert SECRET not in hide_credentials(f"--set trainer.x='{bearer}': unknown")


@pytest.mark.parametrize(
    "text",
    ["offline:a?learner=ngram&seed=3", "see https://h.invalid/a?page=2", "***", "a@b", "x://y", ""],
)
def test_what_holds_none_stays(text: str) -> None:
    assert hide_in_urls(text) == hide_credentials(text) == text
    assert hide_address("offline:a?token=x") == "offline:a?token=x"


# made of signs that stand for nothing else, so that what is found is the secret
_PART = st.text("QWXZ~!$*%@:/?#[]& '\"", min_size=1, max_size=12)


@given(part=_PART, user=st.text("ab", max_size=3))
def test_no_password_is_shown_whatever_it_is_made_of(part: str, user: str) -> None:
    address = f"http://{user}:{SECRET}{part}{SECRET}@host.invalid:80/v1"
    assert SECRET not in hide_address(address)
    try:
        found = address_of(address, "trainer.base_url")
    except ConfigError as error:
        assert SECRET not in str(error)  # noqa: PT017  either is right, and shows nothing
    else:
        assert SECRET not in found.shown + found.plain + repr(found)
        assert found.plain == "http://host.invalid:80/v1"
    assert SECRET not in plain_address(address)


@given(st.sampled_from(ADDRESSES), st.text("abc .,:", max_size=5))
def test_hiding_twice_changes_nothing(address: str, after: str) -> None:
    once = hide_address(address)
    assert hide_address(once) == once
    text = hide_credentials(f"{once}: {after}")
    assert text.startswith(once)
