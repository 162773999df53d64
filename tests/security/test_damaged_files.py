"""Files of a user that were damaged, or hold something else: a named error, or they still do.

That is a file of keys, a configuration, a cassette, and every file of a finished run. Damaged
tables are in ``tests/pipeline/test_fuzz.py``.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import json_text
from fuzzing.budget import fuzz
from fuzzing.damage import damage
from fuzzing.target import Target
from fuzzing.wire import request
from pitchpipe.cli import main
from pitchpipe.errors import PitchpipeError
from pitchpipe.service.http import ApiError
from pitchpipe.service.server.keys import KeyFile

FOREIGN = st.sampled_from(
    [
        *(
            b"",
            b"\n",
            b"\0" * 100,
            b"\xff\xfe\0\0",
            b"PAR1",
            b"PK\x03\x04",
            b"SQLite format 3\0" + b"\0" * 90,
        ),
        *(
            b"null",
            b"[]",
            b"{}",
            b'""',
            b"1",
            b"[[]]",
            b'{"a": 1}',
            b"NaN",
            b"a = 1\n",
            b"[a]\n",
            b"a: b\n",
        ),
        *(
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"a=" + b"[" * 100_000,
            b"- " * 20_000,
            b"&a [*a]",
            b"a.b.c.d=1",
        ),
        *(
            b"!!python/object/apply:os.system [id]",
            b"a" * 1_000_000,
            b"9" * 10_000,
            b"\xef\xbb\xbf{}",
        ),
    ]
)


def contents(good: bytes) -> st.SearchStrategy[bytes]:
    """What a damaged file may hold in place of what is good."""
    return st.one_of(damage(good), damage(good), FOREIGN, st.binary(max_size=60))


def check(*words: str) -> tuple[int, str]:
    """Runs a command; whatever it meets, it does it, or says in one line why not."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(words)
    told = said.getvalue()
    assert code in (0, 1, 2), told
    assert "This is a fault of Pitchpipe" not in told, told
    assert "Traceback" not in told, told
    assert code == 0 or "pitchpipe: error: " in told, told
    return code, told


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- keys -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key_lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("keys") / "keys"
    for name in ("ann", "bob"):
        KeyFile(path).add(name)
    return path.read_bytes()


NAMES = st.one_of(
    st.sampled_from(
        ["ann", "bob", "-rf", "--file", "#x", "a b", "a\nb sha256:" + "0" * 64, "\t", ""]
    ),
    st.sampled_from([text for text in json_text.TEXTS if len(text) < 5000]),
    st.text(max_size=70),
)


@fuzz(60)
@given(st.data(), NAMES)
def test_a_file_of_keys(key_lines: bytes, data: st.DataObject, name: str) -> None:
    path = Path("keys")
    path.write_bytes(data.draw(contents(key_lines)))
    given_name = name if not name.startswith("-") else f"./{name}"
    for words in (("list",), ("new", given_name), ("remove", given_name), ("list",)):
        before = path.read_bytes()
        code, _ = check("keys", *words, "--file", str(path))
        assert code == 0 or path.read_bytes() == before
    path.unlink()


@fuzz(40)
@given(st.data(), st.sampled_from(["", "pp-", "pp-\xe4", "\u20ac", "\0", "a" * 70_000]) | st.text())
def test_nobody_comes_in_by_a_damaged_file_of_keys(
    key_lines: bytes, data: st.DataObject, key: str
) -> None:
    Path("keys").write_bytes(data.draw(contents(key_lines)))
    with contextlib.suppress(ApiError):
        assert KeyFile(Path("keys")).name_of(key) is None


@fuzz(12, cost=10)
@given(st.data())
def test_a_file_of_keys_that_is_damaged_while_it_is_used(
    locked: Target, data: st.DataObject
) -> None:
    good = locked.key_file.read_bytes()
    content = data.draw(contents(good))
    asked = request("GET", "/v1/models", key=locked.key)
    try:
        locked.key_file.write_bytes(content)
        intruder = locked.send(request("GET", "/v1/models", key="pp-wrong"))
        owner = locked.send(asked)
    finally:
        locked.key_file.write_bytes(good)
    # the owner comes in where the line of the key is whole
    assert intruder.status in (401, 503), intruder
    assert owner.status in (200, 401, 503), owner
    (after,) = locked.attack(asked)
    assert after.status == 200


@pytest.fixture(scope="module")
def locked() -> Iterator[Target]:
    with Target(key_file=True) as target:
        yield target


# --- configuration --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def configuration() -> bytes:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["config", "show"]) == 0
    return said.getvalue().encode()


TOML_VALUES = st.one_of(
    st.sampled_from(
        [b"nan", b"inf", b"-inf", b"1979-05-27", b"07:32:00", b"[]", b"{}", b'""', b"true"]
    ),
    st.sampled_from(
        [b"9" * 400, b"9" * 5000, b"0x" + b"f" * 3000, b"1e999", b"-1", b"0", b"1.5", b"'..'"]
    ),
    st.sampled_from(
        [b'"\\u0000"', b'"\\uD800"', b"[" * 3000, b"{a=" * 3000, b'"' + b"a" * 100_000 + b'"']
    ),
)


@st.composite
def configurations(draw: st.DrawFn, good: bytes) -> bytes:
    """A configuration with another value for some keys, or one that is damaged."""
    lines = good.splitlines()
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        name, sign, _ = lines[at].partition(b" = ")
        lines[at] = name + sign + draw(TOML_VALUES) if sign else lines[at]
    whole = b"\n".join(lines)
    return draw(st.one_of(st.just(whole), contents(whole)))


@fuzz(40, cost=3)
@given(st.data(), st.sampled_from(["pitchpipe.toml", "pyproject.toml"]))
def test_a_configuration(configuration: bytes, data: st.DataObject, name: str) -> None:
    content = data.draw(configurations(configuration))
    if name == "pyproject.toml":
        content = content.replace(b"\n[", b"\n[tool.pitchpipe.")
    Path(name).write_bytes(content)
    for words in (
        ("config", "show"),
        ("rules",),
        ("run", "--sample", "--config", name, "--run-dir"),
    ):
        # a folder that cannot be made: the run ends before it costs anything
        check(*words, *(["/dev/null/x"] if words[-1] == "--run-dir" else []))
    Path(name).unlink()


@fuzz(40)
@given(st.data())
def test_a_setting(configuration: bytes, data: st.DataObject) -> None:
    """One key of the configuration on the command line."""
    name = data.draw(
        st.sampled_from([line for line in configuration.splitlines() if b" = " in line])
    )
    sections = [line.strip(b"[]") for line in configuration.splitlines() if line.startswith(b"[")]
    key = b".".join([data.draw(st.sampled_from(sections)), name.partition(b" ")[0]])
    value = data.draw(st.one_of(TOML_VALUES, json_text.values, FOREIGN))
    check("config", "show", "--set", f"{key.decode()}={value.decode('utf-8', 'surrogateescape')}")


# --- cassettes ------------------------------------------------------------------------------------


@fuzz(15, cost=3)
@given(st.data())
def test_a_cassette(cassette_bytes: bytes, data: st.DataObject) -> None:
    """What is played from it is refused by name, or it is as it was."""
    from pitchpipe.testing.cassettes import find_secrets, recorder

    Path("x.yaml").write_bytes(data.draw(contents(cassette_bytes)))
    with (
        contextlib.suppress(PitchpipeError),
        recorder(Path.cwd()).use_cassette("x.yaml") as cassette,
    ):
        assert len(cassette) >= 0
    list(find_secrets(Path("x.yaml").read_text("utf-8", "replace")))


@pytest.fixture(scope="module")
def cassette_bytes() -> bytes:
    lines = (Path(__file__).parents[2] / "cassettes" / "busy.yaml").read_bytes().splitlines(True)
    return b"".join(lines[:120])


# --- run folders ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, the service's own folder, and a finished run of 24 rows."""
    folder = tmp_path_factory.mktemp("finished")
    rows = "".join(f"{n} good,pos\n{n} bad,neg\n" for n in range(24))
    (folder / "table.csv").write_text(f"prompt,completion\n{rows}")
    with contextlib.chdir(folder):
        assert check("run", "table.csv", "--run-dir", "run", "--n-epochs", "1")[0] == 0
    return folder


@pytest.fixture
def damaged_copy(finished: Path, tmp_path: Path) -> Callable[[Path, bytes | None], Path]:
    """Copies the finished run with one file changed, or gone."""

    def make(file: Path, content: bytes | None) -> Path:
        copy = tmp_path / "copy"
        if copy.exists():
            shutil.rmtree(copy)
        shutil.copytree(finished, copy)
        if content is None:
            (copy / file).unlink()
        else:
            (copy / file).write_bytes(content)
        return copy

    return make


def commands() -> Any:
    return st.sampled_from(
        [
            ("run", "table.csv", "--run-dir", "run", "--n-epochs", "1"),
            ("score", "run/predictions.jsonl"),
            ("predict", "table.csv", "--run-dir", "run", "--out", "out.jsonl"),
            ("train", "run/prepared/train.jsonl", "--n-epochs", "1"),
            ("jobs",),
            ("follow", "ftjob-none"),
        ]
    )


@fuzz(30, cost=10)
@given(st.data(), commands())
def test_a_run_folder(
    finished: Path,
    damaged_copy: Callable[[Path, bytes | None], Path],
    data: st.DataObject,
    words: tuple[str, ...],
) -> None:
    run_files = [path for path in (finished / "run").rglob("*") if path.is_file()]
    service_files = [path for path in (finished / ".pitchpipe").rglob("*") if path.is_file()]
    paths = sorted(path.relative_to(finished) for path in (*run_files, *run_files, *service_files))
    file = data.draw(st.sampled_from(paths))
    good = (finished / file).read_bytes()
    copy = damaged_copy(file, data.draw(st.none() | contents(good)))
    with contextlib.chdir(copy):
        check(*words)
