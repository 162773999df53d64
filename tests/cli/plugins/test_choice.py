from pathlib import Path

import pytest


@pytest.fixture
def chosen(cli):
    """The plugins' part of the resolved configuration."""

    def show(*flags):
        return cli("config", "show", "--json", *flags).json["plugins"]

    return show


def test_what_is_allowed_is_said_by_flags_then_environment_then_configuration(chosen, monkeypatch):
    assert "allow" not in chosen()
    Path("pitchpipe.toml").write_text('[plugins]\nallow = ["log"]\n', encoding="utf-8")
    assert chosen()["allow"] == ["log"]
    monkeypatch.setenv("PITCHPIPE_PLUGINS_ALLOW", "journal,engines")
    assert chosen()["allow"] == ["journal", "engines"]
    flags = ("--allow-plugin", "learners", "--allow-plugin", "splitters")
    assert chosen(*flags)["allow"] == ["learners", "splitters"]
    monkeypatch.setenv("PITCHPIPE_PLUGINS_ALLOW", "")
    assert chosen()["allow"] == ["log"]


def test_what_is_blocked_adds_up(chosen, monkeypatch):
    Path("pitchpipe.toml").write_text('[plugins]\nblock = ["log"]\n', encoding="utf-8")
    monkeypatch.setenv("PITCHPIPE_PLUGINS_BLOCK", "journal, log")
    assert chosen("--block-plugin", "engines")["block"] == ["log", "journal", "engines"]


@pytest.mark.parametrize(
    ("configured", "variable", "flags", "strict"),
    [
        (False, "", (), False),
        (True, "", (), True),
        (True, "0", (), False),
        (False, "True", (), True),
        (False, "0", ("--strict-plugins",), True),
    ],
)
def test_strictness(chosen, monkeypatch, configured, variable, flags, strict):
    text = f"[plugins]\nstrict = {str(configured).lower()}\n"
    Path("pitchpipe.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PITCHPIPE_PLUGINS_STRICT", variable)
    assert chosen(*flags)["strict"] is strict


def test_a_switch_takes_few_words(cli, monkeypatch):
    monkeypatch.setenv("PITCHPIPE_PLUGINS_STRICT", "perhaps")
    result = cli("plugins", "list")
    assert result.code == 2
    assert "PITCHPIPE_PLUGINS_STRICT='perhaps': expected one of 1, true, 0, false." in result.err


def test_a_strict_run_does_not_begin(cli, installed, reviews):
    installed("raise RuntimeError('no licence')")
    for words in (("run", reviews), ("rules",), ("plugins", "list"), ("serve", "--learner", "x")):
        result = cli(*words, "--strict-plugins")
        assert result.code == 2, words
        assert "plugin 'extra' of pipe-extra 1.2: RuntimeError: no licence" in result.err
    assert not Path("runs").exists()
    assert cli("plugins", "list", "--strict-plugins", "--block-plugin", "extra").code == 0


def test_a_server_does_not_load_what_is_not_allowed(cli, installed):
    installed("raise RuntimeError('loaded')")
    for flags in (("--block-plugin", "extra"), ("--allow-plugin", "pitchpipe")):
        result = cli("serve", "--learner", "absent", *flags)
        assert "unknown learner 'absent'" in result.err
        assert "loaded" not in result.err
