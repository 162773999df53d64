"""The bodies of requests of 2023."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from pitchpipe.service.protocol.bounded import Items
from pitchpipe.service.protocol.params import Params

Positive = Annotated[float, Field(gt=0)]


class CreateFineTune(Params):
    """The body of ``POST /fine-tunes``."""

    training_file: str
    validation_file: str | None = None
    model: str | None = "curie"
    n_epochs: Annotated[int, Field(ge=1, le=50)] | None = 4
    batch_size: Annotated[int, Field(ge=1, le=256)] | None = None
    learning_rate_multiplier: Positive | None = None
    prompt_loss_weight: Annotated[float, Field(ge=0)] | None = 0.01
    compute_classification_metrics: bool | None = False
    classification_n_classes: Annotated[int, Field(ge=2)] | None = None
    classification_positive_class: Annotated[str, Field(min_length=1)] | None = None
    classification_betas: Items[Positive] | None = None
    suffix: Annotated[str, Field(min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _check_classification(self) -> Self:
        if not self.compute_classification_metrics:
            return self
        if self.validation_file is None:
            raise ValueError("'compute_classification_metrics' needs a 'validation_file'")
        if self.classification_n_classes is None and self.classification_positive_class is None:
            raise ValueError(
                "'compute_classification_metrics' needs 'classification_n_classes', or for two "
                "classes 'classification_positive_class'"
            )
        return self

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        many = (self.classification_n_classes or 2) > 2
        if many and self.classification_positive_class is not None:
            raise ValueError("'classification_positive_class' is for two classes only")
        if many and self.classification_betas:
            raise ValueError("'classification_betas' are for two classes only")
        if self.classification_betas and self.classification_positive_class is None:
            raise ValueError("'classification_betas' need 'classification_positive_class'")
        return self
