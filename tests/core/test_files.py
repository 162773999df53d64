from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.files import WriteError, atomic, to_json, write_json

RunPython = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    return path


def unchanged(path: Path) -> bool:
    return path.read_text(encoding="utf-8") == "old" and list(path.parent.iterdir()) == [path]


def test_the_name_is_given_when_all_is_written(old: Path) -> None:
    with atomic(old) as stream:
        stream.write("néw\n")
        stream.flush()
        assert old.read_text(encoding="utf-8") == "old"
    assert old.read_bytes() == "néw\n".encode()
    assert list(old.parent.iterdir()) == [old]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "out.bin"
    with atomic(path, "wb") as stream:
        stream.write(b"\r\n")
    assert path.read_bytes() == b"\r\n"


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt()])
def test_an_interrupted_block_leaves_what_was(old: Path, error: BaseException) -> None:
    def write() -> None:
        with atomic(old) as stream:
            stream.write("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert unchanged(old)


def test_trouble_with_another_file_stays_its_own(old: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic(old):
        (tmp_path / "missing").read_text(encoding="utf-8")
    assert unchanged(old)


def test_a_full_disk_leaves_what_was(old: Path, run_python: RunPython) -> None:
    done = run_python(
        """
        import resource, sys
        from pathlib import Path
        from pitchpipe.files import WriteError, atomic

        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with atomic(Path(sys.argv[1])) as stream:
                for _ in range(100_000):
                    stream.write("x" * 100)
        except WriteError as error:
            print(error)
        """,
        old,
    )
    assert done.stdout.startswith(f"{old}: cannot be written: "), done.stderr
    assert "free some space" in done.stdout
    assert unchanged(old)


def test_an_unwritable_folder_leaves_what_was(unwritable: Path) -> None:
    path = unwritable / "old.txt"
    with pytest.raises(WriteError, match=r"old\.txt: cannot be written: Permission denied"):
        write_json(path, 1)
    with pytest.raises(WriteError, match="Permission denied"):
        write_json(unwritable / "new" / "x.json", 1)
    assert unchanged(path)


def test_a_file_in_the_place_of_a_folder(old: Path) -> None:
    with pytest.raises(WriteError, match=r"x\.json: cannot be written: "), atomic(old / "x.json"):
        pass
    assert unchanged(old)


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(WriteError, match="is not a file and is left alone"):
            write_json(path, 1)
    assert pipe.is_fifo()


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("\N{MUSICAL NOTE}" * 63)
    write_json(path, [])
    assert path.read_text(encoding="utf-8") == "[]\n"
    with pytest.raises(WriteError, match="cannot be written: File name too long"):
        write_json(tmp_path / ("x" * 300), [])


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
    | st.sampled_from(["\ud800", "a\udfffb", "\\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON, st.sampled_from([None, 2]))
def test_every_value_is_read_back_as_it_was(value: Any, indent: int | None) -> None:
    content = to_json(value, indent)
    assert json.loads(content.decode("utf-8")) == value
    assert indent or len(io.BytesIO(content).readlines()) <= 1


def test_json_is_legible_and_holds_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"word": "größer"})
    assert path.read_text(encoding="utf-8") == '{\n  "word": "größer"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, float("nan"))
    assert json.loads(path.read_text(encoding="utf-8")) == {"word": "größer"}
