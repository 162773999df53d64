"""Parameters of one request that the API refuses together, or by what stands in them."""

from __future__ import annotations

from pitchpipe.service.http import ApiError
from pitchpipe.service.protocol.params import CreateChat, CreateCompletion

_BIAS = 100
"""The API's limit of a bias, either way."""


def check_completion(asked: CreateCompletion) -> None:
    """Looks at the parameters of a completion together.

    Raises:
        ApiError: they do not go together.
    """
    _check_bias(asked)
    if asked.prompt == []:
        raise ApiError(
            400,
            "Invalid 'prompt': empty array. Expected an array with minimum length 1, but got an "
            "empty array instead.",
            param="prompt",
            code="empty_array",
        )
    if asked.stream and (asked.best_of or 1) > (asked.n or 1):
        raise ApiError(
            400,
            "Answers cannot be streamed while the best of several is sought: 'best_of' "
            f"({asked.best_of}) is above 'n' ({asked.n or 1}). Send one of 'stream' and 'best_of'.",
            param="best_of",
            code="invalid_parameter_combination",
        )


def check_chat(asked: CreateChat) -> None:
    """Looks at the parameters of a chat completion together.

    Raises:
        ApiError: they do not go together.
    """
    _check_bias(asked)
    if asked.max_tokens is not None and asked.max_completion_tokens is not None:
        raise ApiError(
            400,
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            param="max_tokens",
            code="invalid_parameter_combination",
        )
    if asked.metadata is not None and not asked.store:
        raise ApiError(
            400,
            "The 'metadata' parameter is only allowed when 'store' is enabled.",
            param="metadata",
        )


def _check_bias(asked: CreateCompletion | CreateChat) -> None:
    for key, bias in (asked.logit_bias or {}).items():
        if not (key.isascii() and key.isdigit()):
            raise ApiError(
                400,
                f"Invalid key in 'logit_bias': {key[:40]}. You should only be submitting "
                "non-negative integers.",
                param="logit_bias",
            )
        if not -_BIAS <= bias <= _BIAS:
            side, bound = ("above", "maximum") if bias > 0 else ("below", "minimum")
            raise ApiError(
                400,
                f"Invalid 'logit_bias': {bias:g} for the token {key[:40]} is {side} the {bound}. "
                f"Expected a value from {-_BIAS} to {_BIAS}.",
                param="logit_bias",
                code=f"decimal_{side}_{bound[:3]}_value",
            )
