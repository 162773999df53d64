"""What Pitchpipe advises for tables of other formats is done by the formatters here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.config import Config
from pitchpipe.errors import DataError
from pitchpipe.pipeline import Pipeline
from pitchpipe.stages import Formatter
from pitchpipe_formats import AlpacaFormatter, HFPreferenceFormatter, ShareGPTFormatter

MODEL = {"training": {"model": "gpt-4.1-mini-2025-04-14"}}
TURNS = ({"from": "human", "value": "How deep?"}, {"from": "gpt", "value": "N metres."})
FORMATTERS: dict[str, Formatter] = {
    "sharegpt": ShareGPTFormatter(),
    "hf-preference": HFPreferenceFormatter(),
    "alpaca": AlpacaFormatter(),
}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"conversations": TURNS}, "sharegpt"),
        ({"chosen": "H: How deep? A: ten", "rejected": "H: How deep? A: no"}, "hf-preference"),
        ({"instruction": "Count.", "output": "N.", "system": "Be short."}, "alpaca"),
        ({"instruction": "Count.", "output": "N.", "history": [["a", "b"]]}, "alpaca"),
    ],
)
def test_the_format_that_a_refusal_names_reads_the_table(
    row: dict[str, Any], name: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [json.dumps({**row, "id": n}).replace('"N', f'"{n}') + "\n" for n in range(24)]
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        Pipeline(Config.from_mapping(MODEL)).prepare(path)
    advised = re.findall(r"--format ([a-z-]+)", str(refused.value))
    assert advised == [name]
    unfixed = Config.from_mapping({**MODEL, "data": {"fix": False}})
    data = Pipeline(unfixed, formatter=FORMATTERS[name]).prepare(path)
    assert data.train_rows + data.valid_rows == len(lines)
    assert "Left out of the records: 'id'." in data.notes
