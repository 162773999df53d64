"""Ids become paths in one module, in one form, and nobody can guess those of an unseeded store."""

from __future__ import annotations

import ast
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pitchpipe.service
from datafolders import calling, is_sound, serving, told
from pitchpipe.service.storage.layout import Layout
from pitchpipe.service.storage.store import Store

SERVICE = Path(pitchpipe.service.__file__).parent


def _joins(tree: ast.AST) -> Iterator[ast.expr]:
    """What is joined to something with a slash or a method of paths."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield node.right
        method = getattr(getattr(node, "func", None), "attr", "")
        if method in ("joinpath", "with_name", "with_stem", "with_segments"):
            yield from getattr(node, "args", ())
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Path":
            yield from node.args


def _is_fixed(joined: ast.expr) -> bool:
    if isinstance(joined, ast.Name):
        return joined.id.isupper()  # a constant of the module
    return isinstance(joined, ast.Constant)


def _handles_paths(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "pathlib" for node in ast.walk(tree)
    )


def test_one_module_turns_ids_into_paths() -> None:
    found = {}
    for path in SERVICE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if _handles_paths(tree) and not path.is_relative_to(SERVICE / "learners"):
            joins = [ast.unparse(each) for each in _joins(tree) if not _is_fixed(each)]
            found[path.relative_to(SERVICE).as_posix()] = joins
    assert len(found) > 8
    free = {name: joins for name, joins in found.items() if joins}
    allowed = {
        # the place of everything, where ids are checked
        "storage/layout.py": sorted(free["storage/layout.py"]),
        # the two folders as a whole, under names of their own
        "storage/blobs.py": ["f'.{kept.name}'", "kept.name", "kept.name", "target"],
        # what the operator wrote
        "offline.py": ["path"],
        "server/worker.py": ["orders.folder"],
        "server/keys.py": ["os.path.realpath(self._path)"],
        "service.py": ["tempfile.mkdtemp(prefix='pitchpipe-')"],
        "storage/orphans.py": ["f'.{folder.name}'"],
        # a number of records, divided
        "engine/runner.py": ["options.batch_size"],
    }
    assert {name: joins for name, joins in free.items() if sorted(joins) != allowed.get(name)} == {}


IDS = {
    "file": ("file-", "part_"),
    "model": ("ftckpt_",),
    "unfinished_model": ("ftckpt_",),
    "lock": ("upload_", "batch_", "ftjob-", "ft-"),
}


@given(st.sampled_from(sorted(IDS)), st.text(max_size=60), st.sampled_from(["", "\n", "/", "\0"]))
def test_only_an_id_of_its_kind_is_a_path(kind: str, text: str, end: str) -> None:
    layout = Layout(Path("/data"))
    for prefix in ("", "file-", "ftjob-", "ftckpt_", "upload_", "../", "/", "."):
        for key in (f"{prefix}{text}{end}", f"{prefix}{'a' * 24}{end}{text}"):
            prefixes = "|".join(IDS[kind])
            good = re.fullmatch(rf"({prefixes})[0-9A-Za-z]{{24}}(\.worker)?", key)
            if good and (kind == "lock" or not good[2]):
                assert getattr(layout, kind)(key).parent.parent == Path("/data")
            else:
                with pytest.raises(FileNotFoundError, match="is no id of the service"):
                    getattr(layout, kind)(key)


def test_ids_of_the_store_are_paths() -> None:
    store, layout = Store(None, None), Layout(Path("/data"))
    for kind, prefixes in IDS.items():
        for prefix in prefixes:
            key = store.new_id(prefix)
            assert getattr(layout, kind)(key).name.removeprefix(".") == key


def test_unseeded_ids_cannot_be_told_from_the_seed_that_is_shown() -> None:
    store = Store(None, None)
    assert not store.seeded
    known = Store(None, store.seed)
    assert known.seeded
    assert not {store.new_id("file-") for _ in range(50)} & {
        known.new_id("file-") for _ in range(50)
    }
    again = Store(None, store.seed)
    assert again.new_id("file-") == Store(None, store.seed).new_id("file-")


def test_two_services_on_one_folder_and_the_next_one_give_out_no_id_twice(tmp_path: Path) -> None:
    question = {
        "model": "gpt-4o-mini-2024-07-18",
        "messages": [{"role": "user", "content": "x"}],
        "store": True,
    }
    ids: list[str] = []
    for _ in range(2):
        with calling(tmp_path) as one, calling(tmp_path) as two:
            for caller in (one, two, one, two):
                ids.append(told(caller.upload())["id"])
                ids.append(caller.create_job())
                ids.append(caller.call("POST", "chat/completions", question)["id"])
    assert len(set(ids)) == len(ids)
    with calling(tmp_path) as caller:
        assert len(caller.call("GET", "chat/completions?limit=100")["data"]) == 8


def test_a_seed_gives_the_same_ids_in_every_folder(tmp_path: Path) -> None:
    stories = []
    for name in ("one", "two"):
        with calling(tmp_path / name, seed=7) as caller:
            stories.append((caller.create_job(), caller.create_job()))
    assert stories[0] == stories[1]
    with calling(tmp_path / "three") as caller:
        assert not set(stories[0]) & {caller.create_job(), caller.create_job()}


def test_files_of_the_database_are_out_of_reach(tmp_path: Path) -> None:
    """Two servers on one folder stay apart while a client names the files of their database."""
    folder = tmp_path / "data"
    names = [f"../service.sqlite3{end}" for end in ("", "-wal", "-shm")]
    body = json.dumps(
        {"filename": "x", "purpose": "fine-tune", "bytes": 5, "mime_type": "a/b"}
    ).encode()
    kind = {"content-type": "application/json"}
    made: list[str] = []
    stop = threading.Event()
    with serving(folder) as one, serving(folder) as two, ThreadPoolExecutor(4) as pool:

        def attack(server: object) -> set[int]:
            seen = set()
            while not stop.is_set():
                for name in names:
                    for end in ("cancel", "complete", "parts"):
                        path = f"/v1/uploads/{quote(name, safe='')}/{end}"
                        seen.add(server.request("POST", path, b"{}", kind)[0])  # type: ignore[attr-defined]
            return seen

        def create(server: object) -> list[str]:
            answers = [
                server.request("POST", "/v1/uploads", body, kind)  # type: ignore[attr-defined]
                for _ in range(150)
            ]
            assert {status for status, _, _ in answers} == {200}
            return [json.loads(content)["id"] for _, _, content in answers]

        attacks = [pool.submit(attack, server) for server in (one, two)]
        creations = [pool.submit(create, server) for server in (one, two)]
        try:
            for creation in creations:
                made += creation.result()
        finally:
            stop.set()
        for refused in attacks:
            assert refused.result() <= {400, 404}
    assert len(set(made)) == len(made) == 300
    assert is_sound(folder / "service.sqlite3")
    with calling(folder) as caller:
        assert set(made) <= caller.service.store.ids("upload")
