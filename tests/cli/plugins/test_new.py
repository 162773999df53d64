from pathlib import Path


def test_files_are_named(cli):
    result = cli("plugins", "new", "splitter", "steady-split")
    assert result.code == 0
    assert "steady-split/src/steady_split/plugin.py" in result.out.splitlines()
    assert "next: cd steady-split && " in result.err
    assert cli("plugins", "check", "steady-split").code == 0


def test_another_folder_and_json(cli):
    found = cli("plugins", "new", "observer", "run-table", "--out", "here", "--json").json
    assert found["folder"] == "here"
    assert all(Path(file).is_file() for file in found["files"])


def test_what_cannot_be_made(cli):
    for words, message in (
        (("observr", "x1"), "unknown kind 'observr'. Did you mean 'observer'?"),
        (("observer", "a b"), "'a b' is not the name of a distribution"),
        (("observer",), "new takes KIND NAME: pitchpipe plugins new KIND NAME"),
    ):
        result = cli("plugins", "new", *words)
        assert result.code == 2
        assert message in result.err
    assert not list(Path().iterdir())
