"""Cursor pagination, the same for every list of the API."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.service.http import JSON, ApiError, Request
from pitchpipe.service.storage.store import Filter, Row, Store


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        rows: what is on it.
        has_more: whether another follows.
    """

    rows: list[Row]
    has_more: bool

    def to_json(self, data: list[JSON] | None = None) -> JSON:
        """The page as the API shows it, by default with the rows' own bodies."""
        return {
            "object": "list",
            "data": [row.body for row in self.rows] if data is None else data,
            "has_more": self.has_more,
        }

    def ends(self, empty: str | None) -> JSON:
        """The cursors ``first_id`` and ``last_id``; both ``empty`` when nothing is on the page."""
        rows = self.rows
        return {
            "first_id": rows[0].id if rows else empty,
            "last_id": rows[-1].id if rows else empty,
        }


def page(
    store: Store,
    request: Request,
    kind: str,
    where: Filter | None = None,
    *,
    default: int = 20,
    most: int = 100,
    newest_first: bool = True,
) -> Page:
    """The page that the query's ``after`` and ``limit`` ask for.

    Args:
        store: where the rows are.
        request: its query says which page.
        kind: what is listed.
        where: which of them.
        default: rows on a page when the query does not say.
        most: the most rows on a page.
        newest_first: the order.

    Raises:
        ApiError: the limit is out of range, or nothing in the list has the cursor's id.
    """
    where = where or Filter()
    limit = _limit(request, default, most)
    after = request.get("after")
    place = store.position(kind, after, where.parent) if after else None
    if after and place is None:
        raise ApiError(
            400,
            f"Invalid 'after': no {kind} of this list has the id '{after}'.",
            param="after",
            code="invalid_value",
        )
    rows = store.rows(kind, where, after=place, limit=limit + 1, newest_first=newest_first)
    return Page(rows[:limit], len(rows) > limit)


def order(request: Request, rising: str, falling: str, default: str) -> str:
    """What the query's ``order`` says.

    Args:
        request: its query says it.
        rising: the word for oldest first.
        falling: the word for newest first.
        default: the word when the query says none.

    Raises:
        ApiError: it is neither.
    """
    word = request.get("order") or default
    if word not in (rising, falling):
        raise ApiError(
            400,
            f"Invalid value: '{word}'. Supported values are: '{rising}' and '{falling}'.",
            param="order",
            code="invalid_value",
        )
    return word


def _limit(request: Request, default: int, most: int) -> int:
    text = request.get("limit")
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise ApiError(
            400,
            f"Invalid type for 'limit': expected an integer, but got '{text}' instead.",
            param="limit",
            code="invalid_type",
        )
    beyond = 0 if text.startswith("-") else most + 1
    limit = int(text) if len(text) < 10 else beyond
    if 1 <= limit <= most:
        return limit
    side, bound = ("below minimum", 1) if limit < 1 else ("above maximum", most)
    raise ApiError(
        400,
        f"Invalid 'limit': integer {side} value. "
        f"Expected a value {'>=' if limit < 1 else '<='} {bound}, but got {text} instead.",
        param="limit",
        code=f"integer_{side.replace(' ', '_')}_value".replace("minimum", "min").replace(
            "maximum", "max"
        ),
    )
