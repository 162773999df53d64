"""What models are limited to, whatever a request is otherwise."""

from __future__ import annotations

from pitchpipe.models import model_table
from pitchpipe.service.http import ApiError
from pitchpipe.service.protocol.params import CreateChat, CreateCompletion


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
