"""The routes under ``/v1/fine_tuning/alpha/graders``: trying a grader before a job uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitchpipe.service.graders.grading import Grade
from pitchpipe.service.graders.samples import sample_of
from pitchpipe.service.http import JSON, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.graders import check_grader
from pitchpipe.service.router import Route

_ERRORS: dict[str, bool | None] = {
    "formula_parse_error": False,
    "sample_parse_error": False,
    "truncated_observation_error": False,
    "unresponsive_reward_error": False,
    "invalid_variable_error": False,
    "other_error": False,
    "python_grader_server_error": False,
    "python_grader_server_error_type": None,
    "python_grader_runtime_error": False,
    "python_grader_runtime_error_details": None,
    "model_grader_server_error": False,
    "model_grader_refusal_error": False,
    "model_grader_parse_error": False,
    "model_grader_server_error_details": None,
}


class GraderRoutes:
    """Graders, run and validated.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        graders = "/fine_tuning/alpha/graders"
        return (
            Route("POST", f"{graders}/run", self.run),
            Route("POST", f"{graders}/validate", self.validate),
        )

    def validate(self, request: Request) -> Response:
        """Gives a grader back that a job could use."""
        asked = params.check(params.ValidateGrader, request.json())
        check_grader(asked.grader, "grader")
        return Response.of_json({"grader": asked.grader})

    def run(self, request: Request) -> Response:
        """Grades one answer; one that cannot be graded is worth 0, and the errors say why."""
        asked = params.check(params.RunGrader, request.json())
        grader = check_grader(asked.grader, "grader")
        began = self._clock()
        grade = grader.grade(_item(asked), sample_of(asked.model_sample))
        return Response.of_json(
            {
                "reward": grade.reward,
                "metadata": _metadata(asked.grader, grade, self._clock() - began),
                "sub_rewards": grade.scores,
                "model_grader_token_usage_per_model": {},
            }
        )


def _item(asked: params.RunGrader) -> dict[str, Any]:
    if asked.item is None and asked.reference_answer is not None:
        return {"reference_answer": asked.reference_answer}
    return asked.item or {}


def _metadata(definition: JSON, grade: Grade, seconds: float) -> JSON:
    return {
        "name": definition.get("name") or definition["type"],
        "type": definition["type"],
        "errors": _ERRORS | dict.fromkeys(grade.flags, True),
        "execution_time": seconds,
        "scores": grade.scores,
        "token_usage": None,
        "sampled_model_name": None,
    }
