"""Programs that hand the library what it does not take, or misread what it gives."""

from __future__ import annotations

from pitchpipe import Config, Pipeline, PluginHost
from pitchpipe.stages import Engine, Splitter

pipeline = Pipeline.from_config(42)  # error: arg-type
Pipeline(Config(), formatter="chat")  # error: arg-type
name: str = pipeline.run("films.csv").model  # error: assignment
PluginHost(block=3)  # error: arg-type
PluginHost(strickt=True)  # error: call-arg
host = PluginHost()
engine: Engine = host.splitters.create("random")  # error: assignment
splitter: type[Splitter] = host.formatters.get("chat").stage  # error: assignment
listeners = host.listeners  # error: attr-defined
