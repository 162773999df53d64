import itertools
import re
import tomllib
from pathlib import Path

from pitchpipe.cli.config import template
from pitchpipe.config import Config


def test_init_writes_once(cli):
    assert cli("config", "init").out == "pitchpipe.toml\n"
    path = Path("pitchpipe.toml")
    assert path.read_text(encoding="utf-8") == template()
    path.write_text("[run]\n", encoding="utf-8")
    refused = cli("config", "init")
    assert refused.code == 2
    assert "pitchpipe.toml: exists already; --force overwrites it" in refused.err
    assert path.read_text(encoding="utf-8") == "[run]\n"
    assert cli("config", "init", "--force").code == 0
    assert path.read_text(encoding="utf-8") == template()


def test_the_template_says_what_holds_without_it():
    assert Config.from_mapping(tomllib.loads(template())) == Config()
    values = re.sub(r"^# (\w+ = (?!\(not set).*)$", r"\1", template(), flags=re.MULTILINE)
    assert values.count("\n# ") < template().count("\n# ")
    assert Config.from_mapping(tomllib.loads(values)) == Config()


def test_every_key_of_the_template_is_explained():
    lines = template().splitlines()
    key = re.compile(r"# \w+ = ")
    for before, line in itertools.pairwise(lines):
        if key.match(line):
            assert before.startswith("# ")
            assert not key.match(before)


def test_show_is_toml_that_can_be_read_back(cli):
    Path("pitchpipe.toml").write_text('[training]\nsuffix = "a"\n', encoding="utf-8")
    words = ["--trainer", "openai", "--set", "trainer.timeout=30.0", "--n-epochs", "4"]
    shown = cli("config", "show", *words, "--learning-rate-multiplier", "auto").out
    tables = tomllib.loads(shown)
    assert tables["training"]["suffix"] == "a"
    assert tables["training"]["n_epochs"] == 4
    assert tables["trainer"] == {"name": "openai", "timeout": 30.0}
    Path("again.toml").write_text(shown, encoding="utf-8")
    assert cli("config", "show", "--config", "again.toml").out == shown
    assert cli("config", "show", "--config", "again.toml", "--json").json == tables


def test_blocked_plugins_add_up(cli):
    Path("pitchpipe.toml").write_text('[plugins]\nblock = ["log"]\n', encoding="utf-8")
    shown = cli("config", "show", "--block-plugin", "journal", "--json").json
    assert shown["plugins"]["block"] == ["log", "journal"]


def test_settings_are_toml_or_plain_text(cli):
    words = ["data.fix=false", "training.suffix=plain text", 'run.folder="x"', "training.seed=1"]
    sets = [part for word in words for part in ("--set", word)]
    shown = cli("config", "show", *sets, "--json").json
    assert shown["data"]["fix"] is False
    assert shown["training"]["suffix"] == "plain text"
    assert shown["training"]["seed"] == 1
    assert shown["run"]["folder"] == "x"


def test_a_wrong_value_names_the_file_and_the_key(cli):
    Path("pitchpipe.toml").write_text("[training]\nseed = true\n", encoding="utf-8")
    result = cli("config", "show")
    assert result.code == 2
    assert "pitchpipe.toml: training.seed: should be a valid integer; found True" in result.err
