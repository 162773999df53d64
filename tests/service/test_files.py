from __future__ import annotations

import json

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.service.http import ApiError, Request
from pitchpipe.service.protocol import multipart

FIXTURES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FIXTURES
@given(content=st.binary(max_size=300))
def test_bytes_come_back_identical(lab, content):
    file = lab.client.files.create(file=("a.jsonl", content), purpose="user_data")
    assert file.bytes == len(content)
    assert lab.client.files.content(file.id).content == content


@FIXTURES
@given(name=st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1))
def test_names_come_back_and_never_become_paths(lab, name):
    # the client itself cannot tell a quotation mark from its code in a name
    expected = name.replace("%22", '"')
    file = lab.client.files.create(file=(name, b"x"), purpose="user_data")
    if not any(f"%{code:02X}" in name for code in range(32)):
        assert lab.client.files.retrieve(file.id).filename.strip() == expected.strip()
    assert lab.client.files.content(file.id).content == b"x"


@FIXTURES
@given(
    parts=st.lists(st.tuples(st.sampled_from("abcdef"), st.binary(max_size=60)), max_size=5),
    boundary=st.text("ab-", min_size=1, max_size=3),
)
def test_a_form_is_read_as_it_was_written(parts, boundary):
    boundary = f"x{boundary}x"
    mark = f"--{boundary}".encode()
    body = b""
    for name, content in parts:
        header = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        body += mark + b"\r\n" + header + content + b"\r\n"
    body += mark + b"--\r\n"
    if any(mark in content for _, content in parts):
        return
    request = Request.of(
        "POST", "/", [("Content-Type", f"multipart/form-data; boundary={boundary}")], body
    )
    expected: dict[str, bytes] = {}
    for name, content in parts:
        expected.setdefault(name, content)
    assert {key: part.content for key, part in multipart.parse(request).items()} == expected


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("application/json", b"", "multipart/form-data"),
        ("multipart/form-data", b"", "multipart/form-data"),
        ("multipart/form-data; boundary=b", b"", "no closing boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nA: b\r\n\r\nx", "no closing boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nA: b\r\n--b--", "no closing boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nA b:\r\n\r\nx\r\n--b--", "no header"),
        ("multipart/form-data; boundary=b", b"--b\r\nA: b\r\n\r\nx\r\n--b--", "no name"),
    ],
)
def test_a_broken_form_is_refused(kind, body, message):
    with pytest.raises(ApiError, match=message):
        multipart.parse(Request.of("POST", "/", [("content-type", kind)], body))


def test_form_names_in_every_spelling():
    body = (
        b"preamble\r\n--b \r\nContent-Type: text/plain\r\n"
        b"content-disposition: form-data; name=file; filename*=UTF-8''na%C3%AFve.txt\r\n\r\n"
        b"--bc\r\n--bd\r\n--b--"
    )
    request = Request.of("POST", "/", [("content-type", 'multipart/form-data; boundary="b"')], body)
    part = multipart.parse(request)["file"]
    assert (part.filename, part.content) == ("naïve.txt", b"--bc\r\n--bd")


def test_lists_by_purpose_and_order(lab):
    tune = [lab.upload(b"x", name=f"{n}.jsonl") for n in range(3)]
    lab.upload(b"y", purpose="batch")
    assert [f.id for f in lab.client.files.list(purpose="fine-tune")] == tune[::-1]
    assert [f.id for f in lab.client.files.list(purpose="fine-tune", order="asc")] == tune
    assert len(list(lab.client.files.list())) == 4


@FIXTURES
@given(limit=st.integers(1, 12), order=st.sampled_from(["asc", "desc"]))
def test_walking_the_pages_gives_each_file_once(make_lab, limit, order):
    lab = make_lab()
    made = [lab.upload(b"x") for _ in range(7)]
    walked = [file.id for file in lab.client.files.list(limit=limit, order=order)]
    assert walked == (made if order == "asc" else made[::-1])


def test_files_may_be_deleted_while_walking(lab):
    for _ in range(5):
        lab.upload(b"x")
    for file in lab.client.files.list(limit=2):
        assert lab.client.files.delete(file.id).deleted
    page = lab.client.files.list()
    assert (page.data, page.has_more) == ([], False)


def test_a_deleted_file_is_gone(lab):
    file_id = lab.upload()
    lab.client.files.delete(file_id)
    for call in (lab.client.files.retrieve, lab.client.files.content, lab.client.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            call(file_id)


def test_a_file_expires(lab):
    file = lab.client.files.create(
        file=("a", b"x"),
        purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert file.expires_at == file.created_at + 3600
    lab.clock.now += 3599
    assert lab.client.files.content(file.id).content == b"x"
    lab.clock.now += 1
    assert list(lab.client.files.list()) == []
    with pytest.raises(openai.NotFoundError):
        lab.client.files.retrieve(file.id)


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"purpose": "fine-tune"}, "file", "missing_required_parameter"),
        ({"file": b"x"}, "purpose", "missing_required_parameter"),
        ({"file": b"x", "purpose": "fun"}, "purpose", "invalid_value"),
        (
            {"file": b"x", "purpose": "batch", "expires_after[anchor]": "created_at"},
            "expires_after.seconds",
            "missing_required_parameter",
        ),
        (
            {
                "file": b"x",
                "purpose": "batch",
                "expires_after[anchor]": "created_at",
                "expires_after[seconds]": "60",
            },
            "expires_after.seconds",
            "integer_below_min_value",
        ),
    ],
)
def test_uploads_are_checked(lab, form, param, code):
    body = b""
    for name, value in form.items():
        extra = '; filename="f"' if name == "file" else ""
        text = value if isinstance(value, bytes) else value.encode()
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        body += text + b"\r\n"
    headers = [("content-type", "multipart/form-data; boundary=b")]
    response = lab.service.handle(Request.of("POST", "/v1/files", headers, body + b"--b--"))
    error = json.loads(response.body)["error"]
    assert (response.status, error["param"], error["code"]) == (400, param, code)


def test_an_unknown_order_is_refused(lab):
    with pytest.raises(openai.BadRequestError, match="Supported values"):
        lab.client.files.list(order="up")  # type: ignore[arg-type]


def test_a_large_file_is_sent_in_pieces_and_may_go_meanwhile(lab):
    content = bytes(range(256)) * 20_000
    file_id = lab.upload(content, purpose="user_data")
    assert lab.client.files.content(file_id).content == content
    response = lab.service.handle(Request.of("GET", f"/v1/files/{file_id}/content"))
    assert response.headers["content-length"] == str(len(content))
    lab.client.files.delete(file_id)
    assert b"".join(response.body) == content
    with pytest.raises(openai.NotFoundError):
        lab.client.files.content(file_id)
