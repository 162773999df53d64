"""What every distribution under plugins/ keeps to, installed or not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pitchpipe import registry


def imports(path: Path) -> Iterator[str]:
    """What a module imports from Pitchpipe, by full names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "pitchpipe")


def test_it_imports_public_modules_alone(folder) -> None:
    found = [name for path in folder.path.rglob("*.py") for name in imports(path)]
    assert found
    private = [
        name
        for name in found
        if any(part.startswith("_") and part != "__version__" for part in name.split("."))
        or name.startswith("pitchpipe.default_plugins")
    ]
    assert private == []


def test_it_is_a_whole_distribution(folder) -> None:
    name = folder.project["name"]
    module = name.replace("-", "_")
    assert folder.path.name == name
    assert folder.project["requires-python"] == ">=3.11"
    assert folder.project["license"] == "MIT"
    assert "pitchpipe>=0.1" in folder.project["dependencies"]
    assert (folder.path / "src" / module / "py.typed").is_file()
    assert list(folder.path.glob("tests/test_*.py"))
    assert (folder.path / "README.md").read_text("utf-8").startswith(f"# {name}\n")


def test_it_is_described(folder) -> None:
    root = folder.path.parents[1]
    name = folder.path.name
    assert f"({name}/README.md)" in (root / "plugins/README.md").read_text("utf-8")
    assert f"\n## {name}\n" in (root / "docs/reference/plugins.md").read_text("utf-8")


def test_who_lacks_it_is_told_of_real_distributions(root: Path) -> None:
    named = set(registry.ELSEWHERE.values())
    assert named <= {path.parent.name for path in root.glob("plugins/*/pyproject.toml")}
