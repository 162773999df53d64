"""The learner of an offline service comes from the plugin host of whoever holds the stage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe import hookimpl
from pitchpipe.cli import main
from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.hookspecs import Register
from pitchpipe.pipeline import Pipeline
from pitchpipe.plugins import PluginHost
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.stages import Learner
from pitchpipe.sweep import Sweep
from pitchpipe.trainers import FakeTrainer, OpenAITrainer


class Own(NgramLearner):
    """Says that it is a language model."""

    language_model = True


class Plugin:
    @hookimpl
    def register_learners(self, register: Register[type[Learner]]) -> None:
        register("own", Own)


MODULE = """
from pathlib import Path
from pitchpipe import hookimpl
from pitchpipe.service.learners.ngram import NgramLearner

Path("loaded").touch()

class Own(NgramLearner):
    pass

@hookimpl
def register_learners(register):
    register("own", Own)
"""


def host(**options: object) -> PluginHost:
    return PluginHost([Plugin()], entry_points=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["own", f"{__name__.partition('.')[0]}:own"])
@pytest.mark.parametrize("trainer", ["fake", "openai"])
def test_a_learner_given_as_an_object_is_found(
    films: Path, tmp_path: Path, name: str, trainer: str
) -> None:
    tables = {
        "trainer": {"name": trainer, "base_url": f"offline:{tmp_path / 's'}?learner={name}"},
        "run": {"folder": str(tmp_path / "runs")},
    }
    run = Pipeline.from_config(tables, host()).run(films)
    assert run.tunes_language_model
    assert run.scores
    trained = Pipeline.from_config(tables, host())
    assert trained.trainer.job(run.job.id).status == "succeeded"


def test_stages_given_as_objects_use_the_host_too(films: Path, tmp_path: Path) -> None:
    trainer = FakeTrainer(base_url=f"offline:{tmp_path / 's'}?learner=own")
    pipeline = Pipeline(host=host(), trainer=trainer)
    assert pipeline.trainer == trainer
    assert pipeline.trainer.tunes_language_model
    assert pipeline.run(films, tmp_path / "run").job.status == "succeeded"


def test_a_sweep_uses_the_host(films: Path, tmp_path: Path) -> None:
    tables = {"trainer": {"base_url": f"offline:{tmp_path / 's'}?learner=own"}}
    made = Sweep(
        tables,
        films,
        models=["babbage-002"],
        examples=[20],
        epochs=[1],
        out_dir=tmp_path / "sweep",
        host=host(),
    )
    results = made.run()
    assert results.tunes_language_model
    assert not results.failed


@pytest.mark.parametrize("trainer", [FakeTrainer, OpenAITrainer])
def test_a_stage_alone_knows_the_learner_that_comes_with_pitchpipe(
    trainer: type[OpenAITrainer],
) -> None:
    assert not trainer(base_url="offline:").tunes_language_model
    alone = trainer(base_url="offline:?learner=own")
    with pytest.raises(UnknownNameError, match=r"with_learners\(PluginHost\(\).learner\)") as told:
        list(alone.jobs())
    assert "unknown learner 'own'. Known: ngram." in str(told.value)
    bound = alone.with_learners(host().learner)
    assert list(bound.jobs()) == []
    assert bound == alone
    assert bound.tunes_language_model
    assert repr(bound) == repr(alone)
    assert bound.predictor_options() == alone.predictor_options()


def test_the_host_decides_which_learners_there_are(tmp_path: Path) -> None:
    tables = {"trainer": {"base_url": "offline:?learner=own"}}
    blocked = PluginHost([Plugin()], entry_points=False, block=[f"{__name__}.Plugin"])
    for without in (PluginHost(entry_points=False), blocked):
        with pytest.raises(UnknownNameError, match=r"unknown learner 'own'. Known: ngram"):
            list(Pipeline.from_config(tables, without).trainer.jobs())
    no_learners = PluginHost(entry_points=False, block=["learners"])
    with pytest.raises(UnknownNameError, match=r"unknown learner 'ngram'"):
        list(
            Pipeline.from_config({"trainer": {"base_url": "offline:"}}, no_learners).trainer.jobs()
        )


def test_a_learner_that_did_not_load_is_named(install: Callable[..., Path]) -> None:
    install("own-plugin", {"own": "own_mod"}, {"own_mod": "raise OSError('out of tune')"})
    tables = {"trainer": {"base_url": "offline:?learner=own"}}
    with pytest.raises(PluginError, match=r"unknown learner 'own'.*out of tune"):
        list(Pipeline.from_config(tables).trainer.jobs())


def test_a_blocked_learner_is_not_even_imported(
    films: Path,
    install: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    install("own-plugin", {"own": "own_mod"}, {"own_mod": MODULE})
    url = ["--base-url", "offline:s?learner=own"]
    sweep = ["sweep", str(films), "--examples", "20", "--epochs", "1", "--out-dir", "w"]
    words = (["run", str(films)], sweep, ["jobs"], ["prepare", str(films), "-q", "--dry-run"])
    for command in words:
        assert main([*command, *url, "--block-plugin", "Own.Plugin"]) == 2, command
        assert "unknown learner 'own'. Known: ngram" in capsys.readouterr().err
    serve = ["serve", "--learner", "own", "--port", "0", "--block-plugin", "own"]
    assert main(serve) == 2
    assert "unknown learner 'own'. Known: ngram" in capsys.readouterr().err
    monkeypatch.setenv("PITCHPIPE_PLUGINS_BLOCK", "own")
    assert main(serve[:-2]) == 2
    assert not Path("loaded").exists()
    monkeypatch.delenv("PITCHPIPE_PLUGINS_BLOCK")
    assert main(["jobs", *url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert Path("loaded").exists()
