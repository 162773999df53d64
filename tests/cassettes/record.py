"""Records every flow anew: ``python tests/cassettes/record.py``.

Against the offline service on loopback; with OPENAI_API_KEY set, against the service of
OPENAI_BASE_URL or OpenAI's own, which costs a few cents and up to an hour. The refusal for being
busy cannot be had for the asking and always comes from loopback.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from flows import FLOWS, Stage

from pitchpipe.service.control.faults import Status
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service
from pitchpipe.testing.cassettes import recorder

FOLDER = Path(__file__).resolve().parents[2] / "cassettes"
NOW = 1_764_000_000  # every recorded time, in Unix seconds


@contextlib.contextmanager
def offline(flow: str) -> Iterator[Stage]:
    """A stage on loopback; the same requests give the same recording."""
    made = Service(clock=lambda: NOW, seed=0)
    if flow == "busy":
        made.control.faults.add(Status(status=429, retry_after=0, path="*/completions"))
    with contextlib.closing(made), tempfile.TemporaryDirectory() as folder, serve(made) as url:
        yield Stage(url, Path(folder), f"recorded-{flow}")


@contextlib.contextmanager
def hosted() -> Iterator[Stage]:
    """A stage at the service that the environment names."""
    url = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
    with tempfile.TemporaryDirectory() as folder:
        yield Stage(url, Path(folder), uuid.uuid4().hex, poll_seconds=5.0)


def record(flow: str, folder: Path, real: bool) -> None:
    """Records one flow into ``folder``."""
    path = folder / f"{flow}.yaml"
    path.unlink(missing_ok=True)
    with (
        hosted() if real and flow != "busy" else offline(flow) as stage,
        recorder(folder, "all").use_cassette(path.name) as cassette,
    ):
        cassette.get_metadata("run_key", stage.run_key)
        FLOWS[flow](stage)


def main() -> None:
    """Records all of them."""
    real = bool(os.environ.get("OPENAI_API_KEY"))
    os.environ.setdefault("OPENAI_API_KEY", "none-is-needed")
    for flow in FLOWS:
        record(flow, FOLDER, real)


if __name__ == "__main__":
    main()
