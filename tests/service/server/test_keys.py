from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.cli import main
from pitchpipe.errors import ConfigError
from pitchpipe.service.server.keys import KeyFile


def test_a_key_is_shown_once_and_stored_as_a_hash(tmp_path):
    path = tmp_path / "keys"
    keys = KeyFile(path)
    key = keys.add("ann")
    assert keys.name_of(key) == "ann"
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="'ann' has a key already"):
        keys.add("ann")


def test_keys_come_and_go_while_a_server_runs(tmp_path):
    path = tmp_path / "keys"
    first, running = KeyFile(path), KeyFile(path)
    ann, bob = first.add("ann"), first.add("bob")
    assert running.name_of(bob) == "bob"
    first.remove("bob")
    assert running.name_of(bob) is None
    assert running.name_of(ann) == "ann"
    with pytest.raises(ConfigError, match=r"no key is named 'bob'\. Known: ann"):
        first.remove("bob")


@given(st.text(min_size=1))
def test_no_other_key_is_let_in(tmp_path_factory, text):
    keys = KeyFile(tmp_path_factory.mktemp("keys") / "keys")
    key = keys.add("ann")
    assert keys.name_of(text) is None
    assert keys.name_of(key + text) is None


@pytest.mark.parametrize("name", ["", "two words", "ä b", "x" * 65, "a\nb"])
def test_names_that_would_break_the_file_are_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot name a key"):
        KeyFile(tmp_path / "keys").add(name)


@pytest.mark.parametrize("line", ["sk-secret", "ann sha256:123", "\x00"])
def test_a_line_that_is_no_key_is_named_and_not_repeated(tmp_path, line):
    path = tmp_path / "keys"
    path.write_text(f"# keys\n{line}\n")
    with pytest.raises(ConfigError, match=r"keys, line 2: expected 'NAME sha256:HASH'") as error:
        _ = KeyFile(path).keys
    assert line not in str(error.value)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="pitchpipe keys new NAME --file"):
        _ = KeyFile(tmp_path / "keys").keys


def test_the_command(tmp_path, capsys):
    path = str(tmp_path / "keys")
    assert main(["keys", "new", "ann", "--file", path]) == 0
    out, err = capsys.readouterr()
    assert KeyFile(tmp_path / "keys").name_of(out.strip()) == "ann"
    assert "cannot be shown again" in err
    assert main(["keys", "list", "--file", path, "--json"]) == 0
    assert capsys.readouterr().out == '[\n  "ann"\n]\n'
    assert main(["keys", "remove", "ann", "--file", path]) == 0
    assert main(["keys", "list", "--file", path]) == 0
    assert re.fullmatch(r"\s*", capsys.readouterr().out)
    assert main(["keys", "list", "ann", "--file", path]) == 2
    assert "give new and remove a NAME" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["keys"]
