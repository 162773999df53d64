"""What graders see of an answer."""

from __future__ import annotations

from typing import Any

from pitchpipe.service import json_text

VARIABLES = ("output_text", "output_json", "output_tools", "choices")
"""The names in the namespace ``sample``."""


def sample_of(text: str) -> dict[str, Any]:
    """The namespace ``sample`` for an answer.

    ``output_json`` is there if the answer is JSON. ``output_tools`` are the ``tool_calls`` of an
    answer that is a message of the assistant's in JSON, and none of any other.

    Args:
        text: all that the model said.
    """
    sample: dict[str, Any] = {"output_text": text, "output_tools": []}
    try:
        value = json_text.parse_exactly(text)
    except json_text.JsonError:
        pass
    else:
        sample["output_json"] = value
        if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
            sample["output_tools"] = value["tool_calls"]
    message = {"role": "assistant", "content": text, "tool_calls": sample["output_tools"]}
    return sample | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
