from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.hosted.paths import MAX_NAME, folder_name

IDS = st.text(max_size=200) | st.text("./\\%~:\0ab", max_size=12)


@pytest.mark.parametrize("plain", ["file-AbC123", "ftjob-x_1", "batch_67.a", "gpt-4o-mini"])
def test_the_ids_of_the_api_stay_as_they_are(plain):
    assert folder_name(plain) == plain


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ft:gpt-4o:org::id", "ft%3Agpt-4o%3Aorg%3A%3Aid"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
        ("..", "%2E."),
        (".lock", "%2Elock"),
        ("", "%"),
        ("é", "%C3%A9"),
    ],
)
def test_other_signs_are_escaped(text, name):
    assert folder_name(text) == name


@given(IDS)
def test_no_id_leads_out_of_its_folder(text):
    name = folder_name(text)
    assert 0 < len(name) <= MAX_NAME
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith(".")
    assert PurePosixPath("files", name).parts == ("files", name)


@given(IDS, IDS)
def test_two_ids_have_two_names(one, other):
    assert (folder_name(one) == folder_name(other)) == (one == other)


def test_long_ids_that_begin_alike_have_two_names():
    assert folder_name("a" * 500) != folder_name("a" * 501)
