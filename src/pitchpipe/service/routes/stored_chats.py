"""Chat completions that were stored because their requests asked for it."""

from __future__ import annotations

import re

from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import params
from pitchpipe.service.protocol.paging import order, page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Row, Store

_KIND = "chat"
_MESSAGE = "chat-message"
_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)


class StoredChatRoutes:
    """The routes that list, change and delete stored chat completions.

    Args:
        store: where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        one = "/chat/completions/*"
        return (
            Route("GET", "/chat/completions", self.list),
            Route("GET", one, self.retrieve),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
            Route("GET", f"{one}/messages", self.messages),
        )

    def list(self, request: Request) -> Response:
        """Lists them, oldest first unless ``order`` says otherwise, by model and metadata."""
        wanted = {m[1]: value for key, value in request.query if (m := _METADATA.fullmatch(key))}
        where = Filter(path="$.metadata", wanted=wanted, model=request.get("model") or "")
        newest_first = order(request, "asc", "desc", "asc") == "desc"
        found = page(self._store, request, _KIND, where, newest_first=newest_first)
        return Response.of_json(found.to_json() | found.ends(""))

    def retrieve(self, _: Request, chat_id: str) -> Response:
        """Gives one back."""
        return Response.of_json(self._get(chat_id).body)

    def update(self, request: Request, chat_id: str) -> Response:
        """Changes one's metadata."""
        asked = params.check(params.UpdateChat, request.json())
        with self._store.transaction():
            row = self._get(chat_id)
            row.body["metadata"] = asked.metadata or {}
            self._store.update(row)
        return Response.of_json(row.body)

    def delete(self, _: Request, chat_id: str) -> Response:
        """Deletes one."""
        with self._store.transaction():
            self._get(chat_id)
            self._store.delete(_KIND, chat_id)
            for message in self._store.rows(_MESSAGE, Filter(chat_id)):
                self._store.delete(_MESSAGE, message.id)
        return Response.of_json(
            {"id": chat_id, "object": "chat.completion.deleted", "deleted": True}
        )

    def messages(self, request: Request, chat_id: str) -> Response:
        """Lists the messages that one answered, oldest first unless ``order`` says otherwise."""
        self._get(chat_id)
        newest_first = order(request, "asc", "desc", "asc") == "desc"
        found = page(self._store, request, _MESSAGE, Filter(chat_id), newest_first=newest_first)
        return Response.of_json(found.to_json() | found.ends(""))

    def _get(self, chat_id: str) -> Row:
        row = self._store.get(_KIND, chat_id)
        if row is None:
            raise ApiError(
                404, f"No stored chat completion has the id '{chat_id}'.", param="completion_id"
            )
        return row


def is_stored(request: Request) -> bool:
    """Whether a request for a chat completion asks to store it."""
    try:
        return bool(request.json().get("store"))
    except ApiError:
        return False


def keep(store: Store, body: JSON, messages: list[JSON]) -> None:
    """Stores a chat completion with the messages that it answers.

    Args:
        store: where.
        body: the chat completion, with its metadata.
        messages: of the request.
    """
    with store.transaction():
        store.add(_KIND, body["id"], body)
        for place, message in enumerate(messages):
            key = f"{body['id']}-{place}"
            shown = {"id": key, "name": None, "content": None} | message
            store.add(_MESSAGE, key, shown, parent=body["id"])
