"""Holding trainings to the user's limit, ``training.max_cost``, before anything is uploaded.

Pipelines do it for every trainer, so that a trainer need not know of the limit.
"""

from __future__ import annotations

import copy
import json
import math
import shlex
from collections.abc import Iterable
from numbers import Real

from pitchpipe.errors import BudgetError, PitchpipeError
from pitchpipe.records import Estimate, Job, PreparedData, TrainingSpec
from pitchpipe.registry import option_names
from pitchpipe.stages import Ledger, Trainer

CREATED = "job"
"""The step whose outcome a trainer writes down when its job is created, and so paid for."""

_SUBMITTED = "submit"
"""The same, written down here for trainers that have another word for it."""


def submit(trainer: Trainer, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
    """Submits a training that keeps to the limit, or adopts the job that the ledger knows of.

    Args:
        trainer: any one.
        data: what it trains on.
        spec: how, and the limit.
        ledger: remembers uploads and job.

    Raises:
        BudgetError: the training costs more than the limit, or nobody knows what it costs; nothing
            was uploaded.
        PitchpipeError: the trainer could not submit it.
    """
    if not _is_paid(ledger):
        check(trainer, data, spec)
    job = trainer.submit(data, spec, ledger)
    if not _is_paid(ledger):
        ledger.done(_SUBMITTED, {"job_id": job.id})
    return job


def check(trainer: Trainer, data: PreparedData, spec: TrainingSpec) -> None:
    """Whether a new training keeps to the limit; nothing is sent.

    Raises:
        BudgetError: it costs more, or nobody knows what it costs.
    """
    limit = spec.max_cost
    if limit is None:
        return
    estimate = estimated(trainer, data, spec)
    cost = cost_of(estimate)
    if cost is None:
        raise unknown_cost(limit, f"training {spec.model}", estimate, trainer, data, spec)
    if cost > limit:
        fewer = (
            "lower --n-epochs, " if estimate.epochs > 1 and cost / estimate.epochs <= limit else ""
        )
        raise BudgetError(
            f"the estimate of {usd(cost)} ({estimate.tokens:,} tokens x {estimate.epochs} "
            f"epochs, {estimate.source}) is above max_cost, {usd(limit)}; nothing was "
            f"submitted. Raise --max-cost, {fewer}or use fewer records."
        )


def estimated(trainer: Trainer, data: PreparedData, spec: TrainingSpec) -> Estimate:
    """What a trainer says that a training takes.

    Raises:
        BudgetError: the trainer cannot say, and there is a limit to keep to.
        PitchpipeError: the data cannot be read.
    """
    if spec.max_cost is None:
        return trainer.estimate(data, spec)
    try:
        return trainer.estimate(data, spec)
    except PitchpipeError:
        raise
    except Exception as error:
        nothing = Estimate(0, 0, None, f"its estimate failed, {type(error).__name__}: {error}")
        raise unknown_cost(
            spec.max_cost, f"training {spec.model}", nothing, trainer, data, spec
        ) from error


def cost_of(estimate: Estimate) -> float | None:
    """The US dollars of an estimate; None where it has none, or no amount that can be spent."""
    cost: object = getattr(estimate, "cost", None)
    if not isinstance(cost, Real) or isinstance(cost, bool):
        return None
    amount = float(cost)
    return amount if math.isfinite(amount) and amount >= 0 else None


def usd(amount: float) -> str:
    """An amount of US dollars, with as many digits as it takes not to look like nothing."""
    return f"{amount:.2f} USD" if amount == 0 or amount >= 0.01 else f"{amount:.2g} USD"


def total_cost(estimates: Iterable[Estimate]) -> float | None:
    """The US dollars of several estimates together; None where one of them is not known."""
    costs = [cost_of(estimate) for estimate in estimates]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def unknown_cost(
    limit: float,
    what: str,
    estimate: Estimate,
    trainer: Trainer,
    data: PreparedData,
    spec: TrainingSpec,
) -> BudgetError:
    """What is wrong where there is a limit, and a cost is not known.

    Args:
        limit: in US dollars.
        what: that which costs, for the message.
        estimate: what is known of it.
        trainer: who made the estimate.
        data: what it was made for.
        spec: how that is trained.
    """
    cost = getattr(estimate, "cost", None)
    found = "not known" if cost is None else f"no amount of money ({cost!r})"
    source = getattr(estimate, "source", f"the estimate is {estimate!r}")
    drop = "leave --max-cost (training.max_cost) out"
    if _goes_by_prices(trainer, data, spec):
        setting = shlex.quote(f"trainer.prices.{json.dumps(spec.model)}=PRICE")
        remedy = f"Give a price in USD per million trained tokens, --set {setting}, or {drop}."
    else:
        remedy = f"{type(trainer).__name__} has no option that gives a price: {drop}."
    return BudgetError(
        f"max_cost is {usd(limit)}, and the cost of {what} is {found}: {source}. "
        f"Expected an estimate in USD. {remedy} Nothing was submitted."
    )


def _goes_by_prices(trainer: Trainer, data: PreparedData, spec: TrainingSpec) -> bool:
    """Whether the cost is known once the trainer is given a price."""
    if "prices" not in option_names(type(trainer)):
        return False
    priced = copy.copy(trainer)
    object.__setattr__(priced, "prices", {spec.model: 1.0})  # stages are frozen
    try:
        return cost_of(priced.estimate(data, spec)) is not None
    except Exception:  # noqa: BLE001 - then a price is no help
        return False


def _is_paid(ledger: Ledger) -> bool:
    return any(ledger.outcome(step) is not None for step in (CREATED, _SUBMITTED))
