"""Which models there are."""

from __future__ import annotations

from pitchpipe.service.engine.catalog import Base
from pitchpipe.service.engine.models import CHECKPOINT, TUNED, Models, unknown
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Row, Store


class ModelRoutes:
    """The routes under ``/v1/models``.

    Args:
        store: where tuned models are listed.
        models: the models.
    """

    def __init__(self, store: Store, models: Models) -> None:
        self._store = store
        self._models = models

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("GET", "/models", self.list),
            Route("GET", "/models/*", self.retrieve, quick=True),
            Route("DELETE", "/models/*", self.delete),
        )

    def list(self, _: Request) -> Response:
        """Lists the base models, then the tuned ones; their checkpoints only answer by name."""
        rows = self._store.rows("model", Filter(parent=TUNED))
        data = [_shown(name, base) for name, base in self._models.bases.items()]
        data += [self._tuned(row) for row in rows]
        return Response.of_json({"object": "list", "data": data})

    def retrieve(self, _: Request, name: str) -> Response:
        """Describes a model."""
        if name in self._models.bases:
            return Response.of_json(_shown(name, self._models.bases[name]))
        row = self._store.get("model", name)
        if row is None:
            raise unknown(name)
        return Response.of_json(self._tuned(row))

    def delete(self, _: Request, name: str) -> Response:
        """Deletes a tuned model."""
        if name in self._models.bases:
            raise ApiError(
                403,
                f"The model '{name}' is a base model and cannot be deleted.",
                param="model",
                kind="insufficient_permissions",
            )
        row = self._store.get("model", name)
        if row is None:
            raise unknown(name)
        if row.parent == CHECKPOINT:
            raise ApiError(
                400,
                f"The model '{name}' is a checkpoint; it goes with its job and is not deleted.",
                param="model",
            )
        self._models.forget(name)
        return Response.of_json({"id": name, "object": "model", "deleted": True})

    def _tuned(self, row: Row) -> JSON:
        """A tuned model: it answers until its base model retires."""
        base = self._models.bases.get(row.private["base"])
        return row.body | {"shutdown_date": _day(base)}


def _shown(name: str, base: Base) -> JSON:
    return {
        "id": name,
        "object": "model",
        "created": base.created,
        "owned_by": base.owner,
        "shutdown_date": _day(base),
    }


def _day(base: Base | None) -> str | None:
    """When a model retires, as the API writes it (YYYY-MM-DD); None where no day is known."""
    day = base and base.shutdown_date
    return day.isoformat() if day else None
