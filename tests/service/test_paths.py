"""What a client writes where an id belongs names no file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.http import Request
from pitchpipe.service.service import Service
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.layout import Layout

ROUTES = (
    ("GET", "files/{}"),
    ("GET", "files/{}/content"),
    ("DELETE", "files/{}"),
    ("POST", "uploads/{}/parts"),
    ("POST", "uploads/{}/complete"),
    ("POST", "uploads/{}/cancel"),
    ("GET", "fine_tuning/jobs/{}"),
    ("GET", "fine_tuning/jobs/{}/events"),
    ("GET", "fine_tuning/jobs/{}/checkpoints"),
    ("POST", "fine_tuning/jobs/{}/cancel"),
    ("POST", "fine_tuning/jobs/{}/pause"),
    ("POST", "fine_tuning/jobs/{}/resume"),
    ("GET", "batches/{}"),
    ("POST", "batches/{}/cancel"),
    ("GET", "models/{}"),
    ("DELETE", "models/{}"),
    ("GET", "fine-tunes/{}"),
    ("POST", "fine-tunes/{}/cancel"),
)
IDS = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        [
            "..",
            "../../planted",
            "/planted",
            "a\0b",
            "a" * 300,
            ".work",
            "open",
            "~",
            "C:\\x",
            "%2e%2e",
        ]
    ),
    st.builds(
        "{}/{}".format, st.sampled_from(["..", "../..", "locks", "."]), st.text("ab.", min_size=1)
    ),
)


def _paths(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_no_id_of_a_client_makes_a_file(tmp_path: Path) -> None:
    service = Service(tmp_path / "outer" / "data")
    # whatever is opened at the first request is there before
    service.handle(Request("POST", "/v1/uploads/upload_unknown/cancel"))
    before = _paths(tmp_path)

    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(ROUTES), IDS)
    def check(route: tuple[str, str], written: str) -> None:
        method, template = route
        path = f"/v1/{template.format(quote(written, safe='', errors='replace'))}"
        answer = service.handle(Request(method, path, body=b"{}"))
        assert 400 <= answer.status < 500
        assert _paths(tmp_path) == before

    check()
    service.close()


@pytest.mark.parametrize(
    "key", ["..", "../x", "/x", "a/b", "a\0", "a" * 201, "", ".work", " a", "a\n"]
)
def test_what_is_no_id_is_kept_nowhere(tmp_path: Path, key: str) -> None:
    layout = Layout(tmp_path / "blobs")
    layout.make()
    blobs = Blobs(layout)
    before = _paths(tmp_path)
    attempts = (
        lambda: blobs.write(key, b"x"),
        lambda: blobs.read(key),
        lambda: next(blobs.pieces(key)),
        lambda: blobs.drop(key),
        lambda: blobs.model(key),
        lambda: blobs.save_model(key, lambda _: None),
        lambda: blobs.claim(key).__enter__(),
    )
    for attempt in attempts:
        with pytest.raises(FileNotFoundError, match="is no id of the service"):
            attempt()
    assert _paths(tmp_path) == before
