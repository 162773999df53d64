import base64

import pytest

from pitchpipe.default_plugins.trainers.results import read_results
from pitchpipe.errors import ServiceError

CSV = b"step,train_loss,valid_loss,surprise\n1,0.5,,x\n2,0.25,0.75,y\n"


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        base64.b64encode(CSV),
        base64.b64encode(CSV) + b"\n",
        b"\r\n".join((base64.b64encode(CSV)[:20], base64.b64encode(CSV)[20:])),
    ],
)
def test_columns_are_those_of_the_header(content):
    table = read_results(content, "file-1")
    assert list(table.columns) == ["step", "train_loss", "valid_loss", "surprise"]
    assert table["train_loss"].tolist() == [0.5, 0.25]
    assert table["valid_loss"].isna().tolist() == [True, False]


def test_a_header_alone_gives_no_rows():
    assert read_results(b"step,train_loss\n", "file-1").empty


@pytest.mark.parametrize("content", [b"", b"<html>", base64.b64encode(b"hello"), b"a,b\n1,2\n"])
def test_anything_else_is_refused_by_name(content):
    with pytest.raises(ServiceError, match="file-1"):
        read_results(content, "file-1")


def test_a_ragged_table_is_refused_by_name():
    with pytest.raises(ServiceError, match="file-1: cannot be read"):
        read_results(b"step,loss\n1,2\n1,2,3,4\n", "file-1")
