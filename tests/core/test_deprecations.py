from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from pitchpipe import Config, Pipeline, PluginHost, __version__, deprecations, hookimpl
from pitchpipe.deprecations import Deprecation, PitchpipeDeprecationWarning
from pitchpipe.errors import PluginError
from pitchpipe.hookspecs import Register
from pitchpipe.records import RunInfo
from pitchpipe.stages import Splitter

HOOK = Deprecation("hook", "run_started", "0.2", "0.4", "Implement run_begun.")
ARGUMENT = Deprecation("argument", "run_started.run", "0.2", "0.4", "Take name and folder.")
MEMBER = Deprecation("member", "Splitter.order", "0.3", "0.5", "Define arrange.")
KEY = Deprecation("key", "data.encoding", "0.2", "0.4", "Set data.charset.")


@pytest.fixture
def deprecated(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts entries into the table."""

    def put(*entries: Deprecation) -> None:
        monkeypatch.setattr(deprecations, "DEPRECATIONS", entries)

    return put


class Listening:
    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        """Hears."""


class ListeningWithoutLooking:
    @hookimpl
    def run_started(self) -> None:
        """Hears."""


@dataclass(frozen=True)
class Ordering(Splitter):
    def order(self, rows: int) -> None:
        del rows

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return index["prompt"] > 0


@dataclass(frozen=True)
class Inheriting(Ordering):
    pass


@dataclass(frozen=True)
class Plain(Splitter):
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        return index["prompt"] > 0


class Offering:
    def __init__(self, stage: type[Splitter]) -> None:
        self.stage = stage

    @hookimpl
    def register_splitters(self, register: Register[type[Splitter]]) -> None:
        register("own", self.stage)


@pytest.mark.parametrize(
    ("entry", "plugin"),
    [
        (HOOK, Listening()),
        (HOOK, ListeningWithoutLooking()),
        (ARGUMENT, Listening()),
        (MEMBER, Offering(Ordering)),
        (MEMBER, Offering(Inheriting)),
    ],
)
def test_who_uses_it_is_warned_and_works(
    deprecated: Callable[..., None], entry: Deprecation, plugin: object
) -> None:
    deprecated(entry)
    host = PluginHost(defaults=False, entry_points=False)
    with pytest.warns(PitchpipeDeprecationWarning) as caught:
        host.register(plugin, "elder")
    [warning] = [one.message for one in caught]
    assert isinstance(warning, PitchpipeDeprecationWarning)
    assert (warning.since, warning.removed_in) == (entry.since, entry.removed_in)
    assert "plugin 'elder'" in str(warning)
    assert entry.name in str(warning)
    assert str(warning).endswith(entry.instead)
    assert [found for _, found in host.deprecated] == [entry]
    assert len(host.providers) == 1


@pytest.mark.parametrize(
    ("entry", "plugin"),
    [
        (HOOK, Offering(Plain)),
        (ARGUMENT, ListeningWithoutLooking()),
        (MEMBER, Offering(Plain)),
        (MEMBER, Listening()),
        (KEY, Listening()),
    ],
)
def test_who_does_not_use_it_is_not_warned(
    deprecated: Callable[..., None], entry: Deprecation, plugin: object
) -> None:
    deprecated(entry)
    host = PluginHost([plugin], defaults=False, entry_points=False)
    assert host.deprecated == []


def test_a_configuration_is_warned_of_its_keys(
    deprecated: Callable[..., None], tmp_path: Path
) -> None:
    deprecated(KEY)
    assert Config.from_mapping({"data": {"task": "text"}}).data.task == "text"
    file = tmp_path / "pitchpipe.toml"
    file.write_text('[data]\nencoding = "latin-1"\n', encoding="utf-8")
    with pytest.warns(PitchpipeDeprecationWarning, match=r"key 'data\.encoding'.*data\.charset"):
        assert Config.load(file).data.encoding == "latin-1"


def test_everything_in_the_table_is_there_and_has_its_time() -> None:
    for entry in deprecations.DEPRECATIONS:
        assert _version(entry.removed_in) >= (
            _version(entry.since)[0],
            _version(entry.since)[1] + 2,
        )
        assert _version(__version__) < _version(entry.removed_in), f"remove {entry.name} now"


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = map(int, text.split("."))
    return major, minor


# --- strict mode ---------------------------------------------------------------------------------


def test_strict_lists_everything_at_once(
    install: Callable[..., Path], deprecated: Callable[..., None]
) -> None:
    source = """
        from pitchpipe import hookimpl
        from pitchpipe.default_plugins.splitters.random import RandomSplitter

        @hookimpl
        def register_splitters(register):
            register("same", RandomSplitter)
        """
    install("one-plugin", {"one": "one_mod"}, {"one_mod": source})
    install("two-plugin", {"two": "two_mod"}, {"two_mod": source})
    install("torn-plugin", {"torn": "torn_mod"}, {"torn_mod": "raise OSError('worn out')"})
    deprecated(HOOK)
    options = {"defaults": False, "allow": ["one", "two", "torn"]}
    with pytest.warns(PitchpipeDeprecationWarning), pytest.raises(PluginError) as caught:
        PluginHost([Listening()], strict=True, **options)
    lines = str(caught.value).splitlines()
    assert lines[0] == "plugins are checked strictly:"
    expected = (
        "OSError: worn out",
        "splitter 'same' is offered by one-plugin 1.0 and by two-plugin 1.0",
        "Listening' of",
    )
    assert len(lines) == 1 + len(expected)
    for line, words in zip(lines[1:], expected, strict=True):
        assert words in line


def test_a_pipeline_is_as_strict_as_its_configuration(install: Callable[..., Path]) -> None:
    install("torn-plugin", {"torn": "torn_mod"}, {"torn_mod": "raise OSError('worn out')"})
    Pipeline.from_config({"plugins": {"strict": False}})
    with pytest.raises(PluginError, match="worn out"):
        Pipeline.from_config({"plugins": {"strict": True}})


def test_strict_is_content_where_nothing_is_wrong(install: Callable[..., Path]) -> None:
    assert PluginHost(strict=True, block=["log"]).failures == []
