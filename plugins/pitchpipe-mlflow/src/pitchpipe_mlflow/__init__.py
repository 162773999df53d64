"""Logs the runs of Pitchpipe to MLflow, which is imported when a run starts and not before."""

from __future__ import annotations

from pitchpipe_mlflow.observer import MLflowObserver

__all__ = ["OBSERVER", "MLflowObserver"]

OBSERVER = MLflowObserver()
"""What Pitchpipe finds by the entry point."""
