"""The library inside another program."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import pandas as pd

from pitchpipe import Config, Pipeline, PitchpipeError, PluginHost, Run
from pitchpipe.records import PreparedData, TrainedModel


def tune(table: pd.DataFrame, folder: Path) -> str | None:
    config = {"data": {"prompt_column": "text"}, "training": {"n_epochs": 2}}
    pipeline = Pipeline.from_config(config, PluginHost(entry_points=False))
    try:
        run = pipeline.run(table, folder, fresh=True)
    except PitchpipeError as error:
        assert_type(error.exit_code, int)
        return None
    assert_type(run, Run)
    assert_type(run.model, TrainedModel)
    return run.model.name


def prepare(path: Path) -> PreparedData:
    return Pipeline(Config.load(path)).prepare("films.csv")
