import pytest

from pitchpipe.plugins import PluginHost

PLUGIN = '''
from dataclasses import dataclass

from pitchpipe import hookimpl
from pitchpipe.records import Severity
from pitchpipe.stages import Validator


@dataclass(frozen=True)
class Shouting(Validator[int]):
    """Finds prompts in capitals.

    Loud ones.

    Attributes:
        most: so many are fine.
    """

    scope = "source"
    severity = Severity.NOTE
    fixes = True
    most: int = 3

    def start(self):
        return 0

    def observe(self, state, chunk):
        return state

    def merge(self, a, b):
        return a + b

    def conclude(self, state):
        return []


@hookimpl
def register_validators(register):
    register("shouting", Shouting)
'''


def test_every_rule_is_listed(cli):
    rows = cli("rules", "--json").json
    assert [row["rule"] for row in rows] == PluginHost(entry_points=False).validators.names()
    for row in rows:
        assert row["summary"].endswith(".")
        assert row["documentation"].startswith(row["summary"].rstrip("."))
        assert row["severity"] in {"error", "warning", "note"}
    by_name = {row["rule"]: row for row in rows}
    assert by_name["duplicate-rows"]["profiles"] == ["article", "legacy"]
    assert by_name["duplicate-rows"]["fix"] is True
    assert by_name["prompt-separator"]["profiles"] == ["legacy"]


def test_the_list_is_a_table(cli):
    lines = cli("rules").out.splitlines()
    titles = ["rule", "severity", "fix", "profiles", "provider", "version", "summary"]
    assert lines[0].split() == titles
    [line] = [line for line in lines if line.startswith("duplicate-rows")]
    assert "article, legacy" in line


def test_the_rules_of_a_plugin_are_among_them(cli, installed):
    installed(PLUGIN)
    [line] = [line for line in cli("rules").out.splitlines() if line.startswith("shouting")]
    assert line.split()[1:6] == ["note", "yes", "-", "pipe-extra", "1.2"]
    [row] = [row for row in cli("rules", "--json").json if row["rule"] == "shouting"]
    assert (row["provider"], row["version"]) == ("pipe-extra", "1.2")
    shown = cli("rules", "shouting").out
    assert "Finds prompts in capitals.\n\nLoud ones." in shown
    assert "  most: int, default 3\n      so many are fine." in shown


def test_one_rule_as_json_has_its_options(cli):
    found = cli("rules", "duplicate-rows", "--json").json
    assert (found["rule"], found["scope"]) == ("duplicate-rows", "index")
    assert [option["name"] for option in found["options"]] == ["level"]


def test_a_plugin_that_does_not_load_is_named(cli, installed):
    installed("raise RuntimeError('broken on purpose')")
    result = cli("rules")
    assert result.code == 0
    assert "duplicate-rows" in result.out
    assert "did not load: " in result.err
    assert "broken on purpose" in result.err


@pytest.mark.parametrize("words", [["duplicate-row"], ["--json", "duplicate-row"]])
def test_a_rule_that_does_not_exist_is_named(cli, words):
    result = cli("rules", *words)
    assert result.code == 2
    assert "Did you mean 'duplicate-rows'?" in result.err
