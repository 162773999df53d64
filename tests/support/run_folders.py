"""Finished runs to damage, and what their service holds afterwards."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pitchpipe import Pipeline, PluginHost, Run

TABLE = "text,tag\n" + "".join(
    f"{word} film number {number},{tag}\n"
    for number in range(20)
    for word, tag in (("fine", "pos"), ("dull", "neg"))
)


@dataclass(frozen=True)
class World:
    """A table, a service and a run folder, all below one folder."""

    base: Path

    @property
    def table(self) -> Path:
        return self.base / "films.csv"

    @property
    def folder(self) -> Path:
        return self.base / "run"

    @property
    def pipeline(self) -> Pipeline:
        tables = {"trainer": {"name": "fake", "base_url": f"offline:{self.base / 'service'}"}}
        return Pipeline.from_config(tables, PluginHost(entry_points=False))

    @property
    def words(self) -> list[str]:
        """The command of the run."""
        service = f"offline:{self.base / 'service'}"
        return ["run", str(self.table), "--run-dir", str(self.folder), "--base-url", service]

    def run(self) -> Run:
        return self.pipeline.run(self.table, self.folder)

    def paid(self) -> tuple[list[str], list[str]]:
        """The jobs and the uploads of the service."""
        trainer = self.pipeline.trainer
        with trainer.client() as client:
            files = [file.id for file in client.files.list(purpose="fine-tune")]
        return [job.id for job in trainer.jobs()], sorted(files)


def new_world(base: Path) -> World:
    base.mkdir(parents=True, exist_ok=True)
    world = World(base)
    world.table.write_text(TABLE, encoding="utf-8")
    return world


def finished_run(base: Path) -> World:
    """A world whose run is finished, with a copy of its folder in ``copy``."""
    world = new_world(base)
    world.run()
    shutil.copytree(world.folder, world.base / "copy")
    return world


def kept(folder: Path, copy: Path) -> None:
    """Puts a run folder back as its copy is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(copy, folder)
