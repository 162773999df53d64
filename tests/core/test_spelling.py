"""However a stage's name is spelled, with its distribution or without, it is one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe import hookimpl
from pitchpipe.config import Config
from pitchpipe.errors import UnknownNameError, UsageError
from pitchpipe.hookspecs import Register
from pitchpipe.pipeline import Pipeline
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Change, Contract, Finding, Fix, Severity
from pitchpipe.registry import Provider, Registry, canonical, same_distribution
from pitchpipe.stages import Splitter, Validator

HOST = PluginHost(entry_points=False)

ROWS = pd.DataFrame(
    {
        "prompt": [f"a film, part {n}" for n in range(30)] + ["a film, part 0", "no answer"],
        "completion": [("pos", "neg")[n % 2] for n in range(30)] + ["pos", ""],
    }
)


def spelled(kind: str, name: str) -> list[str]:
    return [name, f"pitchpipe:{name}", f"PitchPipe:{name}"]


@given(st.text("ab1-_.", min_size=1), st.text("ab1-_.", min_size=1))
def test_spellings_of_a_distribution(one: str, other: str) -> None:
    assert same_distribution(one, one.upper())
    assert same_distribution(one, one.replace("-", "_"))
    assert canonical(canonical(one)) == canonical(one)
    assert same_distribution(one, other) == (canonical(one) == canonical(other))


class Share(Splitter):
    """Holds out nothing."""

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """None."""
        return pd.Series(False, index=index.index)


def test_a_name_that_several_offer_keeps_its_distribution() -> None:
    registry = Registry[Splitter]("splitter", Splitter)
    registry.add("share", Share, Provider("One_Plugin", "1", "one"))
    assert registry.spelling("one-plugin:share") == "share"
    registry.add("share", Share, Provider("two", "1", "two"))
    assert registry.spelling("one.plugin:share") == "One_Plugin:share"
    assert registry.spelling("TWO:share") == "two:share"
    for unknown in ("share", "three:share", "one-plugin:other", "other", ""):
        assert registry.spelling(unknown) == unknown
    assert registry.get("one-plugin:share").provider.distribution == "One_Plugin"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("formatter", "completion"),
        ("formatter", "chat"),
        ("splitter", "random"),
        ("engine", "local"),
        ("trainer", "fake"),
        ("predictor", "openai"),
    ],
)
def test_a_stage_is_the_same_by_every_spelling(kind: str, name: str) -> None:
    plain, *others = [
        Pipeline.from_config({kind: {"name": spelling}}, HOST) for spelling in spelled(kind, name)
    ]
    for other in others:
        assert other.config == plain.config
        assert getattr(other.config, kind).name == name
    assert plain.trainer_name == "fake"


def prepared(tables: dict[str, Any], folder: Path, host: PluginHost = HOST) -> dict[str, Any]:
    data = Pipeline.from_config(tables, host).prepare(ROWS, folder)
    manifest: dict[str, Any] = json.loads(
        next(folder.glob("*_prepared.json")).read_text(encoding="utf-8")
    )
    return {**manifest, "rules": [finding.rule for finding in data.findings]}


RULES = ("empty-fields", "duplicate-rows", "label-noise", "required-columns", "text-fields")


@pytest.mark.parametrize("prefix", ["pitchpipe:", "Pitchpipe:", "PITCHPIPE:"])
def test_rules_are_the_same_by_every_spelling(tmp_path: Path, prefix: str) -> None:
    plain = prepared({"validators": {"use": list(RULES)}}, tmp_path / "plain")
    assert {"empty-fields", "duplicate-rows"} <= set(plain["applied"])
    use = {"use": [prefix + name for name in RULES], "also": ["duplicate-rows"]}
    assert prepared({"validators": use}, tmp_path / "use") == plain
    use = {"use": list(RULES), "also": [f"{prefix}class-counts"], "skip": [f"{prefix}class-counts"]}
    assert prepared({"validators": use}, tmp_path / "skip") == plain


def test_options_are_the_same_by_every_spelling(tmp_path: Path) -> None:
    def found(name: str, of: str) -> Config:
        tables = {"validators": {"use": [name], "options": {of: {"prompts": False}}}}
        return Pipeline.from_config(tables, HOST).config

    for name in spelled("validator", "empty-fields"):
        for of in spelled("validator", "empty-fields"):
            assert found(name, of).validators.options == {"empty-fields": {"prompts": False}}
    both = {"empty-fields": {"prompts": False}, "pitchpipe:empty-fields": {"prompts": True}}
    with pytest.raises(UsageError, match="'pitchpipe:empty-fields' and 'empty-fields' are one"):
        Pipeline.from_config({"validators": {"options": both}}, HOST)


@pytest.mark.parametrize("name", ["duplicate-row", "pitchpipe:duplicate-row", "near-duplicates"])
def test_a_rule_to_skip_must_exist(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown validator '{name}'"):
        Pipeline.from_config({"validators": {"skip": [name]}}, HOST)


def test_the_contract_has_the_one_spelling(tmp_path: Path) -> None:
    contracts = [
        prepared({"formatter": {"name": name}}, tmp_path / f"{number}")["contract"]
        for number, name in enumerate(spelled("formatter", "completion"))
    ]
    assert contracts[0]["formatter"] == "completion"
    assert contracts[1:] == contracts[:-1]


def test_a_contract_by_any_spelling_is_understood() -> None:
    formatter = HOST.formatters.create("completion")
    pipeline = Pipeline(host=HOST, formatter=formatter)
    for name in spelled("formatter", "completion"):
        contract = Contract.from_json(
            {**formatter.contract("completion").to_json(), "formatter": name}
        )
        assert pipeline._selection.formatter_of(contract) is formatter


@dataclass(frozen=True)
class Loud(Validator[int]):
    """Takes the place of a rule that comes with Pitchpipe."""

    scope = "source"
    fixes = True

    def start(self) -> int:
        """Nothing."""
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        """Counts what is shouted."""
        return state + int(chunk["completion"].str.isupper().sum())

    def merge(self, a: int, b: int) -> int:
        """The sum."""
        return a + b

    def conclude(self, state: int) -> list[Finding]:
        """Tells of it, with a fix that is required."""
        fix = Fix("write it small", lambda chunk: _small(chunk), level="required")
        finding = Finding("duplicate-rows", Severity.WARNING, "shouts", state, (1,), "row", fix=fix)
        return [finding] if state else []


def _small(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk.assign(completion=chunk["completion"].str.lower())


MODULE = __name__.partition(".")[0]
"""What stands for the distribution of a plugin that is given as an object."""


class Loudly:
    @hookimpl
    def register_validators(self, register: Register[type[Validator[Any]]]) -> None:
        register("duplicate-rows", Loud)


def test_rules_of_one_name_are_told_apart(tmp_path: Path) -> None:
    host = PluginHost([Loudly()], entry_points=False)
    own = f"{MODULE}:duplicate-rows"
    rows = ROWS.assign(completion=ROWS["completion"].str.upper())
    pipeline = Pipeline.from_config(
        {"validators": {"use": [own, "empty-fields", "pitchpipe:duplicate-rows"]}}, host
    )
    data = pipeline.prepare(rows, tmp_path)
    assert set(data.applied) == {own, "empty-fields", "pitchpipe:duplicate-rows"}
    assert data.changed[own] == 31
    assert data.changed["pitchpipe:duplicate-rows"] == 1
    assert all(isinstance(change, Change) for change in data.samples)


@pytest.mark.parametrize("profile", ["article", "legacy"])
def test_profiles_know_their_rules_by_every_spelling(tmp_path: Path, profile: str) -> None:
    """An error of a legacy rule stays one, and a profile's options hold."""
    from pitchpipe.profiles import PROFILES

    names = PROFILES[profile].validators
    data = {"profile": profile}
    one = prepared({"data": data}, tmp_path / "one")
    use = {"use": [f"pitchpipe:{name}" for name in names]}
    other = prepared({"data": data, "validators": use}, tmp_path / "other")
    assert other == one


def test_a_flag_keeps_the_options_of_the_same_stage(tmp_path: Path) -> None:
    path = tmp_path / "pitchpipe.toml"
    path.write_text('[trainer]\nname = "pitchpipe:fake"\nbase_url = "offline:x"\n', "utf-8")

    def options(name: str) -> object:
        return Config.load(path, {"trainer": {"name": name}}).trainer.options

    for name in spelled("trainer", "fake"):
        assert options(name) == {"base_url": "offline:x"}
    for name in ("openai", "other:fake", "pitchpipe:openai"):
        assert options(name) == {}


def test_one_run_by_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ROWS.iloc[:30]
    runs = [
        Pipeline.from_config(
            {
                "trainer": {"name": trainer, "base_url": f"offline:{tmp_path / 's'}"},
                "formatter": {"name": formatter},
                "splitter": {"name": splitter},
            },
            HOST,
        ).run(rows)
        for trainer, formatter, splitter in zip(
            spelled("trainer", "fake"),
            spelled("formatter", "completion"),
            spelled("splitter", "random"),
            strict=True,
        )
    ]
    assert len({run.folder for run in runs}) == len({run.job.id for run in runs}) == 1


def test_what_is_blocked_must_not_be_in_the_host_that_is_given(
    install: Callable[..., Path],
) -> None:
    source = """
        from pitchpipe import hookimpl

        @hookimpl
        def run_started(run): ...
        """
    install("one-plugin", {"one": "one_mod"}, {"one_mod": source})
    for name in ("one", "One_Plugin"):
        tables = {"plugins": {"block": [name]}}
        with pytest.raises(UsageError, match=f"plugins.block: '{name}' is blocked, and the plugin"):
            Pipeline.from_config(tables, PluginHost())
        Pipeline.from_config(tables, PluginHost(block=["one"]))
        Pipeline.from_config(tables)


@pytest.mark.parametrize("keyword", ["block", "allow"])
def test_a_host_refuses_names_of_nothing(keyword: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"^{keyword}: unknown plugin .* 'splitter'. Did y"):
        PluginHost(entry_points=False, **{keyword: ["splitter"]})  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=rf"^plugins\.{keyword}: unknown plugin .* 'nobody'"):
        Pipeline.from_config({"plugins": {keyword: ["nobody"]}})


def test_a_plugin_given_as_an_object_can_be_blocked() -> None:
    for name in (MODULE, f"{Loudly.__module__}.Loudly"):
        host = PluginHost([Loudly()], entry_points=False, block=[name])
        assert len(host.validators.named("duplicate-rows")) == 1
