"""What a service holds: files, jobs, tuned models, checkpoints and batches, and what ends when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import ServiceError
from pitchpipe.hosted import objects
from pitchpipe.hosted.addresses import on_azure, service_address
from pitchpipe.hosted.objects import Kind, Reference
from pitchpipe.hosted.reading import ApiObject, HostedReader, ListKind, ReadError, open_reader
from pitchpipe.hosted.shutdowns import ShutDown, shut_down, stated
from pitchpipe.models import model_table

Report: TypeAlias = Callable[[str, int], None]
"""Is told how many objects of a list were read."""

SCHEMA = 1
"""The version of what ``Inventory.to_json`` makes; it changes when a key changes its meaning."""

KINDS: Mapping[Kind, ListKind] = {
    "model": "models",
    "checkpoint": "checkpoints",
    "job": "jobs",
    "batch": "batches",
    "file": "files",
}
"""What is listed, and what it is called in the plural, in the order of the reports."""

_MAX_REFUSED = 3
"""Jobs in a row whose checkpoints are refused before no more are asked for."""


@dataclass(frozen=True)
class Item:
    """One object that the service holds.

    Attributes:
        kind: what it is.
        id: its id; of a model and a checkpoint the name by which it answers.
        described: as the service sent it; empty for a model that only its job mentions.
        created: when it was made.
        status: in the service's words.
        name: of a file.
        purpose: of a file.
        size: of a file, in bytes.
        base_model: of a job, a model and a checkpoint.
        method: by which it was trained.
        hyperparameters: with which it was trained.
        suffix: what the user added to the model's name.
        step: of a checkpoint.
        metrics: of a checkpoint.
        expires: when the service deletes it.
        shut_down: the first day on which the model does not answer; of a job, its model.
        listed: whether a list of the service has it, and not only a mention.
        refers_to: what it mentions.
        used_by: what mentions it.
    """

    kind: Kind
    id: str
    described: Mapping[str, Any]
    created: datetime | None = None
    status: str | None = None
    name: str | None = None
    purpose: str | None = None
    size: int | None = None
    base_model: str | None = None
    method: str | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    suffix: str | None = None
    step: int | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    shut_down: ShutDown | None = None
    listed: bool = True
    refers_to: Sequence[Reference] = ()
    used_by: Sequence[Reference] = ()

    @property
    def last_day(self) -> date | None:
        """The day on which it goes, None where none is known."""
        if self.shut_down is not None:
            return self.shut_down.day
        return self.expires.date() if self.expires else None

    def to_json(self) -> dict[str, Any]:
        """The object as JSON: the same keys for every kind, null where there is nothing."""
        return {
            "id": self.id,
            "created_at": _iso(self.created),
            "status": self.status,
            "name": self.name,
            "purpose": self.purpose,
            "bytes": self.size,
            "base_model": self.base_model,
            "method": self.method,
            "hyperparameters": dict(self.hyperparameters),
            "suffix": self.suffix,
            "step": self.step,
            "metrics": dict(self.metrics),
            "expires_at": _iso(self.expires),
            "shut_down": self.shut_down.to_json() if self.shut_down else None,
            "listed": self.listed,
            "refers_to": [reference.to_json() for reference in self.refers_to],
            "used_by": [reference.to_json() for reference in self.used_by],
            "object": dict(self.described),
        }


@dataclass(frozen=True)
class Deadline:
    """A day on which something ends.

    Attributes:
        day: the day.
        what: what ends, in one sentence without a full stop.
        source: who says so.
        kind: of the objects that go.
        ids: the objects that go.
    """

    day: date
    what: str
    source: str
    kind: Kind | None = None
    ids: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The deadline as JSON."""
        return {
            "day": self.day.isoformat(),
            "what": self.what,
            "source": self.source,
            "kind": self.kind,
            "ids": list(self.ids),
        }


@dataclass(frozen=True)
class Inventory:
    """What a service holds, as it stood when it was asked.

    Attributes:
        service: its address, without credentials.
        account: whose objects they are, as far as the service says.
        read_at: when it was asked.
        items: the objects by kind, those that go first at the beginning.
        not_listed: why a kind is not listed, or not all of it, by kind.
        deadlines: what ends when, soonest first.
        complete: whether every list that the service has was read to its end.
    """

    service: str
    account: Mapping[str, str]
    read_at: datetime
    items: Mapping[Kind, Sequence[Item]]
    not_listed: Mapping[Kind, str]
    deadlines: Sequence[Deadline]
    complete: bool = True

    @property
    def bytes(self) -> int:
        """The size of all files, as far as the service names it."""
        return sum(file.size or 0 for file in self.items["file"])

    @property
    def unused_files(self) -> list[str]:
        """The ids of the files that no job and no batch mentions."""
        return [file.id for file in self.items["file"] if not file.used_by]

    def to_json(self) -> dict[str, Any]:
        """The inventory as one JSON object; the reference has its keys."""
        return {
            "schema": SCHEMA,
            "service": self.service,
            "account": dict(self.account),
            "read_at": _iso(self.read_at),
            "complete": self.complete,
            "totals": {
                plural: {
                    "count": len(self.items[kind]),
                    "bytes": self.bytes if kind == "file" else None,
                    "not_listed": self.not_listed.get(kind),
                }
                for kind, plural in KINDS.items()
            },
            "deadlines": [deadline.to_json() for deadline in self.deadlines],
            "unused_files": self.unused_files,
            **{
                plural: [item.to_json() for item in self.items[kind]]
                for kind, plural in KINDS.items()
            },
        }


def take_inventory(
    connection: Connection, report: Report | None = None, now: datetime | None = None
) -> Inventory:
    """Asks a service for everything that an account holds there.

    A kind that the service does not list is named with the reason, and the others are listed.

    Args:
        connection: which service, and how patiently.
        report: is told of every hundredth object of a list, and of the last.
        now: when it is, by default now.

    Raises:
        ServiceError: the service cannot be reached, refuses the key, or lists nothing at all.
    """
    with open_reader(connection) as reader:
        lists = _Lists(reader, report or _quiet)
        jobs = lists.read("job")
        described = {
            "job": jobs,
            "file": lists.read("file"),
            "batch": lists.read("batch"),
            "model": lists.read("model"),
            "checkpoint": lists.checkpoints(jobs),
        }
    if len(lists.refused) == len(KINDS) - 1:
        reasons = "; ".join(f"{KINDS[kind]}: {why}" for kind, why in lists.not_listed.items())
        raise ServiceError(
            f"{service_address(connection)}: lists neither files nor jobs, models or batches "
            f"({reasons}). Check the base URL and the rights of the key."
        )
    items = _items(described, by_table=not on_azure(connection))
    moment = now or datetime.now(UTC)
    return Inventory(
        service_address(connection),
        dict(reader.account),
        moment,
        items,
        lists.not_listed,
        _deadlines(items, by_table=not on_azure(connection)),
        complete=not lists.broken,
    )


def _quiet(kind: str, done: int) -> None:
    """Tells nobody."""


class _Lists:
    """Reads lists, and notes those that the service does not give."""

    def __init__(self, reader: HostedReader, report: Report) -> None:
        self._reader = reader
        self._report = report
        self.not_listed: dict[Kind, str] = {}
        self.refused: set[Kind] = set()
        self.broken = False

    def read(self, kind: Kind) -> list[ApiObject]:
        found: list[ApiObject] = []
        plural = KINDS[kind]
        try:
            for described in self._reader.list(plural):
                found.append(described)
                if len(found) % 100 == 0:
                    self._report(plural, len(found))
        except ReadError as failure:
            self.broken = self.broken or failure.passing or bool(found)
            self.not_listed[kind] = f"the list broke off: {failure}" if found else str(failure)
            if not found:
                self.refused.add(kind)
        self._report(plural, len(found))
        self._note_unreadable(kind)
        return found

    def checkpoints(self, jobs: Iterable[ApiObject]) -> list[ApiObject]:
        found: list[ApiObject] = []
        refusals: list[str] = []
        answered = False
        for number, job in enumerate(jobs, start=1):
            if len(refusals) >= _MAX_REFUSED and not answered:
                refusals[-1] += ", and no further job was asked about"
                break
            try:
                found.extend(
                    {"fine_tuning_job_id": job["id"], **described}
                    for described in self._reader.list("checkpoints", job["id"])
                )
                answered = True
            except ReadError as failure:
                self.broken = self.broken or failure.passing
                refusals.append(f"{job['id']}: {failure}")
            if number % 100 == 0:
                self._report("checkpoints", len(found))
        self._report("checkpoints", len(found))
        if refusals:
            more = f" (and {len(refusals) - 1} jobs more)" if len(refusals) > 1 else ""
            self.not_listed["checkpoint"] = f"job {refusals[-1]}{more}"
        self._note_unreadable("checkpoint")
        return found

    def _note_unreadable(self, kind: Kind) -> None:
        count = self._reader.unreadable.get(KINDS[kind], 0)
        if count:
            earlier = f"{self.not_listed[kind]}; " if kind in self.not_listed else ""
            self.not_listed[kind] = f"{earlier}{count} entries of the list have no id"


def _items(
    described: Mapping[str, Sequence[ApiObject]], *, by_table: bool
) -> dict[Kind, list[Item]]:
    listed_days = {
        str(model["id"]): day for model in described["model"] if (day := stated(model)) is not None
    }

    def ending(name: str | None, base: str | None) -> ShutDown | None:
        return shut_down(name, base, listed_days, by_table=by_table) if name else None

    jobs = {str(job["id"]): _job(job, ending) for job in described["job"]}
    items: dict[Kind, list[Item]] = {
        "model": list(_models(described["model"], jobs, ending)),
        "checkpoint": [_checkpoint(one, jobs, ending) for one in described["checkpoint"]],
        "job": list(jobs.values()),
        "batch": [_item("batch", one) for one in described["batch"]],
        "file": [_file(one) for one in described["file"]],
    }
    users: dict[tuple[Kind, str], list[Reference]] = {}
    for kind, found in items.items():
        for item in found:
            for mention in item.refers_to:
                back = Reference(mention.role, kind, item.id)
                users.setdefault((mention.kind, mention.id), []).append(back)
    return {
        kind: sorted(
            (replace(item, used_by=users.get((kind, item.id), ())) for item in found),
            key=_soonest_first,
        )
        for kind, found in items.items()
    }


def _item(kind: Kind, described: ApiObject, **more: Any) -> Item:
    return Item(
        kind,
        str(described["id"]),
        described,
        objects.created(described),
        objects.text(described.get("status")),
        refers_to=objects.references(kind, described),
        **more,
    )


def _file(described: ApiObject) -> Item:
    return _item(
        "file",
        described,
        name=objects.text(described.get("filename")),
        purpose=objects.text(described.get("purpose")),
        size=objects.size_of(described),
        expires=objects.time_of(described.get("expires_at")),
    )


_Ending: TypeAlias = Callable[[str | None, str | None], ShutDown | None]


def _job(described: ApiObject, ending: _Ending) -> Item:
    base = objects.text(described.get("model"))
    return _item(
        "job",
        described,
        base_model=base,
        method=objects.method_of(described),
        hyperparameters=objects.hyperparameters_of(described),
        suffix=objects.suffix_of(described),
        shut_down=ending(objects.text(described.get("fine_tuned_model")), base),
    )


def _trained(job: Item | None) -> dict[str, Any]:
    """What a model or a checkpoint has from its job."""
    if job is None:
        return {}
    return {"method": job.method, "hyperparameters": job.hyperparameters, "suffix": job.suffix}


def _models(
    described: Iterable[ApiObject], jobs: Mapping[str, Item], ending: _Ending
) -> Iterator[Item]:
    """The tuned models that are listed, then those that only a job mentions."""
    makers = {str(job.described.get("fine_tuned_model")): job for job in jobs.values()}
    checkpoint = ":ckpt-step-"
    seen = set()
    for one in described:
        name = str(one["id"])
        maker = makers.get(name) or makers.get(name.partition(checkpoint)[0])
        if maker is None and not objects.is_tuned(one):
            continue
        seen.add(name)
        base = maker.base_model if maker else objects.base_model_of(one)
        item = _item("model", one, base_model=base, shut_down=ending(name, base), **_trained(maker))
        yield replace(item, refers_to=_to_maker(item, maker))
    for name, maker in makers.items():
        if name not in seen and objects.text(maker.described.get("fine_tuned_model")):
            yield Item(
                "model",
                name,
                {},
                base_model=maker.base_model,
                shut_down=ending(name, maker.base_model),
                listed=False,
                refers_to=_to_maker(None, maker),
                **_trained(maker),
            )


def _to_maker(model: Item | None, maker: Item | None) -> list[Reference]:
    known = list(model.refers_to) if model else []
    if maker is not None and not known:
        known.append(Reference("job", "job", maker.id))
    return known


def _checkpoint(described: ApiObject, jobs: Mapping[str, Item], ending: _Ending) -> Item:
    maker = jobs.get(str(described.get("fine_tuning_job_id")))
    name = objects.text(described.get("fine_tuned_model_checkpoint"))
    metrics = described.get("metrics")
    base = maker.base_model if maker else None
    item = _item(
        "checkpoint",
        described,
        base_model=base,
        step=objects.number(described.get("step_number")),
        metrics=metrics if isinstance(metrics, dict) else {},
        shut_down=ending(name, base),
        **_trained(maker),
    )
    return replace(item, id=name or item.id)


def _soonest_first(item: Item) -> tuple[date, float, str]:
    made = item.created.timestamp() if item.created else 0.0
    return (item.last_day or date.max, made, item.id)


def _deadlines(items: Mapping[Kind, Sequence[Item]], *, by_table: bool) -> list[Deadline]:
    table = model_table()
    published = f"{table.dates_source}, read {table.read}"
    found: list[Deadline] = []
    if by_table:
        what = "OpenAI's own service takes no fine-tuning jobs from anybody"
        found.append(Deadline(table.closes, what, published))
    things: dict[Kind, str] = {"model": "tuned model", "checkpoint": "checkpoint"}
    for kind, thing in things.items():
        groups: dict[tuple[date, str, str], list[str]] = {}
        for item in items[kind]:
            if item.shut_down:
                ending = item.shut_down
                of = ending.of if ending.of != item.id else item.base_model or item.id
                groups.setdefault((ending.day, of, ending.source), []).append(item.id)
        for (day, of, source), ids in groups.items():
            what = f"{_count(ids, thing)} of {of} {'stops' if len(ids) == 1 else 'stop'} answering"
            says = "the service" if source == "service" else published
            found.append(Deadline(day, what, says, kind, ids))
    files: dict[date, list[Item]] = {}
    for file in items["file"]:
        if file.expires:
            files.setdefault(file.expires.date(), []).append(file)
    for day, gone in files.items():
        ids = [file.id for file in gone]
        what = f"{_count(ids, 'file')} {'is' if len(ids) == 1 else 'are'} deleted"
        found.append(Deadline(day, what, "the service", "file", ids))
    return sorted(found, key=lambda deadline: (deadline.day, deadline.what))


def _count(ids: Sequence[str], thing: str) -> str:
    return f"{len(ids)} {thing}{'' if len(ids) == 1 else 's'}"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
