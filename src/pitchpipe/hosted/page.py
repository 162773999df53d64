"""An inventory as one page of HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TypeAlias

from pitchpipe.hosted.inventory import KINDS, Deadline, Inventory
from pitchpipe.hosted.objects import Kind, Reference
from pitchpipe.hosted.rows import TITLES, cells, shown_size

Anchors: TypeAlias = Mapping[tuple[Kind, str], str]

HEADINGS: Mapping[Kind, str] = {
    "model": "Tuned models",
    "checkpoint": "Checkpoints",
    "job": "Jobs",
    "batch": "Batches",
    "file": "Files",
}

_STYLE = """
:root { color-scheme: light dark; --line: #c8c8c8; --soft: #f3f3f3; --warn: #a33000; }
@media (prefers-color-scheme: dark) {
  :root { --line: #4a4a4a; --soft: #242424; --warn: #ff9a6b; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { background: var(--soft); white-space: nowrap; }
ol.dates { list-style: none; padding: 0; }
ol.dates > li { border-left: 3px solid var(--line); padding: .2rem 0 .6rem .9rem; }
ol.dates > li.soon { border-color: var(--warn); }
ol.dates time { font-weight: 600; }
.note { color: var(--warn); } .small { font-size: .85rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } .scroll { overflow: visible; }
  tr, li { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""

_SOON_DAYS = 30


def html_page(inventory: Inventory) -> str:
    """The page: what ends when, then every object, those that go first at the top.

    It holds its style and loads nothing. It is light or dark as the reader's system is, and can be
    printed.
    """
    anchors = {
        (kind, item.id): f"{kind}-{number}"
        for kind in KINDS
        for number, item in enumerate(inventory.items[kind], start=1)
    }
    body = "\n".join(_body(inventory, anchors))
    title = _text(f"Inventory of {inventory.service}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )


def _body(inventory: Inventory, anchors: Anchors) -> Iterator[str]:
    yield f"<h1>Inventory of {_text(inventory.service)}</h1>"
    account = ", ".join(f"{name}: {value}" for name, value in inventory.account.items())
    about = f"Asked on {inventory.read_at:%Y-%m-%d %H:%M} UTC." + (
        f" {account}." if account else ""
    )
    yield f'<p class="small">{_text(about)}</p>'
    if not inventory.complete:
        yield '<p class="note">Some lists broke off: this inventory is not complete.</p>'
    yield "<h2>What goes when</h2>"
    yield from _dates(inventory, anchors)
    yield "<h2>What there is</h2>"
    yield _table(
        ("what", "count", "size"), [[_text(str(cell)) for cell in row] for row in totals(inventory)]
    )
    for kind in KINDS:
        yield from _section(inventory, kind, anchors)


def totals(inventory: Inventory) -> list[tuple[str, int, str]]:
    """How much there is of each kind."""
    return [
        (HEADINGS[kind], len(items), shown_size(inventory.bytes) if kind == "file" else "-")
        for kind, items in inventory.items.items()
    ]


def _dates(inventory: Inventory, anchors: Anchors) -> Iterator[str]:
    if not inventory.deadlines:
        yield "<p>No date is known on which anything of this goes.</p>"
        return
    yield '<ol class="dates">'
    for deadline in inventory.deadlines:
        left = (deadline.day - inventory.read_at.date()).days
        soon = ' class="soon"' if left <= _SOON_DAYS else ""
        yield (
            f'<li{soon}><time datetime="{deadline.day}">{deadline.day}</time> '
            f"({_text(days_left(left))}): {_text(deadline.what)}.{_ids(deadline, anchors)} "
            f'<span class="small">Source: {_text(deadline.source)}.</span></li>'
        )
    yield "</ol>"


def days_left(days: int) -> str:
    """How far off a day is, in words."""
    if days == 0:
        return "today"
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {count}" if days > 0 else f"{count} ago"


def _ids(deadline: Deadline, anchors: Anchors) -> str:
    if deadline.kind is None or not deadline.ids:
        return ""
    links = ", ".join(_link(deadline.kind, one, anchors) for one in deadline.ids)
    return f'<br><span class="small">{links}</span>'


def _section(inventory: Inventory, kind: Kind, anchors: Anchors) -> Iterator[str]:
    yield f"<h2>{HEADINGS[kind]}</h2>"
    if kind in inventory.not_listed:
        yield f'<p class="note">Not listed in full: {_text(inventory.not_listed[kind])}.</p>'
    items = inventory.items[kind]
    if not items:
        yield "<p>None.</p>"
        return
    rows = [
        [
            *(_text(cell) for cell in cells(item)),
            _references(item.refers_to, anchors),
            _references(item.used_by, anchors),
        ]
        for item in items
    ]
    yield _table(
        (*TITLES[kind], "refers to", "used by"), rows, [anchors[kind, i.id] for i in items]
    )


def _references(mentions: Sequence[Reference], anchors: Anchors) -> str:
    return "<br>".join(
        f"{_text(mention.role)}: {_link(mention.kind, mention.id, anchors)}" for mention in mentions
    )


def _link(kind: Kind, name: str, anchors: Anchors) -> str:
    anchor = anchors.get((kind, name))
    return f'<a href="#{anchor}">{_text(name)}</a>' if anchor else _text(name)


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], anchors: Sequence[str] = ()
) -> str:
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    lines = [
        (f'<tr id="{anchors[number]}">' if anchors else "<tr>")
        + "".join(f"<td>{cell}</td>" for cell in row)
        + "</tr>"
        for number, row in enumerate(rows)
    ]
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )


def _text(value: str) -> str:
    """Text of anybody's in HTML: escaped, and without signs that turn what stands around it."""
    plain = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in value)
    return escape(plain)
