from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.errors import UnknownNameError, UsageError
from pitchpipe.files import WriteError
from pitchpipe.scaffold import KINDS, Names, create


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_is_whole(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "made"
    files = create(kind, "My.Own_plugin", folder)
    assert [str(file.relative_to(folder)) for file in files] == [
        "README.md",
        "pyproject.toml",
        "src/my_own_plugin/__init__.py",
        "src/my_own_plugin/plugin.py",
        "src/my_own_plugin/py.typed",
        "tests/test_my_own_plugin.py",
        "tox.ini",
    ]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "My.Own_plugin"
    [(name, target)] = project["entry-points"]["pitchpipe"].items()
    assert name == "my-own-plugin"
    assert target.startswith("my_own_plugin.plugin")
    assert not any("$" in file.read_text("utf-8") for file in files)
    assert list(tmp_path.iterdir()) == [folder], "nothing unfinished is left"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is not the name of a distribution"),
        ("-x", "is not the name of a distribution"),
        ("x.", "is not the name of a distribution"),
        ("grün", "is not the name of a distribution"),
        ("a/b", "is not the name of a distribution"),
        ("x" * 51, "up to 50 ASCII letters"),
        ("1st", "imported as '1st', which Python cannot"),
        ("Class", "imported as 'class', which Python cannot"),
        ("json", "which is taken; choose another name, such as pitchpipe-json"),
        ("Pitchpipe", "which is taken"),
    ],
)
def test_names_that_nobody_could_use(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        create("splitter", name, tmp_path / "made")
    assert not list(tmp_path.iterdir())


@given(st.text(max_size=60))
def test_a_name_is_refused_or_can_be_imported(name: str) -> None:
    try:
        names = Names(name)
    except UsageError:
        return
    assert names.module.isidentifier()
    assert names.stage == names.stage.lower()


def test_an_unknown_kind_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'splitter'"):
        create("spliter", "mine", tmp_path / "made")


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "old.txt"):
        with pytest.raises(UsageError, match="is there already and not empty"):
            create("splitter", "mine", folder)
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert create("splitter", "mine", tmp_path)
    assert (tmp_path / "pyproject.toml").is_file()


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WriteError, match="made"):
        create("splitter", "mine", tmp_path / "file" / "made")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(WriteError, match="No space left"):
        create("splitter", "mine", tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "nothing half-written is left"
