from __future__ import annotations

import hashlib
import mmap
import tempfile

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.engine.uploads import LIFETIME, MOST_PART
from pitchpipe.service.http import Request
from pitchpipe.service.protocol import multipart
from pitchpipe.service.protocol.params import MOST_BYTES


def begin(lab, content, **options):
    return lab.client.uploads.create(
        **{
            "bytes": len(content),
            "filename": "train.jsonl",
            "mime_type": "text/jsonl",
            "purpose": "fine-tune",
        }
        | options
    )


def send(lab, upload, *parts):
    return [lab.client.uploads.parts.create(upload.id, data=("part", part)).id for part in parts]


def test_parts_in_any_order_of_arrival_are_joined_in_the_order_named(lab):
    @settings(max_examples=25)
    @given(st.lists(st.binary(max_size=50), min_size=1, max_size=8).filter(any), st.randoms())
    def check(parts, random):
        content = b"".join(parts)
        upload = begin(lab, content)
        arrival = list(enumerate(parts))
        random.shuffle(arrival)
        ids = {place: send(lab, upload, part)[0] for place, part in arrival}
        named = [ids[place] for place in range(len(parts))]
        done = lab.client.uploads.complete(upload.id, part_ids=named)
        assert (done.status, done.file.bytes) == ("completed", len(content))
        assert lab.client.files.content(done.file.id).content == content

    check()


def test_a_file_that_came_in_chunks_is_trained_on(lab, lines, tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes(lines["completion"](400))
    upload = lab.client.uploads.upload_file_chunked(
        file=path, mime_type="text/jsonl", purpose="fine-tune", part_size=1000
    )
    job = lab.client.fine_tuning.jobs.create(model="ada", training_file=upload.file.id)
    assert lab.finish(job.id).status == "succeeded"


def test_the_checksum_is_compared(lab):
    content = b"some bytes"
    upload = begin(lab, content)
    ids = send(lab, upload, content)
    with pytest.raises(openai.BadRequestError, match="checksum") as refused:
        lab.client.uploads.complete(upload.id, part_ids=ids, md5="0" * 32)
    assert refused.value.param == "md5"
    digest = hashlib.md5(content).hexdigest()
    done = lab.client.uploads.complete(upload.id, part_ids=ids, md5=digest.upper())
    assert done.status == "completed"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (lambda ids: [*ids, "part_none"], "part_none is no part of it"),
        (lambda ids: [ids[0], ids[0]], "a part is named twice"),
        (lambda ids: ids[:1], "The parts have 3 bytes, but the upload announced 6"),
        (lambda ids: [], "part_ids"),
    ],
)
def test_parts_that_are_not_the_file_are_refused_and_may_be_named_again(lab, named, message):
    upload = begin(lab, b"abcdef")
    ids = send(lab, upload, b"abc", b"def")
    with pytest.raises(openai.BadRequestError, match=message):
        lab.client.uploads.complete(upload.id, part_ids=named(ids))
    assert lab.client.uploads.complete(upload.id, part_ids=ids).status == "completed"


def test_parts_of_another_upload_are_none_of_this_one(lab):
    first, second = begin(lab, b"abc"), begin(lab, b"abc")
    ids = send(lab, first, b"abc")
    with pytest.raises(openai.BadRequestError, match="is no part of it"):
        lab.client.uploads.complete(second.id, part_ids=ids)


def test_what_has_ended_takes_no_more(make_lab, tmp_path):
    lab = make_lab(data_dir=tmp_path)
    done, cancelled, expired = (begin(lab, b"abc") for _ in range(3))
    parts = {upload.id: send(lab, upload, b"abc") for upload in (done, cancelled, expired)}
    lab.client.uploads.complete(done.id, part_ids=parts[done.id])
    assert lab.client.uploads.cancel(cancelled.id).status == "cancelled"
    lab.clock.now += LIFETIME
    for upload, status in ((done, "completed"), (cancelled, "cancelled"), (expired, "expired")):
        for action in (
            lambda upload=upload: send(lab, upload, b"x"),
            lambda upload=upload: lab.client.uploads.cancel(upload.id),
            lambda upload=upload: lab.client.uploads.complete(upload.id, part_ids=parts[upload.id]),
        ):
            with pytest.raises(openai.BadRequestError, match=f"has status '{status}'"):
                action()
    # only the one file is left of all that was sent
    assert [path.name for path in (tmp_path / "files").iterdir()] == [
        file.id for file in lab.client.files.list()
    ]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": MOST_BYTES + 1}, "bytes"),
        ({"purpose": "poetry"}, "purpose"),
        ({"filename": ""}, "filename"),
        ({"expires_after": {"anchor": "created_at", "seconds": 1}}, "expires_after.seconds"),
    ],
)
def test_requests_are_checked(lab, change, param):
    with pytest.raises(openai.BadRequestError) as refused:
        begin(lab, b"abc", **change)
    assert refused.value.param == param


def test_a_part_too_large_or_missing(lab):
    upload = begin(lab, b"abc")
    with pytest.raises(openai.APIStatusError, match="at most") as refused:
        send(lab, upload, bytes(MOST_PART + 1))
    assert refused.value.status_code == 413
    body = b'--b\r\ncontent-disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n'
    headers = [("content-type", "multipart/form-data; boundary=b")]
    target = f"/v1/uploads/{upload.id}/parts"
    response = lab.service.handle(Request.of("POST", target, headers, body))
    assert (response.status, b"'data'" in response.body) == (400, True)


def test_the_file_expires_as_was_asked(lab):
    upload = begin(lab, b"abc", expires_after={"anchor": "created_at", "seconds": 3600})
    done = lab.client.uploads.complete(upload.id, part_ids=send(lab, upload, b"abc"))
    assert lab.client.files.retrieve(done.file.id).expires_at == int(lab.clock.now) + 3600
    lab.clock.now += 3600
    with pytest.raises(openai.NotFoundError):
        lab.client.files.retrieve(done.file.id)


def test_an_unknown_upload(lab):
    with pytest.raises(openai.NotFoundError, match="No such Upload object: upload_none"):
        lab.client.uploads.cancel("upload_none")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=40)), max_size=4))
def test_a_form_in_a_mapped_file_reads_as_one_in_memory(fields):
    lines = [
        b'--b\r\ncontent-disposition: form-data; name="%b"; filename="f"\r\n\r\n%b\r\n'
        % (name.encode(), content)
        for name, content in fields
        if b"--b" not in content
    ]
    body = b"".join([*lines, b"--b--\r\n"])
    headers = {"content-type": "multipart/form-data; boundary=b"}
    with tempfile.TemporaryFile() as stream:
        stream.write(body)
        stream.flush()
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    in_memory = multipart.parse(Request("POST", "/", headers=headers, body=body))
    in_file = multipart.parse(Request("POST", "/", headers=headers, body=mapped))
    assert {name: part.content for name, part in in_memory.items()} == {
        name: bytes(part.content) for name, part in in_file.items()
    }
