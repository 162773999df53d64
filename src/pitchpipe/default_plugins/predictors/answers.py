"""The API's answers as predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitchpipe.calls import calls_of
from pitchpipe.errors import ServiceError
from pitchpipe.records import Prediction, Request

PATHS: Mapping[str, str] = {
    "completions": "/completions",
    "chat.completions": "/chat/completions",
}
"""The endpoint's path below the base URL."""

LOGPROB_FIELDS = ("logprobs", "top_logprobs")
"""The fields of a request that ask for token probabilities."""


def to_prediction(request: Request, body: object) -> Prediction:
    """The first choice of an answer.

    Args:
        request: what was asked.
        body: the JSON object that was answered.

    Raises:
        ServiceError: it is no answer of this endpoint.
    """
    try:
        return _chat(body) if request.endpoint == "chat.completions" else _completion(body)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ServiceError(
            f"expected an answer of {request.endpoint} with at least one choice; "
            f"found {str(body)[:200]!r}."
        ) from None


def without_logprobs(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request without asking for token probabilities."""
    return {key: value for key, value in body.items() if key not in LOGPROB_FIELDS}


def _completion(body: Any) -> Prediction:
    choice = body["choices"][0]
    tops = (choice.get("logprobs") or {}).get("top_logprobs") or [{}]
    return Prediction(choice["text"], choice.get("finish_reason"), _ranked((tops[0] or {}).items()))


def _chat(body: Any) -> Prediction:
    choice = body["choices"][0]
    tokens = (choice.get("logprobs") or {}).get("content") or [{}]
    tops = ((top["token"], top["logprob"]) for top in tokens[0].get("top_logprobs") or ())
    message = choice["message"]
    # content is null where the model calls a tool or refuses
    text = message.get("content") or message.get("refusal") or ""
    return Prediction(text, choice.get("finish_reason"), _ranked(tops), calls_of(message))


def _ranked(alternatives: Any) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(alternatives, key=lambda pair: -pair[1]))
