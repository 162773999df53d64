from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib import resources

import pytest

import pitchpipe

RunPython = Callable[..., subprocess.CompletedProcess[str]]


def test_importing_it_is_light_and_silent(run_python: RunPython) -> None:
    done = run_python(
        """
        import logging, sys
        import pitchpipe
        heavy = "openai pandas numpy sklearn httpx httpx2 pyarrow openpyxl pluggy rich".split()
        loaded = [name for name in heavy if name in sys.modules]
        assert not loaded, loaded
        assert not logging.getLogger().handlers
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_pipeline_alone_loads_no_client_and_no_metrics(run_python: RunPython) -> None:
    done = run_python(
        """
        import sys
        from pitchpipe import Config, Pipeline, PluginHost
        PluginHost(entry_points=False)
        loaded = [name for name in ("openai", "sklearn", "httpx", "httpx2") if name in sys.modules]
        assert not loaded, loaded
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_public_name_is_there() -> None:
    for name in pitchpipe.__all__:
        assert getattr(pitchpipe, name) is not None
    with pytest.raises(AttributeError, match="module 'pitchpipe' has no attribute 'Pipelines'"):
        _ = pitchpipe.Pipelines


def test_types_are_published() -> None:
    assert resources.files("pitchpipe").joinpath("py.typed").is_file()
