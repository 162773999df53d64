"""Graders as clients define them."""

from __future__ import annotations

CHECK = {
    "type": "string_check",
    "name": "label",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.label }}",
    "operation": "eq",
}
ALIKE = {
    "type": "text_similarity",
    "name": "alike",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.label }}",
    "evaluation_metric": "fuzzy_match",
}
BOTH = {
    "type": "multi",
    "name": "both",
    "graders": {"label": CHECK, "alike": ALIKE},
    "calculate_output": "(label + alike) / 2",
}
SHAPES = (
    CHECK,
    ALIKE,
    BOTH,
    BOTH | {"graders": [CHECK, ALIKE]},
    BOTH | {"graders": CHECK, "calculate_output": "label"},
)
"""Of each kind, and a multi grader in each shape."""
