"""What models are limited to, whatever a request is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pitchpipe.models import model_table
from pitchpipe.service.http import ApiError
from pitchpipe.service.protocol.params import CreateChat, CreateCompletion

MAX_CHARACTERS = 4_000_000
"""Of all texts of a request: about what the longest context of the vendor's models holds."""

MAX_READ = 20_000_000
"""Characters that a request may have read: its texts, once for each choice."""

_MEDIA = frozenset({"image_url", "input_audio", "audio", "file"})
"""Keys of messages under which no text stands."""


def check_size(asked: CreateChat | CreateCompletion, given: Any) -> None:
    """Whether a request can be read in seconds.

    Args:
        asked: the request.
        given: its messages or its prompt.

    Raises:
        ApiError: its texts are too long, by themselves or for so many choices.
    """
    param = "messages" if isinstance(asked, CreateChat) else "prompt"
    characters = sum(map(len, _texts(given)))
    choices = max(asked.n or 1, getattr(asked, "best_of", None) or 0)
    if characters > MAX_CHARACTERS:
        raise ApiError(
            400,
            f"This service reads at most {MAX_CHARACTERS} characters in a request; your {param} "
            f"have {characters}. Please reduce the length of the {param}.",
            param=param,
            code="context_length_exceeded",
        )
    if characters * choices > MAX_READ:
        raise ApiError(
            400,
            f"{choices} choices for {param} of {characters} characters are too many: their "
            f"product is at most {MAX_READ}. Please reduce 'n' or the length of the {param}.",
            param="n",
            code="invalid_value",
        )


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            waiting += [part for key, part in node.items() if key not in _MEDIA]
        elif isinstance(node, list):
            waiting += node


def check_length(base: str, asked: CreateChat | CreateCompletion) -> None:
    """Whether the model can give as many tokens as a request wants at most.

    Args:
        base: the base model that answers; one whose limit is unknown has none.
        asked: the request.

    Raises:
        ApiError: it cannot; in the API's own words.
    """
    most = model_table().facts(base).max_output
    for param in ("max_completion_tokens", "max_tokens"):
        wanted = getattr(asked, param, None)
        if most is not None and wanted is not None and wanted > most:
            raise ApiError(
                400,
                f"{param} is too large: {wanted}. This model supports at most {most} completion "
                f"tokens, whereas you provided {wanted}.",
                param=param,
                code="invalid_value",
            )
