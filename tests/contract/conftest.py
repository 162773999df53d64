from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract import document
from contract.checker import Contract
from world import World


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract file."""
    loaded = document.load()
    if loaded is None:
        pytest.skip(f"no contract at {document.path()}; {document.VARIABLE} may name it")
    return Contract(loaded)


@pytest.fixture
def world(contract: Contract) -> Iterator[World]:
    """A service, asked by the names of the contract's operations."""
    world = World(contract)
    yield world
    world.service.close()
