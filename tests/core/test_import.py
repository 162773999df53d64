from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

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


def test_a_run_leaves_the_process_as_it_was(run_python: RunPython, tmp_path: Path) -> None:
    done = run_python(
        """
        import logging, os, signal, sys, threading
        os.chdir(sys.argv[1])

        def process():
            return {
                "signals": {n: signal.getsignal(n) for n in signal.valid_signals()},
                "environment": {
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith("KMP_")  # scikit-learn's, of OpenMP
                },
                "folder": os.getcwd(),
                "log": (logging.getLogger().level, list(logging.getLogger().handlers)),
                "our log": logging.getLogger("pitchpipe").level,
                "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
                "threads": threading.enumerate(),
            }

        before = process()
        from pitchpipe import Pipeline
        from pitchpipe.samples import film_reviews
        Pipeline.from_config({"trainer": {"base_url": "offline:service"}}).run(film_reviews())
        assert process() == before, (before, process())
        """,
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_public_name_is_there() -> None:
    for name in pitchpipe.__all__:
        assert getattr(pitchpipe, name) is not None
    with pytest.raises(AttributeError, match="module 'pitchpipe' has no attribute 'Pipelines'"):
        _ = pitchpipe.Pipelines


def test_types_are_published() -> None:
    assert resources.files("pitchpipe").joinpath("py.typed").is_file()
