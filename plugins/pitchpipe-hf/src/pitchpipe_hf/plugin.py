"""What Pitchpipe finds through the entry point; PyTorch is loaded when a model is."""

from __future__ import annotations

from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Learner, Trainer
from pitchpipe_hf.learner import HfLearner
from pitchpipe_hf.trainer import HfTrainer


@hookimpl
def register_learners(register: Register[type[Learner]]) -> None:
    """Offers the learner."""
    register("hf", HfLearner)


@hookimpl
def register_trainers(register: Register[type[Trainer]]) -> None:
    """Offers the trainer that reaches it."""
    register("hf", HfTrainer)
