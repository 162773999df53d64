"""A blocked plugin is never imported, whatever the command; a name of nothing is refused."""

from pathlib import Path

import pytest

LOADED = "from pathlib import Path\nPath('loaded').touch()\nraise RuntimeError('loaded')\n"

COMMANDS = (
    ("run", "reviews.csv"),
    ("sweep", "reviews.csv", "--examples", "12", "--epochs", "1", "--out-dir", "s", "--dry-run"),
    ("prepare", "reviews.csv", "--dry-run"),
    ("train", "absent.jsonl"),
    ("follow", "ftjob-absent"),
    ("predict", "reviews.csv", "--model", "absent"),
    ("score", "absent.jsonl"),
    ("export", "absent", "--out", "exported"),
    ("jobs",),
    ("cancel", "ftjob-absent"),
    ("pause", "ftjob-absent"),
    ("resume", "ftjob-absent"),
    ("serve", "--learner", "absent", "--port", "0"),
    ("rules",),
    ("rules", "label-noise"),
    ("plugins", "list"),
    ("plugins", "info", "extra"),
    ("plugins", "info", "random"),
    ("plugins", "check", "extra"),
    ("plugins", "check", "Pipe_Extra"),
    ("plugins", "check", "pipe_extra"),
    ("plugins", "check", "pipe_extra.absent"),
    ("plugins", "check", "pipe_extra.py"),
    ("plugins", "doctor"),
    ("plugins", "new", "splitter", "made"),
    ("config", "show"),
    ("config", "init"),
)
ALONE = [words for words in COMMANDS if words[:2] != ("config", "init")]
"""The commands that read a configuration."""


@pytest.fixture
def extra(installed, reviews):
    installed(LOADED)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", ["extra", "pipe-extra", "Pipe.Extra"])
@pytest.mark.usefixtures("extra")
def test_a_blocked_plugin_is_not_imported(cli, words, name):
    told = cli(*words, "--block-plugin", name)
    assert not Path("loaded").exists()
    assert "unknown plugin" not in told.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.usefixtures("extra")
def test_a_plugin_that_is_not_allowed_is_not_imported(cli, words, monkeypatch):
    monkeypatch.setenv("PITCHPIPE_PLUGINS_ALLOW", "pitchpipe")
    cli(*words)
    assert not Path("loaded").exists()


@pytest.mark.parametrize("words", ALONE, ids=" ".join)
@pytest.mark.usefixtures("extra")
def test_what_the_configuration_blocks_is_not_imported(cli, words):
    Path("pitchpipe.toml").write_text('[plugins]\nblock = ["pipe_extra"]\n', encoding="utf-8")
    cli(*words)
    assert not Path("loaded").exists()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--block-plugin", "--allow-plugin"])
@pytest.mark.usefixtures("extra")
def test_a_name_that_matches_nothing_is_refused(cli, words, flag):
    told = cli(*words, flag, "EXTRA")
    assert told.code == 2
    assert (
        f"{flag}: unknown plugin or distribution 'EXTRA'. Did you mean 'extra'? Known:" in told.err
    )
    assert "pipe-extra" in told.err
    assert not Path("loaded").exists()
    assert not Path("made").exists()
    assert not Path("pitchpipe.toml").exists()


@pytest.mark.parametrize("name", ["extr", "pipe extra", "extra:extra", "label-noise", "nonsense"])
@pytest.mark.usefixtures("extra")
def test_whatever_has_the_name_is_said(cli, name, monkeypatch):
    told = cli("rules", "--block-plugin", name)
    assert (told.code, f"--block-plugin: unknown plugin or distribution {name!r}." in told.err) == (
        2,
        True,
    )
    for variable in ("PITCHPIPE_PLUGINS_BLOCK", "PITCHPIPE_PLUGINS_ALLOW"):
        with monkeypatch.context() as context:
            context.setenv(variable, f"extra,{name}")
            told = cli("rules")
        assert f"{variable}: unknown plugin or distribution {name!r}." in told.err
    for key in ("block", "allow"):
        text = f'[plugins]\n{key} = ["extra", "{name}"]\n'
        Path("pitchpipe.toml").write_text(text, encoding="utf-8")
        told = cli("rules")
        assert f"plugins.{key} of the configuration: unknown plugin or dis" in told.err
    assert not Path("loaded").exists()


@pytest.mark.usefixtures("extra")
def test_a_check_says_what_blocks(cli):
    told = cli("plugins", "check", "pipe_extra", "--block-plugin", "Pipe.Extra")
    assert told.code == 2
    assert "plugin 'extra' of pipe-extra 1.2 is blocked, by --block-plugin." in told.err


@pytest.mark.usefixtures("extra")
def test_a_default_plugin_can_be_blocked_by_its_name(cli):
    assert "random" not in cli("plugins", "list", "--block-plugin", "splitters").out
