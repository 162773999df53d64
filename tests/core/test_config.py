from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.config import Config, find, merged
from pitchpipe.errors import ConfigError
from pitchpipe.records import TrainingOptions

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).filter(
    lambda name: name != "auto"
)
FIGURES = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | FIGURES | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(TEXT.filter(lambda key: key != "name"), VALUES, max_size=3)
STAGE = st.builds(lambda name, options: {"name": name, **options}, NAMES, OPTIONS)
ABOVE_ZERO = st.floats(min_value=1e-6, max_value=1e6)


def table(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


CONFIGURATIONS = table(
    data=table(
        prompt_column=TEXT,
        completion_column=TEXT,
        group_column=TEXT,
        encoding=TEXT,
        task=st.sampled_from(["auto", "classification", "text"]),
        fix=st.booleans(),
        chunk_rows=st.integers(1, 10**6),
    ),
    formatter=STAGE,
    validators=table(
        use=st.lists(NAMES, max_size=3),
        also=st.lists(NAMES, max_size=3),
        skip=st.lists(NAMES, max_size=3),
        options=st.dictionaries(NAMES, OPTIONS, max_size=2),
    ),
    splitter=STAGE,
    engine=STAGE,
    trainer=STAGE,
    predictor=STAGE | OPTIONS,
    training=table(
        model=TEXT,
        method=st.sampled_from(["supervised", "dpo", "reinforcement"]),
        n_epochs=st.just("auto") | st.integers(1, 50),
        batch_size=st.just("auto") | st.integers(1, 256),
        learning_rate_multiplier=st.just("auto") | ABOVE_ZERO | st.integers(1, 9),
        beta=st.just("auto") | ABOVE_ZERO,
        suffix=TEXT.filter(bool),
        seed=st.integers(0, 2**31 - 1),
        metadata=st.dictionaries(TEXT.filter(bool), TEXT, max_size=3),
        integrations=st.lists(st.dictionaries(TEXT, VALUES, max_size=2), max_size=2),
        method_options=OPTIONS,
        max_cost=st.floats(0, 1e6),
    ),
    scoring=table(positive_class=TEXT),
    run=table(folder=TEXT),
    plugins=table(block=st.lists(TEXT, max_size=3), allow=st.lists(TEXT, max_size=3)),
)


@settings(max_examples=150)
@given(CONFIGURATIONS)
def test_a_configuration_survives_being_written_and_read(values: dict[str, Any]) -> None:
    config = Config.from_mapping(values)
    assert Config.from_mapping(tomllib.loads(config.to_toml())) == config


def test_the_defaults_survive_too() -> None:
    assert Config.from_mapping(tomllib.loads(Config().to_toml())) == Config()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trainng": {}}, r"^trainng: unknown key\. Did you mean 'training'\? Known here: data, "),
        ({"training": {"epochs": 3}}, r"^training\.epochs: unknown key\. Did you mean 'n_epochs'"),
        ({"training": {"zzz": 3}}, r"^training\.zzz: unknown key\. Known here: model, "),
        ({"training": {"n_epochs": "x"}}, r"^training\.n_epochs: .*integer or .*'auto'; found 'x'"),
        ({"training": {"n_epochs": True}}, r"^training\.n_epochs: .* found True"),
        ({"training": {"n_epochs": 51}}, r"^training: n_epochs must be from 1 to 50; found 51\."),
        ({"training": {"metadata": {"a": 1}}}, r"^training\.metadata\.a: .*string; found 1\."),
        ({"training": {"integrations": [{}, 2]}}, r"^training\.integrations\[1\]: .* found 2\."),
        ({"data": {"fix": 1}}, r"^data\.fix: .*boolean; found 1\."),
        ({"data": {"chunk_rows": 0}}, r"^data: chunk_rows must be at least 1; found 0\."),
        ({"data": 3}, r"^data: expected a table, found 3\."),
        ({"formatter": "chat"}, r"^formatter: expected a table, found 'chat'\."),
        ({"formatter": {"name": 3}}, r"^formatter\.name: expected a string; found 3\."),
        (
            {"formatter": {"stop": 1}},
            r"^formatter\.stop: .* set .*formatter\.name \(--format NAME\)",
        ),
        ({"validators": {"use": "x"}}, r"^validators\.use: .*array; found 'x'\."),
        ({"validators": {"options": {"x": 1}}}, r"^validators\.options\.x: .*object; found 1\."),
        ({"plugins": {"block": [1]}}, r"^plugins\.block\[0\]: .* found 1\."),
    ],
)
def test_a_wrong_key_is_named_by_its_path(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.from_mapping(values)
    with pytest.raises(ConfigError, match=message.replace("^", r"^tool\.pitchpipe\.")):
        Config.from_mapping(values, "tool.pitchpipe")


def test_a_date_is_no_option(tmp_path: Path) -> None:
    path = tmp_path / "pitchpipe.toml"
    path.write_text("[training]\nsuffix = 2024-01-01\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"training\.suffix: .*date.* is not a value this key"):
        Config.load(path)


def test_the_predictor_takes_options_without_a_name() -> None:
    config = Config.from_mapping({"predictor": {"concurrency": 4}})
    assert config.predictor.name == "auto"
    assert config.predictor.options == {"concurrency": 4}


def test_validators_run_once_each_in_order() -> None:
    values = {"use": ["b", "a"], "also": ["c", "b"], "skip": ["a"]}
    assert Config.from_mapping({"validators": values}).validators.names(()) == ("b", "c")


def test_the_training_is_given_to_the_stages() -> None:
    config = Config.from_mapping({"training": {"model": "m", "n_epochs": 2, "max_cost": 3}})
    assert config.training == TrainingOptions(model="m", n_epochs=2, max_cost=3)


# --- files ---------------------------------------------------------------------------------------


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_load_lays_overrides_over_the_file_key_by_key(tmp_path: Path) -> None:
    path = write(tmp_path / "any.toml", '[training]\nmodel = "m"\nn_epochs = 2\n[run]\nfolder="r"')
    config = Config.load(path, {"training": {"n_epochs": 5}, "scoring": {"positive_class": "y"}})
    assert (config.training.model, config.training.n_epochs) == ("m", 5)
    assert (config.run.folder, config.scoring.positive_class) == ("r", "y")


@pytest.mark.parametrize("default", ['name = "fake"', ""])
def test_an_override_that_names_the_same_stage_keeps_its_options(
    tmp_path: Path, default: str
) -> None:
    path = write(tmp_path / "pitchpipe.toml", f'[trainer]\n{default}\nproject = "p"')
    config = Config.load(path, {"trainer": {"name": "fake", "organization": "o"}})
    assert config.trainer.options == {"project": "p", "organization": "o"}


def test_a_stage_renamed_by_an_override_loses_the_others_options(tmp_path: Path) -> None:
    path = write(tmp_path / "pitchpipe.toml", '[splitter]\nname = "random"\nseed = 7')
    config = Config.load(path, {"splitter": {"name": "group"}})
    assert (config.splitter.name, config.splitter.options) == ("group", {})


def test_an_override_replaces_what_is_no_table() -> None:
    assert merged({"a": 1, "b": {"c": 1}}, {"a": {"x": 1}, "b": 2}) == {"a": {"x": 1}, "b": 2}


def test_the_nearest_file_applies(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.pitchpipe.training]\nseed = 1")
    write(tmp_path / "a" / "pyproject.toml", "[project]\nname = 'x'")
    inner = write(tmp_path / "a" / "b" / "pitchpipe.toml", "[training]\nseed = 2")
    write(tmp_path / "a" / "b" / "pyproject.toml", "[tool.pitchpipe.training]\nseed = 3")
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir()
    assert find(deep) == inner.resolve()
    assert Config.discover(deep).training.seed == 2
    assert Config.discover(tmp_path / "a").training.seed == 1
    assert Config.discover(tmp_path / "a", {"training": {"seed": 4}}).training.seed == 4


def test_without_a_file_the_defaults_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitchpipe.config.FILE_NAME", "no-such-configuration.toml")
    assert find(tmp_path) is None
    assert Config.discover(tmp_path, {"run": {"folder": "x"}}).run.folder == "x"


def test_an_error_in_a_file_names_file_and_path(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[tool.pitchpipe.training]\nn_epoch = 3")
    with pytest.raises(ConfigError) as caught:
        Config.load(path)
    assert str(caught.value).startswith(f"{path}: tool.pitchpipe.training.n_epoch: unknown key.")
    path = write(tmp_path / "pyproject.toml", "[tool.pitchpipe.engine]\nname = 'auto'\nseed = 3")
    with pytest.raises(ConfigError, match=r"tool\.pitchpipe\.engine\.seed: options need"):
        Config.load(path)
    assert ConfigError.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 3", "tool: expected a table, found 3"),
        ("[tool]\npitchpipe = 'x'", "pitchpipe: expected a table, found 'x'"),
        ("[tool", "not valid TOML"),
    ],
)
def test_a_project_file_of_another_shape_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    path = write(tmp_path / "pyproject.toml", text)
    with pytest.raises(ConfigError, match=message) as caught:
        Config.discover(tmp_path)
    assert str(path) in str(caught.value)


def test_an_unreadable_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: no such file"):
        Config.load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="not valid TOML"):
        Config.load(latin)
