from __future__ import annotations

import logging
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe import hookimpl
from pitchpipe.errors import PluginError, UnknownNameError
from pitchpipe.hookspecs import Register
from pitchpipe.plugins import LoadFailure, PluginHost
from pitchpipe.records import Estimate, JobEvent, RunInfo
from pitchpipe.registry import Provider
from pitchpipe.stages import Splitter

Install = Callable[..., Path]


@dataclass(frozen=True)
class Nothing(Splitter):
    share: float = 0.0

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return pd.Series(False, index=index.index)


class Everything(Nothing):
    pass


class Abstract(Splitter):
    pass


class Offering:
    """A plugin that offers what it is given."""

    def __init__(self, **stages: Any) -> None:
        self.stages = stages

    @hookimpl
    def register_splitters(self, register: Register[type[Splitter]]) -> None:
        for name, stage in self.stages.items():
            register(name, stage)


RUN = RunInfo("r", Path("r"))


def bare(*plugins: object, **options: Any) -> PluginHost:
    return PluginHost(plugins, defaults=False, entry_points=False, **options)


# --- plugins given as objects --------------------------------------------------------------------


def test_the_defaults_are_ordinary_plugins() -> None:
    host = PluginHost(entry_points=False)
    assert {"random", "stratified", "group"} <= set(host.splitters.names())
    assert {"openai", "fake"} <= set(host.trainers.names())
    assert all(provider.distribution == "pitchpipe" for provider in host.providers)
    assert "register_splitters" in host.hooks_of(host.splitters.get("random").provider)
    assert host.failures == []
    assert bare().providers == ()
    assert list(bare().splitters) == []


def test_a_default_plugin_can_be_blocked() -> None:
    host = PluginHost(entry_points=False, block=["splitters"])
    assert host.splitters.names() == []
    assert host.trainers.names() != []


def test_an_instance_and_a_module_can_be_plugins() -> None:
    module = types.ModuleType("band.brass")

    @hookimpl
    def register_splitters(register: Register[type[Splitter]]) -> None:
        register("everything", Everything)

    module.__dict__["register_splitters"] = register_splitters
    host = bare(Offering(nothing=Nothing), module)
    assert host.splitters.names() == ["everything", "nothing"]
    assert host.splitters.create("nothing", {"share": 1}) == Nothing(1.0)
    assert host.providers[1] == Provider("band", "", "band.brass")
    assert host.hooks_of(host.providers[0]) == ["register_splitters"]
    assert host.hooks_of(Provider("nobody", "", "x")) == []


def test_two_plugins_of_one_module_do_not_clash() -> None:
    class Other(Offering):
        pass

    host = bare(Offering(a=Nothing), Other(b=Nothing))
    assert host.splitters.names() == ["a", "b"]
    with pytest.raises(PluginError, match=r"already registered; give another object another name"):
        host.register(Offering(c=Nothing))
    host.register(Offering(c=Nothing), name="third")
    assert host.splitters.names() == ["a", "b", "c"]


def test_the_same_object_is_registered_once() -> None:
    plugin = Offering(a=Nothing)
    with pytest.raises(PluginError, match="already registered"):
        bare(plugin).register(plugin, name="again")


def test_two_hosts_know_nothing_of_each_other() -> None:
    heard: list[str] = []

    class Listener:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        def run_started(self, run: RunInfo) -> None:
            heard.append(self.name)

    one, two = bare(Listener("one"), Offering(a=Nothing)), bare(Listener("two"))
    one.run_started(RUN)
    assert heard == ["one"]
    assert (one.splitters.names(), two.splitters.names()) == (["a"], [])


class Misspelled:
    @hookimpl
    def register_spliters(self, register: Register[type[Splitter]]) -> None:
        """No such hook."""


class Misread:
    @hookimpl
    def run_started(self, runner: RunInfo) -> None:
        """No such argument."""


class Raising:
    @hookimpl
    def register_splitters(self, register: Register[type[Splitter]]) -> None:
        register("early", Nothing)
        raise RuntimeError("out of breath")


@pytest.mark.parametrize(
    ("plugin", "error", "message"),
    [
        (Offering, PluginError, r"Offering is a class; give an instance of it"),
        (object(), PluginError, r"builtins:builtins\.object: implements no hook of Pitchpipe"),
        (Misspelled(), PluginError, r"Misspelled: unknown hook 'register_spliters'"),
        (Misread(), PluginError, r"Misread: .*'?run_started'?.*runner"),
        (Raising(), RuntimeError, r"out of breath"),
        (
            Offering(a=Nothing, b=Abstract),
            PluginError,
            r"splitter 'b' of .* \(Abstract\) lacks split",
        ),
        (Offering(a=Nothing, b=Nothing()), PluginError, r"offers Nothing\(.*\) as splitter 'b'"),
    ],
)
def test_a_plugin_that_cannot_be_used_leaves_nothing_behind(
    plugin: object, error: type[Exception], message: str
) -> None:
    host = bare()
    with pytest.raises(error, match=f"(?s){message}"):
        host.register(plugin, name=getattr(plugin, "label", None))
    assert host.splitters.names() == []
    assert host.providers == ()
    host.register(Offering(sound=Nothing))
    assert host.splitters.names() == ["sound"]
    host.run_started(RUN)


# --- installed plugins ---------------------------------------------------------------------------

GOOD = """
    from pitchpipe import hookimpl
    from pitchpipe.stages import Splitter

    class {name}(Splitter):
        def split(self, index):
            return index["prompt"] > 0

    @hookimpl
    def register_splitters(register):
        register("{offered}", {name})
    """


def good(name: str, offered: str) -> str:
    return GOOD.format(name=name, offered=offered)


def test_broken_plugins_are_reported_and_the_others_load(install: Install) -> None:
    install("zeta-plugin", {"zeta": "zeta_mod"}, {"zeta_mod": good("Zeta", "zeta")})
    install("alpha-plugin", {"alpha": "alpha_mod"}, {"alpha_mod": good("Alpha", "alpha")})
    install("torn-plugin", {"torn": "torn_mod"}, {"torn_mod": "import no_such_thing"}, "2.5")
    install("quits-plugin", {"quits": "quits_mod"}, {"quits_mod": "raise SystemExit('no licence')"})
    install("class-plugin", {"one": "class_mod:Plugin"}, {"class_mod": "class Plugin: pass"})
    install("gone-plugin", {"gone": "gone_mod:plugin"}, {"gone_mod": ""})
    install("idle-plugin", {"idle": "idle_mod"}, {"idle_mod": "x = 1"})
    host = PluginHost(defaults=False)

    assert host.splitters.names() == ["alpha", "zeta"]
    assert [p.distribution for p in host.providers] == ["alpha-plugin", "zeta-plugin"]
    assert host.splitters.get("alpha-plugin:alpha").provider.version == "1.0"
    failures = {failure.provider.distribution: failure for failure in host.failures}
    assert list(failures) == sorted(failures), "in the order of loading"
    assert str(failures["torn-plugin"]) == (
        "plugin 'torn' of torn-plugin 2.5: ModuleNotFoundError: No module named 'no_such_thing'"
    )
    assert "torn_mod.py" in failures["torn-plugin"].traceback()
    assert "no licence" in str(failures["quits-plugin"])
    assert "Plugin is a class" in str(failures["class-plugin"])
    assert "AttributeError" in str(failures["gone-plugin"])
    assert "implements no hook" in str(failures["idle-plugin"])


def test_selecting_what_a_broken_plugin_should_have_given(install: Install) -> None:
    install("a-plugin", {"other": "a_mod"}, {"a_mod": "raise ValueError('unrelated')"})
    install("b-plugin", {"brass": "b_mod"}, {"b_mod": "raise OSError('out of tune')"}, "0.3")
    host = PluginHost()
    for name in ("brass", "b-plugin:anything"):
        with pytest.raises(PluginError) as caught:
            host.get(host.splitters, name)
        assert "plugin 'brass' of b-plugin 0.3: OSError: out of tune" in str(caught.value)
        assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(PluginError, match=r"Did you mean 'random'\?.*unrelated.*out of tune"):
        host.get(host.splitters, "randm")
    with pytest.raises(UnknownNameError, match="Did you mean 'pitchpipe:random'"):
        host.get(host.splitters, "pitchpipe:randm")
    assert host.get(host.splitters, "random").name == "random"


def test_two_distributions_that_offer_one_name(install: Install) -> None:
    install("one-plugin", {"p": "one_mod"}, {"one_mod": good("One", "same")}, "1.1")
    install("two-plugin", {"p": "two_mod"}, {"two_mod": good("Two", "same")}, "2.2")
    host = PluginHost(defaults=False)
    with pytest.raises(PluginError, match=r"offered by one-plugin 1\.1 and by two-plugin 2\.2"):
        host.get(host.splitters, "same")
    assert host.get(host.splitters, "two-plugin:same").stage.__name__ == "Two"


@pytest.mark.parametrize(
    ("choice", "loaded"),
    [
        ({"block": ["one-plugin"]}, ["two"]),
        ({"block": ["second"]}, ["one"]),
        ({"allow": ["one-plugin"]}, ["one"]),
        ({"allow": ["second"]}, ["two"]),
        ({"allow": ["one-plugin", "second"], "block": ["first"]}, ["two"]),
        ({"allow": []}, []),
        ({"entry_points": False}, []),
    ],
)
def test_plugins_are_blocked_and_allowed_by_either_name(
    install: Install, choice: dict[str, Any], loaded: list[str]
) -> None:
    install("one-plugin", {"first": "one_mod"}, {"one_mod": good("One", "one")})
    install("two-plugin", {"second": "two_mod"}, {"two_mod": good("Two", "two")})
    host = PluginHost(defaults=False, **choice)
    assert host.splitters.names() == loaded
    assert host.failures == []


def test_a_blocked_plugin_is_not_even_imported(install: Install) -> None:
    install("b-plugin", {"brass": "b_mod"}, {"b_mod": "raise OSError('imported')"})
    assert PluginHost(defaults=False, block=["brass"]).failures == []


def test_the_first_of_two_installations_counts(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = tmp_path / "later"
    install("one-plugin", {"p": "one_mod"}, {"one_mod": good("One", "one")}, "1.0", where=later)
    monkeypatch.syspath_prepend(later)
    install("one-plugin", {"p": "one_mod"}, {}, "2.0")
    host = PluginHost(defaults=False)
    assert [str(provider) for provider in host.providers] == ["one-plugin 1.0"]


def test_a_damaged_installation_harms_no_other(install: Install) -> None:
    install("one-plugin", {"p": "one_mod"}, {"one_mod": good("One", "one")})
    nameless = install("lost-plugin", {"lost": "lost_mod"}, {"lost_mod": good("Lost", "lost")})
    (nameless / "METADATA").unlink()
    garbled = install("garbled-plugin", {}, version="3.0")
    (garbled / "entry_points.txt").write_text("[pitchpipe]\nno equals sign\n", encoding="utf-8")
    foreign = install("foreign", {})
    (foreign / "entry_points.txt").write_text("[console_scripts]\nodd\n", encoding="utf-8")
    host = PluginHost(defaults=False)
    assert host.splitters.names() == ["lost", "one"]
    assert [provider.distribution for provider in host.providers] == ["one-plugin", "unnamed"]
    assert [str(failure.provider) for failure in host.failures] == ["garbled-plugin 3.0"]


def test_a_failure_can_be_shown() -> None:
    failure = LoadFailure(Provider("d", "1", "p"), ValueError("why"))
    assert str(failure) == "plugin 'p' of d 1: ValueError: why"
    assert failure.traceback() == "ValueError: why\n"


# --- observers -----------------------------------------------------------------------------------


class Recorder:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        self.heard.append(("run_started", run))

    @hookimpl
    def stage_started(self, stage: str) -> None:
        self.heard.append(("stage_started", stage))

    @hookimpl
    def stage_progressed(self, total: int | None, done: int) -> None:
        self.heard.append(("stage_progressed", done, total))

    @hookimpl
    def stage_finished(self, stage: str, seconds: float) -> None:
        self.heard.append(("stage_finished", stage, seconds))

    @hookimpl
    def stage_failed(self, stage: str, error: BaseException) -> None:
        self.heard.append(("stage_failed", stage, error))

    @hookimpl
    def job_estimated(self, estimate: Estimate) -> None:
        self.heard.append(("job_estimated", estimate))

    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        self.heard.append(("job_event", event))

    @hookimpl
    def run_finished(self, error: BaseException | None) -> str:
        self.heard.append(("run_finished", error))
        return "nobody asks"


class Troubled(Recorder):
    """Fails at whatever it hears."""

    class _Refusing(list[Any]):
        def append(self, item: Any) -> None:
            raise RuntimeError(f"trouble with {item[0]}")

    def __init__(self) -> None:
        self.heard = self._Refusing()


def test_observers_hear_everything_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    recorder, error, event = Recorder(), ValueError("x"), JobEvent("e", 1, "info", "hello")
    estimate = Estimate(100, 3, 0.5, "a table")
    host = bare(recorder)
    host.register(Troubled(), name="troubled")
    host.run_started(RUN)
    host.stage_started(RUN, "split")
    host.stage_progressed(RUN, "split", 3, None)
    host.stage_finished(RUN, "split", 0.5)
    host.stage_failed(RUN, "train", error)
    host.job_estimated(RUN, estimate)
    host.job_event(RUN, event)
    host.run_finished(RUN, error)
    assert recorder.heard == [
        ("run_started", RUN),
        ("stage_started", "split"),
        ("stage_progressed", 3, None),
        ("stage_finished", "split", 0.5),
        ("stage_failed", "train", error),
        ("job_estimated", estimate),
        ("job_event", event),
        ("run_finished", error),
    ]
    logged = [record for record in caplog.records if record.name == "pitchpipe.plugins"]
    assert len(logged) == len(recorder.heard)
    assert all(record.levelno == logging.ERROR and record.exc_info for record in logged)
    assert "troubled failed in run_started" in logged[0].getMessage()


def test_observers_are_told_in_the_order_that_their_hooks_ask_for() -> None:
    heard: list[str] = []

    class First:
        @hookimpl(tryfirst=True)
        def run_started(self) -> None:
            heard.append("first")

    class Last:
        @hookimpl(trylast=True)
        def run_started(self) -> None:
            heard.append("last")

    bare(First(), Last()).run_started(RUN)
    bare(Last(), First()).run_started(RUN)
    assert heard == ["first", "last"] * 2


def test_an_interruption_is_not_swallowed() -> None:
    class Stopping:
        @hookimpl
        def run_started(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bare(Stopping()).run_started(RUN)
