"""Language models fine-tuned on your own machine: a learner and a trainer for Pitchpipe."""

from __future__ import annotations

from pitchpipe_hf.learner import HfLearner
from pitchpipe_hf.trainer import HfTrainer

__all__ = ["HfLearner", "HfTrainer"]
