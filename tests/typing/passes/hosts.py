"""What a host and its registries give."""

from __future__ import annotations

from typing import Any, assert_type

from pitchpipe import PluginHost
from pitchpipe.plugins import LoadFailure
from pitchpipe.registry import Entry, Registry
from pitchpipe.stages import Engine, Splitter, Validator

host = PluginHost(block=["log"], allow=None, strict=True)

assert_type(host.splitters, Registry[Splitter])
assert_type(host.splitters.get("random"), Entry[Splitter])
assert_type(host.splitters.get("random").stage, type[Splitter])
assert_type(host.engines.create("local", {"workers": 1}), Engine)
assert_type(host.get(host.validators, "duplicate-rows"), Entry[Validator[Any]])
assert_type(host.failures, list[LoadFailure])
for entry in host.splitters:
    assert_type(entry.provider.version, str)
