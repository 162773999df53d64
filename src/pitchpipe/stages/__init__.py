"""The contracts: what each kind of stage promises, and nothing of how it is done.

A stage is a frozen dataclass; its fields are the options a user may set, checked against their type
hints before anything runs. Stages hold no state between calls. A chunk is a pandas DataFrame whose
index numbers the rows in the user's file (ascending, unique, 1-based; the index name is "line",
"row" or "record") and is kept by everything that keeps a row.
"""

from __future__ import annotations

from pitchpipe.stages.capabilities import (
    EngineCapabilities,
    FormatterCapabilities,
    LearnerCapabilities,
    PredictorCapabilities,
    SplitterCapabilities,
    TrainerCapabilities,
    ValidatorCapabilities,
)
from pitchpipe.stages.engine import Engine, Item, Result
from pitchpipe.stages.formatter import Formatter
from pitchpipe.stages.learner import FitOptions, FitStep, Learner, Learners, Token
from pitchpipe.stages.ledger import Ledger
from pitchpipe.stages.predictor import Predictor
from pitchpipe.stages.splitter import Splitter
from pitchpipe.stages.trainer import Trainer
from pitchpipe.stages.validator import Scope, State, Validator

__all__ = [
    "Engine",
    "EngineCapabilities",
    "FitOptions",
    "FitStep",
    "Formatter",
    "FormatterCapabilities",
    "Item",
    "Learner",
    "LearnerCapabilities",
    "Learners",
    "Ledger",
    "Predictor",
    "PredictorCapabilities",
    "Result",
    "Scope",
    "Splitter",
    "SplitterCapabilities",
    "State",
    "Token",
    "Trainer",
    "TrainerCapabilities",
    "Validator",
    "ValidatorCapabilities",
]
