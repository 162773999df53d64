"""The bodies of requests: what they may hold, and what they must."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pitchpipe.formats.faults import MAX_FUNCTIONS
from pitchpipe.service.http import JSON
from pitchpipe.service.protocol.bounded import AtMost, Items, without_needless_errors
from pitchpipe.service.protocol.refusals import explain

Auto = Literal["auto"]
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
    AtMost(16),
]
MAX_MESSAGES = 2048
"""Of a conversation: the vendor's own limit."""

_MAX_STRING = (
    10_000  # characters, unless a field says otherwise: what is kept is kept in every list
)
_MAX_TAGS = 100
_MAX_PROJECTS = 1000  # the API names no limit
_MAX_CHOICES = 2048  # of a completion: 16 prompts of the most choices each
_MAX_BIASES = 1024  # the API names no limit; a request has a use for a few hundred
Stop = Annotated[str, Field(max_length=1000)]
"""A string that ends an answer; looking for its beginnings goes by the square of its length."""

Text = Annotated[str, Field(max_length=64 << 20)]
"""A string that is read and not kept, as long as a body may be."""

MOST_BYTES = 8 << 30
"""Of a file that comes in parts: the vendor's own limit."""

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Params(BaseModel):
    """A body: nothing is coerced, nothing unknown is let through."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, str_max_length=_MAX_STRING
    )

    @model_validator(mode="before")
    @classmethod
    def _bound_errors(cls, value: Any) -> Any:
        return without_needless_errors(cls, value)


class Hyperparameters(Params):
    """How a supervised job trains."""

    batch_size: Auto | Annotated[int, Field(ge=1, le=256)] | None = None
    learning_rate_multiplier: Auto | Annotated[float, Field(gt=0)] | None = None
    n_epochs: Auto | Annotated[int, Field(ge=1, le=50)] | None = None


class DpoHyperparameters(Hyperparameters):
    """How a preference job trains."""

    beta: Auto | Annotated[float, Field(gt=0, le=2)] | None = None


class ReinforcementHyperparameters(Hyperparameters):
    """How a reinforcement job trains."""

    compute_multiplier: Auto | Annotated[float, Field(gt=1e-5, le=10)] | None = None
    eval_interval: Auto | Annotated[int, Field(ge=1)] | None = None
    eval_samples: Auto | Annotated[int, Field(ge=1)] | None = None
    reasoning_effort: Literal["default", "low", "medium", "high"] | None = None


class Supervised(Params):
    """The supervised method."""

    hyperparameters: Hyperparameters | None = None


class Dpo(Params):
    """The preference method."""

    hyperparameters: DpoHyperparameters | None = None


class Reinforcement(Params):
    """The method that learns from a grader's rewards; ``response_format`` changes nothing here."""

    grader: JSON
    hyperparameters: ReinforcementHyperparameters | None = None
    response_format: JSON | None = None


class Method(Params):
    """The method of a job."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised | None = None
    dpo: Dpo | None = None
    reinforcement: Reinforcement | None = None


class Wandb(Params):
    """Where an integration reports to."""

    project: str
    name: str | None = None
    entity: str | None = None
    tags: Annotated[Items[str], Field(max_length=_MAX_TAGS)] | None = None


class Integration(Params):
    """An integration of a job; kept, never called."""

    type: Literal["wandb"]
    wandb: Wandb


class CreateJob(Params):
    """The body of ``POST /fine_tuning/jobs``."""

    model: str
    training_file: str
    validation_file: str | None = None
    hyperparameters: Hyperparameters | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    integrations: Annotated[Items[Integration], Field(max_length=5)] | None = None
    seed: Seed | None = None
    method: Method | None = None
    metadata: Metadata | None = None


class ValidateGrader(Params):
    """The body of ``POST /fine_tuning/alpha/graders/validate``."""

    grader: JSON


class RunGrader(ValidateGrader):
    """The body of ``POST /fine_tuning/alpha/graders/run``.

    Older clients send ``reference_answer`` instead of an ``item`` that has one.
    """

    model_sample: Text
    item: JSON | None = None
    reference_answer: Text | float | JSON | Items[Any] | None = None


class ExpiresAfter(Params):
    """When a file expires."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=2_592_000)]


Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
"""What a client's file may be for."""


class CreateUpload(Params):
    """The body of ``POST /uploads``."""

    filename: Annotated[str, Field(min_length=1)]
    purpose: Purpose
    bytes: Annotated[int, Field(ge=1, le=MOST_BYTES)]
    mime_type: str
    expires_after: ExpiresAfter | None = None


class CompleteUpload(Params):
    """The body of ``POST /uploads/{upload_id}/complete``."""

    part_ids: Annotated[Items[str], Field(min_length=1)]
    md5: str | None = None


class CreatePermission(Params):
    """The body of ``POST /fine_tuning/checkpoints/{checkpoint}/permissions``."""

    project_ids: Annotated[
        Items[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=_MAX_PROJECTS)
    ]


class UpdateChat(Params):
    """The body of ``POST /chat/completions/{completion_id}``."""

    metadata: Metadata | None


class CreateBatch(Params):
    """The body of ``POST /batches``."""

    input_file_id: str
    endpoint: Literal["/v1/completions", "/v1/chat/completions"]
    completion_window: Literal["24h"]
    metadata: Metadata | None = None
    output_expires_after: ExpiresAfter | None = None


class StreamOptions(Params):
    """What a stream holds besides the answer."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class _Generate(Params):
    """What both generating endpoints take. Penalties and biases change nothing here."""

    model: str
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: Annotated[dict[str, float], AtMost(_MAX_BIASES)] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: Stop | Annotated[Items[Stop], Field(min_length=1, max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    user: str | None = None

    @model_validator(mode="after")
    def _check_stream_options(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("The 'stream_options' parameter is only allowed when 'stream' is true")
        return self

    @property
    def stops(self) -> list[str]:
        """The strings that end an answer."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [stop for stop in stops if stop]

    @property
    def streams_usage(self) -> bool:
        """Whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class CreateCompletion(_Generate):
    """The body of ``POST /completions``."""

    prompt: Text | Items[Text] | Items[int] | Items[Items[int]] | None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    best_of: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: Text | None = None

    @model_validator(mode="after")
    def _check_best_of(self) -> Self:
        if self.best_of is not None and self.best_of < (self.n or 1):
            raise ValueError("'best_of' must not be below 'n'")
        return self

    @model_validator(mode="after")
    def _check_choices(self) -> Self:
        prompts = self.prompt if isinstance(self.prompt, list) else [self.prompt]
        texts = [prompt for prompt in prompts if isinstance(prompt, str)]
        tries = max(self.n or 1, self.best_of or 0)
        if len(texts) * tries > _MAX_CHOICES:
            raise ValueError(
                f"{len(texts)} prompts of {tries} choices each are {len(texts) * tries} choices; "
                f"a request has at most {_MAX_CHOICES}"
            )
        return self


class ChatMessage(BaseModel):
    """One message of a conversation; what else it holds is the learner's business."""

    model_config = ConfigDict(extra="allow", strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Items[JSON] | None = None

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if self.content is None and self.role not in ("assistant", "function"):
            raise ValueError(f"a message of role '{self.role}' must have content")
        return self


class CreateChat(_Generate):
    """The body of ``POST /chat/completions``."""

    messages: Annotated[Items[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    metadata: Metadata | None = None
    store: bool | None = None
    # taken and passed on to the learner, which may not know them
    audio: JSON | None = None
    function_call: str | JSON | None = None
    functions: Annotated[Items[JSON], Field(max_length=MAX_FUNCTIONS)] | None = None
    modalities: Items[Literal["text", "audio"]] | None = None
    moderation: JSON | None = None
    parallel_tool_calls: bool | None = None
    prediction: JSON | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: JSON | None = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        None
    )
    response_format: JSON | None = None
    safety_identifier: Annotated[str, Field(max_length=64)] | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    tool_choice: str | JSON | None = None
    tools: Annotated[Items[JSON], Field(max_length=MAX_FUNCTIONS)] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    web_search_options: JSON | None = None

    @model_validator(mode="after")
    def _check_top_logprobs(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("'top_logprobs' is only allowed when 'logprobs' is true")
        return self


P = TypeVar("P", bound=Params)


def check(kind: type[P], body: JSON) -> P:
    """The body, checked.

    Raises:
        ApiError: it is wrong; names the first parameter at fault.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise explain(body, error) from None
