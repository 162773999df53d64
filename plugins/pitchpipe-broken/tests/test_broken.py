from __future__ import annotations

import pytest

from pitchpipe import PluginHost
from pitchpipe.errors import PluginError

DISTRIBUTION = "pitchpipe-broken"

REASONS = {
    "abstract": "splitter 'unfinished' of pitchpipe-broken 0.1.0 (UnfinishedSplitter) lacks split",
    "exiting": "SystemExit: pitchpipe-broken would like to stop here",
    "misspelled": "register_spliters",
    "raising": "ImportError: pitchpipe-broken needs a package that nobody has",
}


@pytest.fixture
def host() -> PluginHost:
    return PluginHost(allow=[DISTRIBUTION])


def test_each_failure_is_told_with_its_reason(host: PluginHost) -> None:
    told = {failure.provider.plugin: str(failure) for failure in host.failures}
    assert told.keys() == REASONS.keys()
    for plugin, reason in REASONS.items():
        assert reason in told[plugin]
        assert f"plugin {plugin!r} of {DISTRIBUTION} 0.1.0: " in told[plugin]


def test_the_others_load(host: PluginHost) -> None:
    ours = [p.plugin for p in host.providers if p.distribution == DISTRIBUTION]
    assert ours == ["colliding", "working"]
    assert host.splitters.get("every-other").provider.distribution == DISTRIBUTION


def test_a_name_that_two_offer_is_refused_until_one_is_chosen(host: PluginHost) -> None:
    with pytest.raises(PluginError, match=r"'legacy' is offered by pitchpipe .* pitchpipe-broken"):
        host.splitters.get("legacy")
    chosen = host.splitters.get(f"{DISTRIBUTION}:legacy")
    assert chosen.stage.__name__ == "EveryOtherSplitter"


def test_asking_for_what_did_not_load_tells_why(host: PluginHost) -> None:
    with pytest.raises(PluginError, match=r"unknown splitter 'unfinished'.*lacks split"):
        host.get(host.splitters, "unfinished")
