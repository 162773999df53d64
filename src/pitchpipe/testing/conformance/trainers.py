"""What a trainer promises."""

from __future__ import annotations

import contextlib
import dataclasses

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe import budget
from pitchpipe.errors import BudgetError, PitchpipeError
from pitchpipe.records import Job, JobEvent, TrainingSpec
from pitchpipe.stages import Trainer
from pitchpipe.testing.conformance.jobs import followed, job_ids, prepared, submitted
from pitchpipe.testing.conformance.ledgers import Killed, MemoryLedger, deaths
from pitchpipe.testing.conformance.promises import Broken, Clause, Promises, copied, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Trainer, share=0)


def _spec(subject: Subject) -> SearchStrategy[TrainingSpec]:
    return st.just(subject.spec)


def _paused(subject: Subject, job_id: str) -> Job | None:
    """The job, paused as soon as the service lets it be."""
    for _ in subject.stage.follow(job_id):
        with contextlib.suppress(PitchpipeError):  # too early, or too late
            paused: Job = subject.stage.pause(job_id)
            return paused
    return None


def _ids(events: list[JobEvent]) -> list[str]:
    return [event.id for event in events]


@promise("estimate-sends-nothing", "estimate sends nothing", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    before = job_ids(subject)
    estimate = subject.stage.estimate(prepared(subject), spec)
    expect(estimate.tokens > 0, "tokens in the training file", estimate)
    expect(estimate.epochs >= 1, "at least one epoch", estimate)
    expect(job_ids(subject) == before, f"the jobs {sorted(before)}", sorted(job_ids(subject)))


@promise("estimate-in-usd", "the cost of an estimate is a number of 0 or more, or None", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    estimate = subject.stage.estimate(prepared(subject), spec)
    known = estimate.cost is None or budget.cost_of(estimate) is not None
    expect(known, "US dollars, 0 or more, or None", estimate)


@promise("max-cost-kept", "no job is created that has a limit and may cost more", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    data = prepared(subject)
    cost = budget.cost_of(subject.stage.estimate(data, spec))
    before, ledger = job_ids(subject), MemoryLedger()
    limited = dataclasses.replace(spec, max_cost=0.0 if cost is None else cost / 2)
    with contextlib.suppress(BudgetError):
        budget.submit(subject.stage, data, limited, ledger)
        expect(cost == 0.0, "a refusal before anything is submitted", limited)
        return
    expect(cost != 0.0, "a job, as it costs nothing", limited)
    made = sorted(job_ids(subject) - before)
    expect(not made, "no job", made)
    expect(not ledger.outcomes, "nothing that was done", ledger.outcomes)


@promise(
    "submits-once", "with the same ledger there is one job, whenever it was interrupted", _spec
)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    for ledger in deaths():
        before = job_ids(subject)
        try:
            submitted(subject, ledger)
        except Killed:
            job = submitted(subject, MemoryLedger(ledger))
            made = sorted(job_ids(subject) - before)
            expect(made == [job.id], f"one job, {job.id}, after a death {ledger.moment}", made)
        else:
            return


@promise("adopts", "a second submit adopts the uploads and the job of the first", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    ledger = MemoryLedger()
    first = submitted(subject, ledger)
    before, written = job_ids(subject), copied((ledger.intentions, ledger.outcomes))
    second = submitted(subject, MemoryLedger(ledger))
    expect(second.id == first.id, f"job {first.id}", second.id)
    same_file = second.training_file == first.training_file
    expect(same_file, f"the upload {first.training_file}", second.training_file)
    made = sorted(job_ids(subject) - before)
    expect(not made, "no further job", made)
    now = (ledger.intentions, ledger.outcomes)
    expect(now == written, "nothing new in the ledger", now)


@promise("events-once", "follow gives every event once, oldest first, until the job ends", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, events = followed(subject)
    ids = _ids(events)
    expect(job.done, "a job that has ended", job)
    expect(events, "events", ids)
    repeated = sorted({event for event in ids if ids.count(event) > 1})
    expect(not repeated, "every event once", Clause(f"{', '.join(repeated)} more than once"))
    times = [event.created_at for event in events]
    expect(times == sorted(times), "the oldest first", times)
    again = _ids(list(subject.stage.follow(job.id)))
    expect(again == ids, f"the same events when followed anew, {ids}", again)


@promise("events-seen", "follow leaves out the events that were seen", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, events = followed(subject)
    ids = _ids(events)
    for count in range(len(ids) + 1):
        rest = _ids(list(subject.stage.follow(job.id, ids[:count])))
        expect(rest == ids[count:], f"{ids[count:]} after {ids[:count]}", rest)


@promise("job-told", "a job is told as it stands, and is among all jobs, the newest first", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, _ = followed(subject)
    expect(subject.stage.job(job.id) == job, f"{job}", subject.stage.job(job.id))
    if job.status == "succeeded":
        expect(job.fine_tuned_model, "the name of the tuned model", job)
    listed = list(subject.stage.jobs())
    ids = [each.id for each in listed]
    expect(ids.count(job.id) == 1, f"job {job.id} among all jobs once", ids)
    times = [each.created_at for each in listed]
    expect(times == sorted(times, reverse=True), "the newest job first", times)


@promise("cancel-ends", "cancel ends the job without a model", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job = submitted(subject)
    ended = subject.stage.cancel(job.id)
    expect(ended.id == job.id, f"job {job.id}", ended)
    list(subject.stage.follow(job.id))
    job = subject.stage.job(job.id)
    expect(job.done, "a job that has ended", job)
    expect(job.fine_tuned_model is None, "no model", job)


@promise("pause-and-resume", "a paused job waits until it is resumed", _spec, flag="pauses")
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job = submitted(subject)
    paused = _paused(subject, job.id)
    if paused is None:
        raise Broken("a moment at which the job can be paused", Clause("none"))
    expect(paused.id == job.id and not paused.done, f"job {job.id}, which has not ended", paused)
    expect(subject.stage.job(job.id) == paused, f"{paused}", subject.stage.job(job.id))
    resumed = subject.stage.resume(job.id)
    expect(resumed.status != paused.status, f"a status other than {paused.status!r}", resumed)
    list(subject.stage.follow(job.id))
    job = subject.stage.job(job.id)
    expect(job.fine_tuned_model, "a model in the end", job)


@promise(
    "checkpoints-by-step",
    "checkpoints are models kept on the way, by step",
    _spec,
    flag="checkpoints",
)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, _ = followed(subject)
    checkpoints = list(subject.stage.checkpoints(job.id))
    expect(checkpoints, "checkpoints", checkpoints)
    steps = [checkpoint.step for checkpoint in checkpoints]
    expect(steps == sorted(set(steps)), "ascending steps", steps)
    models = {checkpoint.model for checkpoint in checkpoints}
    expect(len(models) == len(steps), "a model each", checkpoints)


@promise("metrics-by-step", "metrics have one row a step", _spec)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, _ = followed(subject)
    metrics = subject.stage.metrics(job.id)
    expect(isinstance(metrics, pd.DataFrame) and len(metrics), "a table with rows", metrics)
    expect("step" in metrics, "a column 'step'", list(metrics.columns))
    steps = metrics["step"].tolist()
    expect(steps == sorted(set(steps)), "each step once, ascending", steps)


@promise(
    "contract-kept",
    "the contract is saved with the model on the service",
    _spec,
    flag="keeps_contract",
)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    job, _ = followed(subject)
    wanted = prepared(subject).contract
    contract = subject.stage.contract(job.fine_tuned_model)
    expect(contract == wanted, f"{wanted}", contract)
    none = subject.stage.contract("no-model-of-that-name")
    expect(none is None, "None for a model that is not there", none)


@promise(
    "deterministic",
    "the same files, options and seed give the same metrics",
    _spec,
    flag="deterministic",
)
def _(subject: Subject, spec: TrainingSpec) -> None:
    del spec
    (one, _), (two, _) = followed(subject), followed(subject)
    expect(one.id != two.id, "another ledger to have another job", two.id)
    first, again = subject.stage.metrics(one.id), subject.stage.metrics(two.id)
    expect(again.equals(first), f"as at first\n{first.to_string()}\n", again)
