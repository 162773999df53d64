"""Records of other tools' formats: read by Pitchpipe as they are, and written from ours."""

from __future__ import annotations

from pitchpipe_formats.conversion import Converted, convert
from pitchpipe_formats.formatters import (
    AlpacaFormatter,
    HFPreferenceFormatter,
    ShareGPTFormatter,
)

__all__ = [
    "AlpacaFormatter",
    "Converted",
    "HFPreferenceFormatter",
    "ShareGPTFormatter",
    "convert",
]
