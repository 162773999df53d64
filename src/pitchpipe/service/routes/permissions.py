"""Who may use a checkpoint: only kept and listed, since here everybody may."""

from __future__ import annotations

from collections.abc import Callable

from pitchpipe.service.engine.models import Models
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.paging import Page, order, page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Store


class PermissionRoutes:
    """The routes under ``/v1/fine_tuning/checkpoints``.

    Args:
        store: where permissions are.
        models: the checkpoints, by name.
        clock: Unix seconds.
    """

    def __init__(self, store: Store, models: Models, clock: Callable[[], float]) -> None:
        self._store = store
        self._models = models
        self._clock = clock

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        permissions = "/fine_tuning/checkpoints/*/permissions"
        return (
            Route("GET", permissions, self.list),
            Route("POST", permissions, self.create),
            Route("DELETE", f"{permissions}/*", self.delete),
        )

    def list(self, request: Request, checkpoint: str) -> Response:
        """Lists a checkpoint's permissions, newest first unless ``order`` says otherwise."""
        self._check(checkpoint)
        newest_first = order(request, "ascending", "descending", "descending") == "descending"
        project = request.get("project_id")
        where = Filter(checkpoint, wanted={"project_id": project} if project else None)
        found = page(
            self._store, request, "permission", where, default=10, newest_first=newest_first
        )
        return Response.of_json(found.to_json() | found.ends(None))

    def create(self, request: Request, checkpoint: str) -> Response:
        """Permits a checkpoint to projects; those that may use it already stay as they are."""
        self._check(checkpoint)
        asked = params.check(params.CreatePermission, request.json())
        with self._store.transaction():
            for project in dict.fromkeys(asked.project_ids):
                if not self._store.rows("permission", _of(checkpoint, project)):
                    self._add(checkpoint, project)
            rows = [
                row
                for project in dict.fromkeys(asked.project_ids)
                for row in self._store.rows("permission", _of(checkpoint, project))
            ]
        found = Page(rows, has_more=False)
        return Response.of_json(found.to_json() | found.ends(None))

    def delete(self, _: Request, checkpoint: str, permission_id: str) -> Response:
        """Takes a permission back."""
        self._check(checkpoint)
        with self._store.transaction():
            row = self._store.get("permission", permission_id)
            if row is None or row.parent != checkpoint:
                raise ApiError(
                    404,
                    f"No permission of '{checkpoint}' has the id '{permission_id}'.",
                    param="permission_id",
                )
            self._store.delete("permission", permission_id)
        return Response.of_json(
            {"id": permission_id, "object": "checkpoint.permission", "deleted": True}
        )

    def _add(self, checkpoint: str, project: str) -> None:
        body: JSON = {
            "id": self._store.new_id("cp_"),
            "object": "checkpoint.permission",
            "created_at": int(self._clock()),
            "project_id": project,
        }
        self._store.add("permission", body["id"], body, parent=checkpoint)

    def _check(self, checkpoint: str) -> None:
        model = self._models.find(checkpoint)
        if model is None or not model.key:
            raise ApiError(
                404,
                f"No fine-tuned model or checkpoint is called '{checkpoint}'.",
                param="fine_tuned_model_checkpoint",
                code="model_not_found",
            )


def _of(checkpoint: str, project: str) -> Filter:
    return Filter(checkpoint, wanted={"project_id": project})
