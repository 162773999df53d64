"""The validators that come with Pitchpipe."""

from __future__ import annotations

from typing import Any

from pitchpipe.default_plugins.validators.additional_columns import AdditionalColumns
from pitchpipe.default_plugins.validators.blank_turns import BlankTurns
from pitchpipe.default_plugins.validators.class_counts import ClassCounts
from pitchpipe.default_plugins.validators.class_imbalance import ClassImbalance
from pitchpipe.default_plugins.validators.column_case import ColumnCase
from pitchpipe.default_plugins.validators.completion_ending import CompletionEnding
from pitchpipe.default_plugins.validators.completion_prefix import CompletionPrefix
from pitchpipe.default_plugins.validators.completion_space import CompletionSpace
from pitchpipe.default_plugins.validators.conflicting_completions import ConflictingCompletions
from pitchpipe.default_plugins.validators.control_characters import ControlCharacters
from pitchpipe.default_plugins.validators.copied_output import CopiedOutput
from pitchpipe.default_plugins.validators.duplicate_keys import DuplicateKeys
from pitchpipe.default_plugins.validators.duplicate_rows import DuplicateRows
from pitchpipe.default_plugins.validators.empty_fields import EmptyFields
from pitchpipe.default_plugins.validators.example_count import ExampleCount
from pitchpipe.default_plugins.validators.file_size import FileSize
from pitchpipe.default_plugins.validators.grader_fields import GraderFields
from pitchpipe.default_plugins.validators.images import Images
from pitchpipe.default_plugins.validators.job_options import JobOptions
from pitchpipe.default_plugins.validators.label_noise import LabelNoise
from pitchpipe.default_plugins.validators.long_examples import LongExamples
from pitchpipe.default_plugins.validators.message_content import MessageContent
from pitchpipe.default_plugins.validators.message_names import MessageNames
from pitchpipe.default_plugins.validators.message_roles import MessageRoles
from pitchpipe.default_plugins.validators.message_shape import MessageShape
from pitchpipe.default_plugins.validators.message_weight import MessageWeight
from pitchpipe.default_plugins.validators.mixed_formats import MixedFormats
from pitchpipe.default_plugins.validators.model_retirement import ModelRetirement
from pitchpipe.default_plugins.validators.nothing_to_train import NothingToTrain
from pitchpipe.default_plugins.validators.number_range import NumberRange
from pitchpipe.default_plugins.validators.preference_pairs import PreferencePairs
from pitchpipe.default_plugins.validators.prompt_leakage import PromptLeakage
from pitchpipe.default_plugins.validators.prompt_prefix import PromptPrefix
from pitchpipe.default_plugins.validators.prompt_separator import PromptSeparator
from pitchpipe.default_plugins.validators.reinforcement_shape import ReinforcementShape
from pitchpipe.default_plugins.validators.required_columns import RequiredColumns
from pitchpipe.default_plugins.validators.secret_keys import SecretKeys
from pitchpipe.default_plugins.validators.separator_in_prompt import SeparatorInPrompt
from pitchpipe.default_plugins.validators.special_tokens import SpecialTokens
from pitchpipe.default_plugins.validators.stop_in_completion import StopInCompletion
from pitchpipe.default_plugins.validators.task import Task
from pitchpipe.default_plugins.validators.text_fields import TextFields
from pitchpipe.default_plugins.validators.token_limit import TokenLimit
from pitchpipe.default_plugins.validators.too_few_examples import (
    TooFewExamples,
    TooFewTrainingRecords,
)
from pitchpipe.default_plugins.validators.tool_calls import ToolCalls
from pitchpipe.default_plugins.validators.tool_schemas import ToolSchemas
from pitchpipe.default_plugins.validators.upper_case import UpperCaseCompletions, UpperCasePrompts
from pitchpipe.hookspecs import Register, hookimpl
from pitchpipe.stages import Validator


@hookimpl
def register_validators(register: Register[type[Validator[Any]]]) -> None:
    """Offers them."""
    register("additional-columns", AdditionalColumns)
    register("blank-turns", BlankTurns)
    register("class-counts", ClassCounts)
    register("class-imbalance", ClassImbalance)
    register("column-case", ColumnCase)
    register("completion-ending", CompletionEnding)
    register("completion-prefix", CompletionPrefix)
    register("completion-space", CompletionSpace)
    register("conflicting-completions", ConflictingCompletions)
    register("control-characters", ControlCharacters)
    register("copied-output", CopiedOutput)
    register("duplicate-keys", DuplicateKeys)
    register("duplicate-rows", DuplicateRows)
    register("empty-fields", EmptyFields)
    register("example-count", ExampleCount)
    register("file-size", FileSize)
    register("images", Images)
    register("job-options", JobOptions)
    register("label-noise", LabelNoise)
    register("long-examples", LongExamples)
    register("message-content", MessageContent)
    register("message-names", MessageNames)
    register("message-roles", MessageRoles)
    register("message-shape", MessageShape)
    register("message-weight", MessageWeight)
    register("mixed-formats", MixedFormats)
    register("model-retirement", ModelRetirement)
    register("nothing-to-train", NothingToTrain)
    register("number-range", NumberRange)
    register("preference-pairs", PreferencePairs)
    register("prompt-leakage", PromptLeakage)
    register("prompt-prefix", PromptPrefix)
    register("prompt-separator", PromptSeparator)
    register("reinforcement-shape", ReinforcementShape)
    register("grader-fields", GraderFields)
    register("required-columns", RequiredColumns)
    register("secret-keys", SecretKeys)
    register("separator-in-prompt", SeparatorInPrompt)
    register("special-tokens", SpecialTokens)
    register("stop-in-completion", StopInCompletion)
    register("task", Task)
    register("text-fields", TextFields)
    register("token-limit", TokenLimit)
    register("too-few-examples", TooFewExamples)
    register("too-few-training-records", TooFewTrainingRecords)
    register("tool-calls", ToolCalls)
    register("tool-schemas", ToolSchemas)
    register("upper-case-completions", UpperCaseCompletions)
    register("upper-case-prompts", UpperCasePrompts)
