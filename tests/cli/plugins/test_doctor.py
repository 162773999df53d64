from pathlib import Path

import pytest

from pitchpipe import deprecations
from pitchpipe.deprecations import Deprecation

SPLITTER = """
from pitchpipe import hookimpl
from pitchpipe.default_plugins.splitters.random import RandomSplitter

@hookimpl
def register_splitters(register):
    register("{name}", RandomSplitter)
"""


def splitter(name):
    return SPLITTER.format(name=name)


@pytest.fixture
def problems(cli):
    """What the doctor says is wrong, by kind."""

    def ask(*flags):
        result = cli("plugins", "doctor", "--json", *flags)
        assert result.code == bool(result.json["problems"])
        return {row["kind"]: row for row in result.json["problems"]}

    return ask


def test_all_is_well(cli, problems, install):
    install("fine-plugin", {"fine": "fine_mod"}, {"fine_mod": splitter("fine")})
    assert problems() == {}
    told = cli("plugins", "doctor")
    assert told.code == 0
    assert told.out.endswith(" plugins loaded, no problems.\n")


def test_each_problem_comes_with_advice(cli, problems, install, tmp_path, monkeypatch):
    install("torn-plugin", {"torn": "torn_mod"}, {"torn_mod": "raise OSError('worn out')"})
    install("same-plugin", {"same": "same_mod"}, {"same_mod": splitter("random")})
    install(
        "mute-plugin",
        {"mute": "mute_mod"},
        {"mute_mod": splitter("mute") + "\ndef run_start(run): ...\n"},
    )
    newer = install("newer-plugin", {"newer": "newer_mod"}, {"newer_mod": splitter("newer")})
    with (newer / "METADATA").open("a", encoding="utf-8") as stream:
        stream.write(
            "Requires-Dist: pitchpipe>=99\nRequires-Dist: pandas\nRequires-Dist: ???\n"
            "Requires-Dist: pitchpipe>=98; extra == 'later'\n"
        )
    later = tmp_path / "later"
    install("twin-plugin", {"twin": "twin_mod"}, {"twin_mod": splitter("twin")}, where=later)
    install("twin-plugin", {"twin": "twin_mod"}, {"twin_mod": splitter("twin")}, "2.0")
    monkeypatch.syspath_prepend(later)
    found = problems()
    assert set(found) == {
        "load-failure",
        "name-collision",
        "not-a-hook",
        "installed-twice",
        "unmet-requirement",
    }
    assert "plugin 'torn' of torn-plugin 1.0: OSError: worn out" in found["load-failure"]["message"]
    assert "info torn --traceback" in found["load-failure"]["advice"]
    assert "pitchpipe 0.1.0 and by same-plugin" in found["name-collision"]["message"]
    assert "run_start is not marked" in found["not-a-hook"]["message"]
    assert f"1.0 in {later}" in found["installed-twice"]["message"]
    assert "wants pitchpipe>=99" in found["unmet-requirement"]["message"]
    assert "98" not in found["unmet-requirement"]["message"]
    text = cli("plugins", "doctor").out
    assert all(row["advice"] in text for row in found.values())
    assert text.endswith(" 5 problems.\n")


def test_a_misspelled_hook_is_named_with_the_right_one(problems, install):
    source = "from pitchpipe import hookimpl\n@hookimpl\ndef run_startd(run): ...\n"
    install("odd-plugin", {"odd": "odd_mod"}, {"odd_mod": source})
    assert "Did you mean 'run_started'?" in problems()["load-failure"]["message"]


def test_what_is_deprecated_is_told_without_a_warning(problems, install, monkeypatch):
    install("old-plugin", {"old": "old_mod"}, {"old_mod": splitter("old")}, "0.9")
    table = (Deprecation("argument", "register_splitters.register", "0.2", "0.4", "Take offer."),)
    monkeypatch.setattr(deprecations, "DEPRECATIONS", table)
    problem = problems("--block-plugin", "splitters")["deprecated"]
    assert problem["message"] == (
        "plugin 'old' of old-plugin 0.9 uses the argument 'register_splitters.register', "
        "deprecated since 0.2 and removed in 0.4. Take offer."
    )


def test_what_is_left_out_is_told_with_its_cause(cli, install, monkeypatch):
    for name in ("a", "b", "c", "d"):
        install(f"{name}-plugin", {name: f"{name}_mod"}, {f"{name}_mod": splitter(name)})
    Path("pitchpipe.toml").write_text('[plugins]\nblock = ["a", "b-plugin"]\n', encoding="utf-8")
    monkeypatch.setenv("PITCHPIPE_PLUGINS_BLOCK", "b, ")
    monkeypatch.setenv("PITCHPIPE_PLUGINS_ALLOW", "c,A_Plugin,b")
    result = cli("plugins", "doctor", "--block-plugin", "c", "--json")
    assert {row["plugin"]: (row["reason"], row["by"]) for row in result.json["left_out"]} == {
        "a": ("blocked", "plugins.block of the configuration"),
        "b": ("blocked", "plugins.block of the configuration and PITCHPIPE_PLUGINS_BLOCK"),
        "c": ("blocked", "--block-plugin"),
        "d": ("not allowed", "PITCHPIPE_PLUGINS_ALLOW"),
    }
    assert result.json["problems"] == []
    assert "not allowed: plugin 'd' of d-plugin 1.0, by" in cli("plugins", "doctor").out
    told = cli("plugins", "info", "d-plugin")
    assert (told.code, "is not allowed, by PITCHPIPE_PLUGINS_ALLOW" in told.err) == (2, True)
    assert "is blocked, by plugins.block" in cli("plugins", "info", "a").err
