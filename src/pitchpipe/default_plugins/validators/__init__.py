"""The validators that come with Pitchpipe."""

from __future__ import annotations

from typing import Any

from pitchpipe.default_plugins.validators.additional_columns import AdditionalColumns
from pitchpipe.default_plugins.validators.class_counts import ClassCounts
from pitchpipe.default_plugins.validators.column_case import ColumnCase
from pitchpipe.default_plugins.validators.completion_ending import CompletionEnding
from pitchpipe.default_plugins.validators.completion_prefix import CompletionPrefix
from pitchpipe.default_plugins.validators.completion_space import CompletionSpace
from pitchpipe.default_plugins.validators.conflicting_completions import ConflictingCompletions
from pitchpipe.default_plugins.validators.duplicate_rows import DuplicateRows
from pitchpipe.default_plugins.validators.empty_fields import EmptyFields
from pitchpipe.default_plugins.validators.example_count import ExampleCount
from pitchpipe.default_plugins.validators.long_examples import LongExamples
from pitchpipe.default_plugins.validators.prompt_leakage import PromptLeakage
from pitchpipe.default_plugins.validators.prompt_prefix import PromptPrefix
from pitchpipe.default_plugins.validators.prompt_separator import PromptSeparator
from pitchpipe.default_plugins.validators.required_columns import RequiredColumns
from pitchpipe.default_plugins.validators.separator_in_prompt import SeparatorInPrompt
from pitchpipe.default_plugins.validators.stop_in_completion import StopInCompletion
from pitchpipe.default_plugins.validators.task import Task
from pitchpipe.default_plugins.validators.too_few_examples import (
    TooFewExamples,
    TooFewTrainingRecords,
)
from pitchpipe.default_plugins.validators.upper_case import UpperCaseCompletions, UpperCasePrompts
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Validator


@hookimpl
def register_validators(register: Register[type[Validator[Any]]]) -> None:
    """Offers them."""
    register("required-columns", RequiredColumns)
    register("empty-fields", EmptyFields)
    register("separator-in-prompt", SeparatorInPrompt)
    register("stop-in-completion", StopInCompletion)
    register("duplicate-rows", DuplicateRows)
    register("conflicting-completions", ConflictingCompletions)
    register("class-counts", ClassCounts)
    register("too-few-examples", TooFewExamples)
    register("too-few-training-records", TooFewTrainingRecords)
    register("prompt-leakage", PromptLeakage)
    register("example-count", ExampleCount)
    register("column-case", ColumnCase)
    register("additional-columns", AdditionalColumns)
    register("task", Task)
    register("long-examples", LongExamples)
    register("upper-case-prompts", UpperCasePrompts)
    register("upper-case-completions", UpperCaseCompletions)
    register("prompt-separator", PromptSeparator)
    register("prompt-prefix", PromptPrefix)
    register("completion-prefix", CompletionPrefix)
    register("completion-ending", CompletionEnding)
    register("completion-space", CompletionSpace)
