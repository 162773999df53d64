"""Which handler answers a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from pitchpipe.service.http import ApiError, Request, Response

Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """One thing that clients may ask for.

    Attributes:
        method: in capitals.
        template: the path under ``/v1``; ``*`` stands for one segment.
        handler: called with the request and, decoded, what stands at each ``*``.
        quick: whether it always answers in well under a millisecond, so that a server need not
            hand it to a thread; or what tells so each time.
        writes: whether a request changes the database, and may have to wait for another process
            that has locked it; then it is not quick.
    """

    method: str
    template: str
    handler: Handler
    quick: bool | Callable[[], bool] = False
    writes: Callable[[Request], bool] = lambda _: False

    def is_quick(self, request: Request | None = None) -> bool:
        """Whether it is quick now, and with this request."""
        if request is not None and self.writes(request):
            return False
        return self.quick() if callable(self.quick) else self.quick


Found = tuple[Route, list[str]]
"""A route, and what stands at each ``*`` of its template."""


@dataclass
class _Node:
    routes: dict[str, Route] = field(default_factory=dict)
    children: dict[str, _Node] = field(default_factory=dict)


class Router:
    """Routes as a tree of path segments; a literal segment goes before ``*``.

    Args:
        routes: all there are.
        prefix: the first segment of every path.
    """

    def __init__(self, routes: Iterable[Route], prefix: str = "v1") -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in (prefix, *route.template.strip("/").split("/")):
                node = node.children.setdefault(segment, _Node())
            node.routes[route.method] = route

    def find(self, request: Request) -> Found:
        """The route of a request, and what stands at each ``*``.

        Raises:
            ApiError: there is none, or not for that method.
        """
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        node, captured = self._walk(self._root, parts, 0)
        if node is None:
            raise ApiError(404, f"Invalid URL ({request.method} {request.path})")
        route = node.routes.get(request.method)
        if route is None:
            raise ApiError(405, f"Not allowed to {request.method} on {request.path}.")
        return route, captured

    def _walk(self, node: _Node, parts: list[str], place: int) -> tuple[_Node | None, list[str]]:
        if place == len(parts):
            return (node if node.routes else None), []
        part = parts[place]
        if part != "*" and part in node.children:
            found, captured = self._walk(node.children[part], parts, place + 1)
            if found is not None:
                return found, captured
        if part and "*" in node.children:
            found, captured = self._walk(node.children["*"], parts, place + 1)
            return found, [part, *captured]
        return None, []
