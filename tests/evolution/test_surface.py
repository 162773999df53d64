from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest

from surface import RECORDED, Surface, broken, surface


@pytest.fixture(scope="module")
def now() -> Surface:
    # what JSON makes of it, as the recorded one
    found: Surface = json.loads(json.dumps(surface()))
    return found


def test_whatever_was_built_against_the_recorded_contract_still_works(now: Surface) -> None:
    found = broken(json.loads(RECORDED.read_text("utf-8")), now)
    assert not found, "\n".join(
        [
            "This breaks what others have built:",
            *found,
            "docs/explanation/evolution.md says how such a thing is changed. When a major version "
            "is made, and at every release, python tests/support/surface.py records it anew.",
        ]
    )


def _removed(surface: Surface) -> None:
    del surface["hook stage_finished seconds"]


def _new_abstract(surface: Surface) -> None:
    surface["stages.Formatter.translate"] = {"abstract": True, "parameters": []}


def _made_abstract(surface: Surface) -> None:
    surface["stages.Splitter.order"]["abstract"] = True


def _renamed(surface: Surface) -> None:
    surface["stages.Validator.observe"]["parameters"][1][0] = "rows"


def _required(surface: Surface) -> None:
    surface["records.Finding"]["parameters"].append(["place", True])


def _default_lost(surface: Surface) -> None:
    surface["stages.Trainer.follow"]["parameters"][1][1] = True


def _no_longer_called(surface: Surface) -> None:
    del surface["stages.Engine.map"]["parameters"]


def _literal_lost(surface: Surface) -> None:
    del surface["records.Format preference"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_removed, "hook stage_finished seconds is gone"),
        (_new_abstract, "stages.Formatter.translate is abstract, and was not"),
        (_made_abstract, "stages.Splitter.order is abstract, and was not"),
        (
            _renamed,
            "stages.Validator.observe takes ['state', 'rows'], and took ['state', 'chunk']",
        ),
        (_required, "records.Finding must be given 'place', which could be left out"),
        (_default_lost, "stages.Trainer.follow must be given 'seen', which could be left out"),
        (_no_longer_called, "stages.Engine.map cannot be called any more"),
        (_literal_lost, "records.Format preference is gone"),
    ],
)
def test_what_breaks_others_is_told(
    now: Surface, change: Callable[[Surface], None], told: str
) -> None:
    later = copy.deepcopy(now)
    change(later)
    assert broken(now, later) == [told]


def test_what_was_added_breaks_nobody(now: Surface) -> None:
    later = copy.deepcopy(now)
    later["stages.Splitter.describe"] = {"abstract": False, "parameters": []}
    later["hook stage_finished rows"] = {}
    later["records.Finding"]["parameters"].append(["place", False])
    assert broken(now, later) == []
