import gzip

import pytest
from vcr.request import Request

from pitchpipe.testing.cassettes import find_secrets, neutral_request, neutral_response

FORM = (
    '--{b}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n'
    '--{b}\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n{{}}\r\n\n\r\n--{b}--\r\n"
)


def form(boundary, body=None):
    return Request(
        "POST",
        "http://127.0.0.1:4711/v1/files",
        (body or FORM).format(b=boundary).encode(),
        {"Content-Type": f'multipart/form-data; boundary="{boundary}"', "Cookie": "a=b"},
    )


def shown(request):
    return request.method, request.uri, dict(request.headers), request.body


def test_forms_differ_by_neither_boundary_nor_order_nor_part_headers():
    first, second = FORM.split("--{b}\r\n")[1:3]
    swapped = "--{b}\r\n" + second.replace("--{b}--\r\n", "") + "--{b}\r\n" + first + "--{b}--\r\n"
    plain = shown(neutral_request(form("aaa")))
    assert shown(neutral_request(form("bbb", swapped))) == plain
    assert b"{}\r\n\n" in plain[3]
    assert plain[1] == "http://service.invalid/v1/files"
    assert list(plain[2]) == ["content-type"]


def request(uri="https://api.openai.com/v1/completions", body=b"{}", **headers):
    return Request("POST", uri, body, {"content-type": "application/json", **headers})


@pytest.mark.parametrize(
    "given",
    [
        form("aaa"),
        request(body=b'{"model":"ft:gpt-4o:acme:x:1","organization":"org-acme"}'),
        request("https://h/v1/models/ft:gpt-4o:acme:x:1?limit=3"),
        request(body=None),
        request(body="text", authorization="Bearer sk-abcdefgh"),
    ],
)
def test_doing_it_twice_changes_nothing(given):
    once = shown(neutral_request(given))
    assert shown(neutral_request(Request(once[0], once[1], once[3], once[2]))) == once
    assert list(find_secrets(f"{once}")) == []
    assert "acme" not in f"{once}"


def test_the_query_is_kept():
    assert (
        neutral_request(request("https://h/v1/x?a=1&b=2")).uri
        == "http://service.invalid/v1/x?a=1&b=2"
    )


def response(body, **headers):
    return {
        "status": {"code": 200, "message": "OK"},
        "headers": {name.replace("_", "-"): [value] for name, value in headers.items()},
        "body": {"string": body},
    }


def test_only_known_response_headers_are_kept():
    got = neutral_response(
        response(b"{}", Set_Cookie="a", X_Request_Id="b", Date="c", Retry_After="1",
                 OpenAI_Organization="d", Content_Type="application/json")
    )  # fmt: skip
    assert got["headers"] == {"retry-after": ["1"], "content-type": ["application/json"]}


def test_organisations_and_keys_are_taken_out_of_bodies():
    body = b'{"organization_id": "org-acme", "error": "bad key sk-abcd1234", "n": 1}'
    got = neutral_response(response(body))["body"]["string"]
    assert got == b'{"organization_id": "neutral", "error": "bad key [redacted]", "n": 1}'


def test_bytes_that_are_no_text_stay():
    assert neutral_response(response(b"\xff\xfe"))["body"]["string"] == b"\xff\xfe"


def test_compressed_answers_are_cleaned_too(tmp_path):
    from pitchpipe.testing.cassettes import recorder

    with recorder(tmp_path, "all").use_cassette("a.yaml") as cassette:
        packed = response(
            gzip.compress(b'{"organization_id": "org-acme"}'), Content_Encoding="gzip"
        )
        cassette.append(request(), packed)
    text = (tmp_path / "a.yaml").read_text()
    assert "neutral" in text
    assert "acme" not in text


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("authorization: Bearer abcdefgh", "a key"),
        ("sk-proj-abcdef", "a key"),
        ("Set-Cookie: x", "a cookie"),
        ("openai-organization: acme", "an organisation"),
        ("org-AbCd1234", "an organisation"),
        ("x-request-id: 1", "a request id"),
        ("req_0123456789abcdef", "a request id"),
    ],
)
def test_what_should_not_be_published_is_found(line, kind):
    assert [(number, found) for number, found, _ in find_secrets(f"fine\n{line}\n")] == [(2, kind)]
