"""Web pages cannot use a server that asks for no keys; the pages that are named can."""

from __future__ import annotations

import re
import shlex

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.cli import main
from pitchpipe.cli.parser import Parser
from pitchpipe.cli.serve import configure
from pitchpipe.errors import UsageError
from pitchpipe.service.http import ApiError
from pitchpipe.service.server import protocols
from pitchpipe.service.server.keys import KeyFile
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.server.origins import OriginPolicy
from pitchpipe.service.service import Service
from raw_http import RawClient, reader_of

EVIL = "http://evil.example"
APP = "http://localhost:3000"


@pytest.fixture(params=["h11", "httptools"])
def reader(request, monkeypatch):
    monkeypatch.setattr(protocols, "AutoHTTPProtocol", reader_of(request.param))


@pytest.fixture
def service():
    service = Service(pace="immediate", control_routes=True)
    yield service
    service.close()


def sent(host="127.0.0.1:8000", **headers):
    """A request's headers as a server gets them."""
    pairs = [] if host is None else [("host", host)]
    pairs += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs]


def refused(policy, headers):
    with pytest.raises(ApiError) as error:
        policy.check(headers)
    assert error.value.status == 403
    return error.value.body["error"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "app.localhost:1",
        "127.0.0.1:65535",
        "127.8.9.10",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_loopback_names_are_answered_on_any_port(host):
    OriginPolicy().check(sent(host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "user@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1:8000@evil.example",
        "127.0.0.1:8000:1",
        "127.0.0.1:x",
        "127.0.0.1/evil",
        "127.0.0.1, evil.example",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "[::1%25lo]",
        "[::1%lo]",
        "[::1",
        "::1",
        "[localhost]",
        "[fe80::1]",
        "0.0.0.0",
        "192.168.1.5",
        "169.254.169.254",
        "localhost..",
        ".localhost",
        "",
        ":8000",
        "\u217cocalhost".encode().decode("latin-1"),
        None,
    ],
)
def test_any_other_name_is_refused(host):
    assert refused(OriginPolicy(), sent(host))["code"] == "host_not_allowed"


def test_two_names_are_none():
    two = [*sent(), *sent("evil.example")]
    assert "several headers Host" in refused(OriginPolicy(), two)["message"]
    assert refused(OriginPolicy(), two[::-1])["code"] == "host_not_allowed"


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_text_is_a_host_unless_it_names_this_machine(text):
    try:
        OriginPolicy().check(sent(text))
    except ApiError as error:
        assert error.status == 403  # noqa: PT017 - either is right
    else:
        name = text.strip().lower().rpartition("]")[0] or text.strip().lower().partition(":")[0]
        assert re.fullmatch(r"127\.\d+\.\d+\.\d+|\[[0-9a-f:.]+|(.+\.)?localhost\.?", name)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost:3000"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://localhost:8000"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "http://127.0.0.1:8000@evil.example"},
        {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
        {"origin": "file://"},
        {"origin": "chrome-extension://abcdef"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "Cross-Site"},
        {"sec_fetch_site": "whatever"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "cross-site", "referer": "http://127.0.0.1:8000/page"},
        {"referer": "http://evil.example/page"},
        {"referer": "http://127.0.0.1:8000@evil.example/"},
        {"referer": "http://[evil"},
    ],
)
def test_foreign_pages_are_refused_however_a_browser_tells(headers):
    error = refused(OriginPolicy(), sent(**headers))
    assert error["code"] == "origin_not_allowed"
    assert "--allow-origin" in error["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:8000", "sec_fetch_site": "same-origin"},
        {"referer": "http://127.0.0.1:8000/page"},
        {"referer": ""},
    ],
)
def test_who_is_no_foreign_page_is_answered(headers):
    OriginPolicy().check(sent(**headers))


@pytest.mark.parametrize(
    ("allowed", "page"),
    [
        (APP, APP),
        ("HTTP://LocalHost:3000", APP),
        ("https://app.example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_allowed_page_is_answered_and_no_other(allowed, page):
    policy = OriginPolicy([allowed])
    policy.check(sent(origin=page, sec_fetch_site="cross-site"))
    policy.check(sent(referer=f"{page}/deep?x#y", sec_fetch_site="cross-site"))
    assert policy.shares_with(sent(origin=page))
    for other in (EVIL, f"{page}.evil.example", f"{page}1", "null"):
        refused(policy, sent(origin=other))
        assert not policy.shares_with(sent(origin=other))
    two = [*sent(origin=page), (b"origin", EVIL.encode())]
    refused(policy, two)
    assert not policy.shares_with(two)
    refused(policy, sent("evil.example", origin=page))
    assert not policy.shares_with(sent("evil.example", origin=page))


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("host.docker.internal", "host.docker.internal:8000"),
        ("pitchpipe_api", "pitchpipe_api"),
        ("Api.Example.", "api.example:443"),
        ("192.168.1.5", "192.168.1.5:8000"),
        ("[fe80::1]", "[fe80:0::1]:8000"),
    ],
)
def test_an_allowed_name_is_answered_and_no_other(allowed, host):
    policy = OriginPolicy(allow_hosts=[allowed])
    policy.check(sent(host))
    policy.check(sent())
    refused(policy, sent(f"x{host}"))
    refused(policy, sent("evil.example"))


@pytest.mark.parametrize(
    "host", ["", "*", "*.example", "http://x", "x:80", "a b", "127.1", "ä", "[::1]:80"]
)
def test_what_is_no_host_cannot_be_allowed(host, capsys):
    with pytest.raises(UsageError, match="--allow-host: expected a host name or an address"):
        OriginPolicy(allow_hosts=[host])
    assert main(["serve", "--allow-host", host]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "origin", ["", "*", "null", "x", "http://", "http://x/y", "http://*.x", "http://x:y"]
)
def test_what_is_no_origin_cannot_be_allowed(origin, capsys):
    with pytest.raises(UsageError, match="--allow-origin: expected SCHEME://HOST"):
        OriginPolicy([origin])
    assert main(["serve", "--allow-origin", origin]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def advised(message):
    """The flags of the command that a message advises, as the command line reads them."""
    (command,) = re.findall(r"'(pitchpipe serve [^']+)'", message)
    parser = Parser("pitchpipe serve", "")
    configure(parser)
    return parser.parse_args(shlex.split(command)[2:])


@pytest.mark.parametrize(
    "headers",
    [
        sent("evil.example"),
        sent("host.docker.internal:8000"),
        sent("[fe80::1]:8000"),
        sent("192.168.1.5"),
        sent(origin=EVIL),
        sent(origin="https://evil.example:443"),
        sent(origin="vscode-webview://abc"),
        sent(referer="http://127.0.0.1:8000/page", sec_fetch_site="cross-site"),
    ],
)
def test_the_flag_that_a_refusal_advises_lets_the_request_in(headers):
    flags = advised(refused(OriginPolicy(), headers)["message"])
    OriginPolicy(flags.allow_origin, flags.allow_host).check(headers)


def test_where_all_addresses_are_listened_on_no_name_is_trusted_but_every_address():
    policy = OriginPolicy(listens_on="0.0.0.0")
    policy.check(sent("192.168.1.5:8000"))
    policy.check(sent("[fe80::1]"))
    refused(policy, sent("evil.example"))
    own = OriginPolicy(listens_on="192.168.1.5")
    own.check(sent("192.168.1.5"))
    refused(own, sent("192.168.1.6"))


def post(client, path, body, *lines, kind="text/plain"):
    head = [f"POST {path} HTTP/1.1", f"Host: {client.name}", f"Content-Type: {kind}", *lines]
    head += [f"Content-Length: {len(body)}", "", ""]
    client.send("\r\n".join(head).encode() + body)
    return client.answer()


@pytest.mark.usefixtures("reader")
def test_a_page_changes_and_reads_nothing_through_a_real_socket(service):
    with serve(service) as url:
        with openai.OpenAI(api_key="k", base_url=url) as client:
            kept = client.files.create(file=("a.txt", b"secret"), purpose="user_data")
        origin = f"Origin: {EVIL}"
        form = (
            b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--b\r\n'
            b'content-disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--b--\r\n'
        )
        upload = b'{"filename":"x","purpose":"fine-tune","bytes":5,"mime_type":"x"}'
        for path, body, kind in (
            ("/v1/uploads", upload, "text/plain"),
            ("/v1/files", form, "multipart/form-data; boundary=b"),
            ("/_pitchpipe/reset", b"{}", "text/plain"),
            ("/_pitchpipe/faults", b'{"kind":"dropped"}', "text/plain"),
            ("/v1/nothing", b"", "text/plain"),
        ):
            with RawClient(url) as client:
                status, headers, answer = post(client, path, body, origin, kind=kind)
                assert (status, answer["error"]["code"]) == (403, "origin_not_allowed")
                assert not any(name.startswith("access-control-") for name in headers)
        for path in (f"/v1/files/{kept.id}/content", "/v1/files", "/_pitchpipe/state", "/metrics"):
            for lines in ([origin], ["Sec-Fetch-Site: cross-site"], [f"Referer: {EVIL}/"]):
                with RawClient(url) as client:
                    assert client.get(path, *lines)[0] == 403
            with RawClient(url) as client:
                assert client.get(path, host="evil.example")[0] == 403
        with RawClient(url) as client:
            assert client.get("/healthz", origin, host="evil.example")[::2] == (
                200,
                {"status": "ok"},
            )
        with openai.OpenAI(api_key="k", base_url=url) as client:
            assert [file.id for file in client.files.list()] == [kept.id]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"GET /v1/files HTTP/1.0\r\n\r\n", (403,)),
        (b"GET /v1/files HTTP/1.1\r\n\r\n", (400, 403)),
        (b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", (400, 403)),
        (b"GET http://evil.example/v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n", (400,)),
        (b"GET http://localhost/v1/files HTTP/1.1\r\nHost: evil.example\r\n\r\n", (400, 403)),
        (b"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n", (400, 403)),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404, 405)),
        (
            b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\nOrigin: http://evil.example\r\n\r\n",
            (403,),
        ),
        (b"GET /healthz HTTP/1.0\r\n\r\n", (200,)),
    ],
)
def test_unusual_requests(service, request_bytes, statuses):
    with serve(service) as url, RawClient(url) as client:
        client.send(request_bytes)
        assert client.answer()[0] in statuses


@pytest.mark.usefixtures("reader")
def test_an_allowed_page_gets_what_its_browser_asks_for(service):
    asks = (
        "Access-Control-Request-Method: DELETE",
        "Access-Control-Request-Headers: authorization, x-stainless-os",
    )
    with serve(service, allow_origins=[APP]) as url, RawClient(url) as client:
        client.send(
            "\r\n".join(
                [
                    "OPTIONS /v1/files/x HTTP/1.1",
                    f"Host: {client.name}",
                    f"Origin: {APP}",
                    *asks,
                    "",
                    "",
                ]
            ).encode()
        )
        status, headers, _ = client.answer()
        assert status == 200
        assert headers["access-control-allow-origin"] == APP
        assert "DELETE" in headers["access-control-allow-methods"]
        assert headers["access-control-allow-headers"] == "authorization, x-stainless-os"
        assert "access-control-allow-credentials" not in headers
        status, headers, answer = client.get("/v1/files", f"Origin: {APP}")
        assert (status, answer["data"]) == (200, [])
        assert headers["access-control-allow-origin"] == APP
        assert headers["access-control-expose-headers"] == "*"
        assert "Origin" in headers["vary"]
        status, headers, answer = client.get("/v1/files/file-x", f"Origin: {APP}")
        assert (status, headers["access-control-allow-origin"]) == (404, APP)
        status, headers, answer = client.get("/v1/files")
        assert (status, "access-control-allow-origin" in headers) == (200, False)
        client.send(
            "\r\n".join(
                [
                    "OPTIONS /v1/files HTTP/1.1",
                    f"Host: {client.name}",
                    f"Origin: {EVIL}",
                    *asks,
                    "",
                    "",
                ]
            ).encode()
        )
        status, headers, _ = client.answer()
        assert (status, "access-control-allow-origin" in headers) == (403, False)


@pytest.mark.usefixtures("reader")
def test_with_keys_any_name_will_do_and_a_page_needs_a_key(service, tmp_path):
    keys = KeyFile(tmp_path / "keys")
    key = keys.add("ann")
    with serve(service, keys=keys, allow_origins=[APP]) as url:
        for path in ("/v1/files", "/_pitchpipe/state", "/metrics"):
            with RawClient(url) as client:
                bearer = f"Authorization: Bearer {key}"
                assert client.get(path, f"Origin: {EVIL}")[0] == 401
                status, headers, _ = client.get(path, bearer, f"Origin: {EVIL}", host="any.example")
                assert (status, "access-control-allow-origin" in headers) == (200, False)
                status, headers, _ = client.get(path, f"Origin: {APP}")
                assert (status, headers["access-control-allow-origin"]) == (401, APP)
                assert client.get(path, bearer, f"Origin: {APP}")[0] == 200


def test_the_client_of_the_vendor_reads_why_it_was_refused(service):
    with (
        serve(service) as url,
        openai.OpenAI(
            api_key="k",
            base_url=url,
            default_headers={"Host": "host.docker.internal:8000"},
            max_retries=0,
        ) as client,
        pytest.raises(
            openai.PermissionDeniedError, match=r"--allow-host host\.docker\.internal"
        ) as error,
    ):
        client.models.list()
    assert error.value.code == "host_not_allowed"
    with (
        serve(service, allow_hosts=["host.docker.internal"]) as url,
        openai.OpenAI(
            api_key="k", base_url=url, default_headers={"Host": "host.docker.internal:8000"}
        ) as client,
    ):
        assert client.models.list().data


@pytest.mark.parametrize("header", ["Origin", "Referer", "Host", "Sec-Fetch-Site"])
def test_a_refusal_is_short_whatever_was_sent(service, header):
    with serve(service) as url, RawClient(url) as client:
        lines = [f"{header}: {'http://' if header != 'Host' else ''}{'x' * 30_000}"]
        host = None if header == "Host" else f"Host: {client.name}"
        client.send(
            "\r\n".join(filter(None, ["GET /v1/files HTTP/1.1", host, *lines, "\r\n"])).encode()
        )
        status, _, answer = client.answer()
        assert status == 403
        assert len(answer["error"]["message"]) < 1000
