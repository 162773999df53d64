"""One run of ours as a run of MLflow."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pitchpipe import __version__
from pitchpipe.files import to_json, write_json
from pitchpipe.records import RunInfo
from pitchpipe.run import RunFolder
from pitchpipe_mlflow.parameters import parameters, without_secrets

FILE_NAME = "mlflow.json"
"""Where a run folder says which run of MLflow it is."""

ERROR = "pitchpipe.error"
_MOST = 100


class Session:
    """A run of MLflow that is being written; the one that the run folder names, if there is one.

    Args:
        run: ours, whose folder holds its configuration.

    Raises:
        MlflowException: MLflow cannot be reached, or refuses.
    """

    def __init__(self, run: RunInfo) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient()
        self._figures: list[Any] = []
        self._id = self._earlier(run.folder) or self._new(run)

    def measure(self, figures: Mapping[str, object], step: int = 0, when: float = 0) -> None:
        """Notes figures, to be sent when there are many or when ``send`` is called.

        Args:
            figures: by name; what is no number is left out.
            step: of the training.
            when: Unix seconds; by default now.
        """
        from mlflow.entities import Metric

        at = int((when or time.time()) * 1000)
        self._figures += [
            Metric(name, float(value), at, step)
            for name, value in figures.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        if len(self._figures) >= _MOST:
            self.send()

    def send(self) -> None:
        """Sends the figures that were noted."""
        figures, self._figures = self._figures, []
        for at in range(0, len(figures), _MOST):
            self._client.log_batch(self._id, metrics=figures[at : at + _MOST])

    def tag(self, tags: Mapping[str, str]) -> None:
        """Sets tags."""
        for name, value in tags.items():
            self._client.set_tag(self._id, name, value)

    def keep(self, path: Path) -> None:
        """Keeps a file as an artifact."""
        self._client.log_artifact(self._id, str(path))

    def keep_json(self, name: str, value: object) -> None:
        """Keeps a JSON value as an artifact."""
        text = to_json(value, indent=2).decode()
        self._client.log_text(self._id, without_secrets(text), name)

    def finish(self, error: BaseException | None) -> None:
        """Sends the rest, and how the run ended."""
        self.send()
        status = "FINISHED"
        if error is not None:
            self.tag({ERROR: without_secrets(f"{type(error).__name__}: {error}")})
            status = "FAILED" if isinstance(error, Exception) else "KILLED"
        with contextlib.redirect_stdout(io.StringIO()):  # MLflow prints a link to its server
            self._client.set_terminated(self._id, status)

    def _earlier(self, folder: Path) -> str | None:
        from mlflow.exceptions import MlflowException

        try:
            run_id: str = json.loads((folder / FILE_NAME).read_text("utf-8"))["run_id"]
            run = self._client.get_run(run_id)
        except FileNotFoundError:
            return None
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        if run.info.lifecycle_stage != "active":
            return None
        self._client.update_run(run_id, "RUNNING")
        if ERROR in run.data.tags:
            self._client.delete_tag(run_id, ERROR)
        return run_id

    def _new(self, run: RunInfo) -> str:
        from mlflow.entities import Param

        tags = {"pitchpipe.version": __version__, "pitchpipe.folder": str(run.folder.absolute())}
        made = self._client.create_run(self._experiment(), run_name=run.name, tags=tags)
        run_id: str = made.info.run_id
        write_json(run.folder / FILE_NAME, {"run_id": run_id})
        known = [Param(*pair) for pair in parameters(RunFolder(run.folder).config).items()]
        for at in range(0, len(known), _MOST):
            self._client.log_batch(run_id, params=known[at : at + _MOST])
        return run_id

    def _experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME")
        if not name:
            return os.environ.get("MLFLOW_EXPERIMENT_ID") or "0"
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))
