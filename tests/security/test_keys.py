"""A file of keys lets in whoever is in it, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from datafolders import serving
from pitchpipe.errors import ConfigError
from pitchpipe.service.http import ApiError
from pitchpipe.service.server.keys import KeyFile


def command(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pitchpipe", "keys", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_keys_that_are_made_and_removed_at_once_are_all_made_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    before = KeyFile(path)
    for number in range(3):
        before.add(f"old{number}")
    makers = [command("new", f"new{number}", "--file", str(path)) for number in range(4)]
    removers = [command("remove", f"old{number}", "--file", str(path)) for number in range(3)]
    made = [process.communicate()[0].strip() for process in makers]
    for process in removers:
        process.communicate()
    assert [process.returncode for process in makers + removers] == [0] * 7
    after = KeyFile(path)
    assert sorted(key.name for key in after.keys) == [f"new{number}" for number in range(4)]
    assert [after.name_of(key) for key in made] == [f"new{number}" for number in range(4)]
    assert os.listdir(tmp_path) == ["keys"]


def test_threads_lose_no_key_either(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda n: KeyFile(tmp_path / "k").add(f"n{n}"), range(40)))
    assert [KeyFile(tmp_path / "k").name_of(key) for key in keys] == [f"n{n}" for n in range(40)]


def test_a_removed_key_is_out_whatever_the_time_stamp_and_size(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    editor, running = KeyFile(path), KeyFile(path)
    key = editor.add("ann")
    assert running.name_of(key) == "ann"
    before = path.stat()
    # as long, as old, in the same place of the disk
    content = path.read_text().replace("ann sha256:", "ann sha256:"[:11])
    digest = content.split("sha256:")[1].strip()
    path.write_text(content.replace(digest, digest[::-1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    assert running.name_of(key) is None


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "torn": _torn,
    "binary": lambda path: path.write_bytes(os.urandom(300)),
    "another hash": lambda path: path.write_text(path.read_text().replace("sha256:", "md5:")),
    "a field more": lambda path: path.write_text(path.read_text().rstrip() + " admin\n"),
    "UTF-16": lambda path: path.write_text(path.read_text(), "utf-16"),
    "NUL": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "huge": lambda path: path.write_bytes(b"#" * (2 << 20)),
    "a folder": _folder,
    "a pipe": _pipe,
    "a loop": _loop,
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "keys"
    running = KeyFile(path)
    key = running.add("ann")
    content = path.read_bytes()
    assert running.name_of(key) == "ann"
    DAMAGES[damage](path)
    for _ in range(2):
        with pytest.raises(ApiError) as refused:
            running.name_of(key)
        assert refused.value.status == 503
    with pytest.raises(ConfigError, match=r"keys(, line \d+)?: .*(copy|pitchpipe keys new)"):
        _ = KeyFile(path).keys
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    assert running.name_of(key) == "ann"


def test_no_descriptor_is_lost_to_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.mkdir()
    running = KeyFile(path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(ApiError):
            running.name_of("x")
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_emptied_file_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    running = KeyFile(path)
    key = running.add("ann")
    path.write_bytes(b"")
    assert running.name_of(key) is None


@pytest.mark.parametrize("damage", ["torn", "binary", "a folder", "a pipe", "deleted", "empty"])
def test_a_server_does_not_start_on_a_damaged_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "keys"
    KeyFile(path).add("ann")
    if damage == "empty":
        path.write_bytes(b"")
    else:
        DAMAGES[damage](path)
    words = ["serve", "--port", "0", "--api-key-file", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "pitchpipe", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr


def test_a_server_answers_every_key_and_lets_nobody_in_once_its_file_is_damaged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys"
    key = KeyFile(path).add("ann")

    def status(value: bytes) -> int:
        headers = {"authorization": f"Bearer {value.decode('latin-1')}"}
        return server.request("GET", "/v1/models", headers=headers)[0]

    with serving(tmp_path / "data", "--api-key-file", str(path)) as server:
        assert status(key.encode()) == 200
        for wrong in (b"\xe9\xff", "schlüssel".encode(), b"\x80" * 1000, b"pp-" + b"x" * 43, b""):
            assert status(wrong) == 401
        _torn(path)
        code, _, body = server.request(
            "GET", "/v1/models", headers={"authorization": f"Bearer {key}"}
        )
        assert code == 503
        assert json.loads(body)["error"]["code"] == "keys_unreadable"
        path.unlink()
        assert status(key.encode()) == 503
        assert server.request("GET", "/metrics")[0] in (401, 503)
        assert server.request("GET", "/healthz")[0] == 200
        KeyFile(path).add("bob")
        assert status(key.encode()) == 401
        _, log = server.end()
    assert log.count("nobody is let in") == 2
    assert "Traceback" not in log


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_a_file_of_keys_is_closed_from_the_beginning(tmp_path: Path, umask: int) -> None:
    seen: set[int] = set()
    path = tmp_path / "keys"
    replace = os.replace

    def watch(source: Path, target: Path) -> None:
        seen.add(Path(source).stat().st_mode & 0o777)
        replace(source, target)

    before = os.umask(umask)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("os.replace", watch)
            KeyFile(path).add("ann")
            KeyFile(path).add("bob")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert seen == {0o600}


NAMES = ["a\nb", "a\tb", "a b", "#a", "-a", "--json", "a\x1b[1m", "a\x00", "", " ", "x" * 65, "a/b"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_would_mislead_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "keys"
    with pytest.raises(ConfigError, match="cannot name a key") as refused:
        KeyFile(path).add(name)
    assert name not in ("a\nb", "a\x1b[1m") or name not in str(refused.value)
    assert not path.exists()


@pytest.mark.parametrize("name", ["ann", "ä", "Ann.B@example-1", "名前"])
def test_names_in_any_script_are_taken(tmp_path: Path, name: str) -> None:
    keys = KeyFile(tmp_path / "keys")
    key = keys.add(name)
    assert keys.name_of(key) == name
    keys.remove(name)
    assert keys.name_of(key) is None


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "keys"
    link.symlink_to(tmp_path / "real" / "keys")
    key = KeyFile(link).add("ann")
    assert link.is_symlink()
    assert KeyFile(tmp_path / "real" / "keys").name_of(key) == "ann"
    KeyFile(link).add("bob")
    assert link.is_symlink()
