"""A distribution to start a plugin from: whole, working, and tested by its own tests."""

from __future__ import annotations

import keyword
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from pitchpipe import __version__
from pitchpipe.errors import UnknownNameError, UsageError
from pitchpipe.files import sync_folder, temporary, writing

KINDS = (
    "formatter",
    "validator",
    "splitter",
    "trainer",
    "predictor",
    "learner",
    "engine",
    "observer",
)
"""What a new distribution may offer."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_COMMON = {"pyproject.toml": "pyproject.toml", "README.md": "README.md", "tox.ini": "tox.ini"}


@dataclass(frozen=True)
class Names:
    """What things in a distribution are called.

    Attributes:
        distribution: the distribution, as given.
    """

    distribution: str

    def __post_init__(self) -> None:
        """Refuses what nobody could install or import.

        Raises:
            UsageError: it is no name of a distribution, or its module could not be imported.
        """
        if not _NAME.fullmatch(self.distribution):
            raise UsageError(
                f"{self.distribution!r} is not the name of a distribution; expected up to 50 ASCII "
                "letters, digits, dots, hyphens and underscores, a letter or digit at both ends."
            )
        module = self.module
        if not module.isidentifier() or keyword.iskeyword(module):
            raise UsageError(
                f"{self.distribution!r} would be imported as {module!r}, which Python cannot; "
                "choose a name that begins with a letter and is no keyword."
            )
        if module in sys.stdlib_module_names or module == "pitchpipe":
            raise UsageError(
                f"{self.distribution!r} would be imported as {module!r}, which is taken; "
                f"choose another name, such as pitchpipe-{self.stage}."
            )

    @property
    def module(self) -> str:
        """The package that holds the plugin."""
        return re.sub(r"[-_.]+", "_", self.distribution).lower()

    @property
    def stage(self) -> str:
        """The name that the stage is registered under."""
        return self.module.replace("_", "-")


def create(kind: str, name: str, folder: Path) -> list[Path]:
    """Writes a distribution, all of it or nothing.

    Args:
        kind: one of ``KINDS``.
        name: of the distribution.
        folder: where; it must be empty if it exists.

    Returns:
        The files, sorted.

    Raises:
        UnknownNameError: there is no such kind.
        UsageError: the name cannot be used, or the folder is not empty.
        WriteError: the folder could not be written.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)
    names = Names(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already and not empty; choose another with --out.")
    unfinished = temporary(folder)
    with writing(folder, unfinished):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            for path, text in _files(kind, names).items():
                (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
                (unfinished / path).write_text(text, encoding="utf-8")
            unfinished.rename(folder)  # replaces an empty folder
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        sync_folder(folder.parent)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _files(kind: str, names: Names) -> dict[str, str]:
    package = f"src/{names.module}"
    targets = {
        **_COMMON,
        f"{kind}/plugin.py": f"{package}/plugin.py",
        f"{kind}/test_plugin.py": f"tests/test_{names.module}.py",
    }
    values = {
        "name": names.distribution,
        "module": names.module,
        "stage": names.stage,
        "kind": kind,
        "target": "plugin:plugin" if kind == "observer" else "plugin",
        "use": _use(kind, names),
        "pitchpipe": ".".join(__version__.split(".")[:2]),
    }
    root = resources.files("pitchpipe.scaffold") / "templates"
    rendered = {
        target: Template((root / f"{source}.tmpl").read_text("utf-8")).substitute(values)
        for source, target in targets.items()
    }
    title = f'"""A plugin for Pitchpipe: {kind}."""\n'
    return {**rendered, f"{package}/__init__.py": title, f"{package}/py.typed": ""}


def _use(kind: str, names: Names) -> str:
    """How a user switches it on, as TOML."""
    if kind == "observer":
        return "# nothing to set: an installed observer hears of every run"
    if kind == "validator":
        return f'[validators]\nalso = ["{names.stage}"]'
    if kind == "learner":
        url = f"offline:.pitchpipe/service?learner={names.stage}"
        return f'[trainer]\nname = "fake"\nbase_url = "{url}"'
    return f'[{kind}]\nname = "{names.stage}"'
