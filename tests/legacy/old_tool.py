"""Runs prepare_data of the openai package 0.27.8; for the Python that has it, not for ours.

Each line of the input names a file in JSON, each line of the output tells what became of it:
``{"files": {NAME: RECORDS}}``, ``{"error": MESSAGE}`` where the tool refused the file, or
``{"crash": MESSAGE}`` where it fell over.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings

from openai import validators


def prepare_data(path: str) -> None:
    """What ``openai tools fine_tunes.prepare_data -q -f PATH`` does."""
    frame, remediation = validators.read_any_format(path)
    validators.apply_necessary_remediation(None, remediation)
    validators.apply_validators(
        frame,
        path,
        remediation,
        validators.get_validators(),
        True,
        write_out_file_func=validators.write_out_file,
    )


def outcome(path: str) -> dict[str, object]:
    """What became of a file, which lies alone in its folder."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            prepare_data(path)
    except SystemExit:
        return {"error": said.getvalue().strip()}
    except Exception as error:  # noqa: BLE001
        return {"crash": f"{type(error).__name__}: {error}"}
    folder = os.path.dirname(path)
    files = {}
    for name in sorted(os.listdir(folder)):
        if name != os.path.basename(path):
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                files[name] = [json.loads(line) for line in stream if line.strip()]
    return {"files": files}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for request in sys.stdin:
        sys.stdout.write(json.dumps(outcome(json.loads(request))) + "\n")
        sys.stdout.flush()
