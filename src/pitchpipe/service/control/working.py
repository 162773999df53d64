"""Faults of the service's work: they strike jobs and files, not requests."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from pitchpipe.service.control.fault import Fault, Pattern
from pitchpipe.service.engine import mishaps


class JobFails(Fault):
    """A job fails; which one is settled when it is created, that it fails where it trains.

    Attributes:
        model: a pattern of the job's model.
        step: the step of training at which it fails, in place of taking it; a job with fewer steps
            succeeds.
        code: the reason for a program.
        message: the reason for a person.
    """

    kind: ClassVar[str] = mishaps.JOB

    model: Pattern = "*"
    step: Annotated[int, Field(ge=1)] = 1
    code: str = "server_error"
    message: str = "This failure was asked for."


class UploadRejected(Fault):
    """An uploaded file is accepted, and turns out to have the status "error".

    A job or batch that reads it fails for that reason.

    Attributes:
        filename: a pattern of its name.
        purpose: a pattern of its purpose.
        details: what is wrong, for a person.
    """

    kind: ClassVar[str] = mishaps.FILE

    filename: Pattern = "*"
    purpose: Pattern = "*"
    details: str = "This rejection was asked for."
