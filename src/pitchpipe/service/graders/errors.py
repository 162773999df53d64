"""What may be wrong with a grader, and with an answer."""

from __future__ import annotations

from typing import Literal

Flag = Literal["formula_parse_error", "invalid_variable_error", "other_error", "sample_parse_error"]
"""The API's names for what can go wrong here."""


class DefinitionError(Exception):
    """A grader that can never grade.

    Attributes:
        param: the field of the grader at fault.
        message: what is wrong with it.
    """

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


class GradingError(Exception):
    """An answer or a record that a grader cannot grade.

    Attributes:
        flag: the API's name for it.
    """

    def __init__(self, flag: Flag, message: str) -> None:
        super().__init__(message)
        self.flag = flag
