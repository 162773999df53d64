"""Data that comes with Pitchpipe, so that everything can be tried at once."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def film_reviews() -> Path:
    """A CSV file of 640 film reviews in one line each, in English, written for Pitchpipe.

    Columns: ``text``, a review of 5 to 40 words in lower case; ``tag``, what it thinks of the film,
    "pos" or "neg", 320 of each, in no order. UTF-8. Under Pitchpipe's own licence, MIT.
    """
    return Path(str(files(__name__).joinpath("film_reviews.csv")))
