import pytest


def test_list_has_every_kind(cli):
    lines = cli("plugins", "list").out.splitlines()
    assert lines[0].split() == ["kind", "name", "provider", "version", "summary"]
    kinds = {line.split()[0] for line in lines[1:]}
    assert {"formatter", "validator", "splitter", "trainer", "predictor", "engine"} <= kinds
    assert "observer" in kinds


def test_list_as_json(cli):
    found = cli("plugins", "list", "--json").json
    assert found["failures"] == []
    names = {(row["kind"], row["name"]) for row in found["plugins"]}
    assert {("trainer", "fake"), ("splitter", "group"), ("observer", "log")} <= names


def test_a_blocked_plugin_is_not_there(cli):
    assert "observer   log" in cli("plugins", "list").out
    assert "observer   log" not in cli("plugins", "list", "--block-plugin", "log").out


def test_info_shows_options_with_defaults_and_documentation(cli):
    shown = cli("plugins", "info", "group").out
    assert "kind      splitter" in shown
    assert "provider  pitchpipe" in shown
    assert "  seed: int, default 42\n      " in shown


def test_info_shows_what_a_stage_says_of_itself(cli):
    shown = cli("plugins", "info", "random").out
    assert "promises  deterministic, keeps_prompts, leaves_training\n" in shown
    [learner] = cli("plugins", "info", "ngram", "--json").json
    assert learner["capabilities"]["methods"] == ["supervised", "dpo", "reinforcement"]
    assert "formats completion, chat, preference" in cli("plugins", "info", "ngram").out


def test_info_of_a_plugin_and_of_a_distribution(cli):
    shown = cli("plugins", "info", "splitters").out
    assert "kind      plugin\nname      splitters\nprovider  pitchpipe" in shown
    assert "hooks     register_splitters\nstages    splitter group, splitter " in shown
    names = [row["name"] for row in cli("plugins", "info", "pitchpipe", "--json").json]
    assert {"formatters", "log"} <= set(names)


def test_info_shows_everything_of_that_name(cli):
    found = cli("plugins", "info", "openai", "--json").json
    assert [row["kind"] for row in found] == ["trainer", "predictor"]
    options = {option["name"]: option for option in found[0]["options"]}
    assert options["base_url"]["doc"].startswith("the service's URL")
    assert options["timeout"] == {
        "name": "timeout",
        "type": "float",
        "default": 120.0,
        "required": False,
        "doc": "seconds to wait for an answer.",
    }
    assert cli("plugins", "info", "pitchpipe:openai", "--json").json == found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["inf"], "unknown action 'inf'. Did you mean 'info'?"),
        (["info"], "info takes NAME: pitchpipe plugins info NAME"),
        (["list", "fake"], "list takes nothing more"),
        (["list", "--out", "x"], "--out belongs to new"),
        (["check", "no-such"], "unknown path or plugin 'no-such'"),
        (["info", "fak"], "unknown plugin 'fak'. Did you mean 'fake'?"),
    ],
)
def test_usage(cli, words, expected):
    result = cli("plugins", *words)
    assert result.code == 2
    assert expected in result.err


def test_a_plugin_that_does_not_load_is_shown(cli, installed, reviews):
    installed("raise RuntimeError('no licence')")
    listed = cli("plugins", "list")
    assert listed.code == 0
    message = "plugin 'extra' of pipe-extra 1.2: RuntimeError: no licence"
    assert f"did not load: {message}" in listed.err
    [failure] = cli("plugins", "list", "--json").json["failures"]
    assert failure == {
        "distribution": "pipe-extra",
        "version": "1.2",
        "plugin": "extra",
        "error": "RuntimeError: no licence",
    }
    assert "unknown plugin 'extro'" in cli("plugins", "info", "extro").err
    told = cli("plugins", "info", "extra")
    assert told.code == 2
    assert message in told.err
    assert "pipe_extra.py" not in told.err + listed.err
    for action in ("list", "doctor"):
        shown = cli("plugins", action, "--traceback").err
        assert 'pipe_extra.py", line 1' in shown
    assert 'pipe_extra.py", line 1' in cli("plugins", "info", "extra", "--traceback").err
    assert f"left out: {message}" in cli("prepare", reviews).err


def test_a_plugin_of_another_distribution(cli, installed):
    installed(
        """
from dataclasses import dataclass, field
from pitchpipe import hookimpl
from pitchpipe.default_plugins.splitters.random import RandomSplitter

@dataclass(frozen=True, kw_only=True)
class Twice(RandomSplitter):
    '''Splits again.

    Attributes:
        times: how often; every time
            anew.

    Then more prose.
    '''

    times: int
    names: list = field(default_factory=list)

class Bare(RandomSplitter):
    pass

@hookimpl
def register_splitters(register):
    register("twice", Twice)
    register("bare", Bare)
"""
    )
    shown = cli("plugins", "info", "pipe-extra:twice").out
    assert "provider  pipe-extra\nversion   1.2\nsummary   Splits again." in shown
    assert "  times: int, required\n      how often; every time anew.\n" in shown
    assert "  names: list, default []" in shown
