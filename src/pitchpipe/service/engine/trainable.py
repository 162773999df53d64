"""Which models can be trained by which method, and the refusal of those that cannot."""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.records import Format
from pitchpipe.service.engine.catalog import Base
from pitchpipe.service.engine.models import Model
from pitchpipe.service.http import ApiError


def check_trainable(
    name: str, model: Model | None, bases: Iterable[Base], method: str, form: Format | None = None
) -> Model:
    """The model, if it can be trained.

    Args:
        name: what the client calls it.
        model: what was found by that name: a base model, a tuned one or a checkpoint.
        bases: the base models that the refusal chooses from.
        method: by which it is to be trained.
        form: the only format of records that is taken; None for any.

    Raises:
        ApiError: it does not exist, or its base model does not take the format or the method; names
            the models that do.
    """
    if model is None:
        reason = f"Model {name} is not available for fine-tuning or does not exist."
        param, code = "model", "model_not_available"
    elif form not in (None, model.base.format):
        reason = (
            f"Model {name} cannot be trained by /v1/fine-tunes, which takes prompts and "
            "completions; use /v1/fine_tuning/jobs."
        )
        param, code = "model", "model_not_available"
    elif method not in model.base.methods:
        reason = (
            f"Model {name} does not support the method '{method}'; "
            f"it supports {', '.join(model.base.methods)}."
        )
        param, code = "method.type", "unsupported_value"
    else:
        return model
    fitting = [base for base in bases if method in base.methods and form in (None, base.format)]
    names = ", ".join(dict.fromkeys(base.id for base in fitting))
    able = f"Models that can be trained by the method '{method}'"
    able += " here" if form is None else " and by /v1/fine-tunes"
    raise ApiError(
        400,
        f"{reason} {able}: {names}, and those that were tuned from them.",
        param=param,
        code=code,
    )
