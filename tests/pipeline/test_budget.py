"""No training costs more than its limit, whichever trainer it is and whichever way it is begun."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe import budget, hookimpl
from pitchpipe.cli import main
from pitchpipe.errors import BudgetError, DataError
from pitchpipe.hookspecs import Register
from pitchpipe.journal import MemoryLedger
from pitchpipe.pipeline import Pipeline
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Estimate, Job, PreparedData, TrainingSpec
from pitchpipe.stages import Ledger, Trainer
from pitchpipe.sweep import Sweep
from pitchpipe.trainers import FakeTrainer, OpenAITrainer


@dataclass(frozen=True)
class Careless(FakeTrainer):
    """Knows nothing of limits, as a plugin's trainer may.

    Attributes:
        cost: of a training, in words that Python reads.
    """

    sent: ClassVar[list[str]] = []
    cost: str = "9.0"

    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        """As the option says."""
        if self.cost == "raise":
            raise ZeroDivisionError("no price")
        if self.cost == "nothing":
            return None  # type: ignore[return-value]
        cost = None if self.cost == "None" else float(self.cost)
        return replace(super().estimate(data, spec), cost=cost)

    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        """Whatever the limit is."""
        self.sent.append("submit")
        return super().submit(data, replace(spec, max_cost=None), ledger)


@dataclass(frozen=True)
class OwnWord(Careless):
    """Has its own word for the job in the ledger."""

    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        """Adopts by that word."""
        known = ledger.outcome("my-job")
        if known:
            return self.job(str(known["name"]))
        job = super().submit(data, spec, MemoryLedger())
        ledger.done("my-job", {"name": job.id})
        return job


class Plugin:
    @hookimpl
    def register_trainers(self, register: Register[type[Trainer]]) -> None:
        register("careless", Careless)
        register("own-word", OwnWord)


UNKNOWN = ("None", "nan", "-1", "-inf", "inf", "raise", "nothing")


@pytest.fixture(autouse=True)
def _nothing_sent() -> Iterator[None]:
    Careless.sent.clear()
    yield
    Careless.sent.clear()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Pipeline]:
    """Pipelines with the trainer that knows nothing of limits."""

    def pipeline(cost: str, limit: float | None, name: str = "careless") -> Pipeline:
        return Pipeline.from_config(_tables(tmp_path, cost, limit, name), host())

    return pipeline


def host() -> PluginHost:
    return PluginHost([Plugin()], entry_points=False)


def _tables(folder: Path, cost: str, limit: float | None, name: str) -> dict[str, Any]:
    base_url = f"offline:{folder / 'service'}"
    return {
        "trainer": {"name": name, "base_url": base_url, "cost": cost},
        "training": {"n_epochs": 1} | ({} if limit is None else {"max_cost": limit}),
        "run": {"folder": str(folder / "runs")},
    }


@pytest.mark.parametrize("cost", ["9.0", *UNKNOWN])
def test_a_run_sends_nothing_above_the_limit(
    make: Callable[..., Pipeline], films: Path, cost: str
) -> None:
    wanted = "9.00 USD" if cost == "9.0" else "has no option that gives a price: leave --max-cost"
    with pytest.raises(BudgetError, match=wanted):
        make(cost, 5.0).run(films)
    assert Careless.sent == []
    assert list(make(cost, None).trainer.jobs()) == []


@pytest.mark.parametrize("cost", ["9.0", *UNKNOWN])
def test_the_library_submits_nothing_above_the_limit(
    make: Callable[..., Pipeline], films: Path, tmp_path: Path, cost: str
) -> None:
    data = make("0", None).prepare(films, tmp_path / "out")
    for ledger in (None, MemoryLedger()):
        with pytest.raises(BudgetError):
            make(cost, 5.0).submit(data, ledger)
    assert Careless.sent == []


@pytest.mark.parametrize("cost", ["3.0", *UNKNOWN])
def test_a_sweep_sends_nothing_above_the_limit(films: Path, tmp_path: Path, cost: str) -> None:
    made = Sweep(
        _tables(tmp_path, cost, 5.0, "careless"),
        films,
        models=["babbage-002"],
        examples=[20, 40],
        epochs=[1],
        out_dir=tmp_path / "sweep",
        host=host(),
    )
    wanted = "6.00 USD for all 2 cells" if cost == "3.0" else "babbage-002"
    with pytest.raises(BudgetError, match=wanted):
        made.run()
    assert Careless.sent == []


def test_a_sweep_that_is_paid_for_is_not_refused(films: Path, tmp_path: Path) -> None:
    def sweep(limit: float, epochs: list[int]) -> Sweep:
        return Sweep(
            _tables(tmp_path, "2.0", limit, "careless"),
            films,
            models=["babbage-002"],
            examples=[20],
            epochs=epochs,
            out_dir=tmp_path / "sweep",
            host=host(),
        )

    first = sweep(5.0, [1]).run()
    assert sweep(0.5, [1]).run().cells[0].job == first.cells[0].job
    with pytest.raises(BudgetError, match=r"4\.00 USD for all 2 cells"):
        sweep(3.0, [1, 2]).run()
    assert len(Careless.sent) == 1


def test_what_keeps_to_the_limit_is_trained(make: Callable[..., Pipeline], films: Path) -> None:
    assert make("5.0", 5.0).run(films).job.status == "succeeded"
    assert Careless.sent == ["submit"]


@pytest.mark.parametrize("name", ["careless", "own-word"])
def test_a_job_that_is_there_is_adopted_whatever_it_cost(
    make: Callable[..., Pipeline], films: Path, tmp_path: Path, name: str
) -> None:
    data = make("0", None).prepare(films, tmp_path / "out")
    first = make("9.0", None, name).submit(data)
    for limit in (5.0, 0.0, 20.0):
        assert make("9.0", limit, name).submit(data).id == first.id
    assert len(list(make("9.0", None).trainer.jobs())) == 1


def test_a_run_is_adopted_whatever_it_cost(make: Callable[..., Pipeline], films: Path) -> None:
    first = make("9.0", None).run(films)
    again = make("9.0", 5.0).run(films)
    assert (again.job.id, again.folder) == (first.job.id, first.folder)
    with pytest.raises(BudgetError):
        make("9.0", 5.0).run(films, fresh=True)


def test_a_damaged_file_is_told_as_such(make: Callable[..., Pipeline], tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("{oops\n")
    spec = TrainingSpec(max_cost=1.0)
    contract = Pipeline(host=host())._selection.made_formatter("completion", {})
    data = PreparedData(path, None, 1, 0, contract.stage.contract("completion"))
    with pytest.raises(DataError, match="line 1"):
        budget.check(FakeTrainer(), data, spec)


@given(st.floats() | st.integers() | st.none() | st.booleans() | st.text())
def test_what_is_a_cost(cost: Any) -> None:
    found = budget.cost_of(Estimate(1, 1, cost, "x"))
    number = isinstance(cost, int | float) and not isinstance(cost, bool)
    if found is None:
        assert not number or not 0 <= cost < float("inf")
    else:
        assert found == float(cost)
        assert 0 <= found < float("inf")


@given(st.lists(st.floats() | st.none(), max_size=4))
def test_a_total_is_known_where_all_of_it_is(costs: list[float | None]) -> None:
    estimates = [Estimate(1, 1, cost, "x") for cost in costs]
    parts = [budget.cost_of(estimate) for estimate in estimates]
    total = budget.total_cost(estimates)
    assert (total is None) == (None in parts)
    assert total is None or total == sum(part for part in parts if part is not None)


# --- at the command line -------------------------------------------------------------------------

MODULE = """
from dataclasses import dataclass, replace
from pitchpipe import hookimpl
from pitchpipe.trainers import FakeTrainer

@dataclass(frozen=True)
class Careless(FakeTrainer):
    '''Knows nothing of limits.

    Attributes:
        cost: of a training.
    '''
    cost: str = "9.0"

    def estimate(self, data, spec):
        if self.cost == "raise":
            raise ZeroDivisionError("no price")
        cost = None if self.cost == "None" else float(self.cost)
        return replace(super().estimate(data, spec), cost=cost)

    def submit(self, data, spec, ledger):
        return super().submit(data, replace(spec, max_cost=None), ledger)

@hookimpl
def register_trainers(register):
    register("careless", Careless)
"""


@pytest.mark.parametrize("cost", ["9.0", "None", "nan", "raise"])
def test_every_command_keeps_to_the_limit(
    films: Path,
    install: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cost: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    install("careless-plugin", {"careless": "careless_mod"}, {"careless_mod": MODULE})
    sets = ["--set", f"trainer.cost='{cost}'", "--trainer", "careless", "--max-cost", "5"]
    assert main(["prepare", str(films), "-q", "--out-dir", "."]) == 0
    train = str(next(tmp_path.glob("*_prepared_train.jsonl")))
    sweep = ["sweep", str(films), "--examples", "20", "--epochs", "1", "--out-dir", "s"]
    for words in (["run", str(films)], ["train", train], ["train", train, "--fresh"], sweep):
        capsys.readouterr()
        assert main([*words, *sets]) == 1, words
        told = capsys.readouterr().err
        assert "max_cost" in told, words
        assert "othing was submitted" in told, words
        assert "unexpected" not in told
    assert not list(Path(".pitchpipe").rglob("*.jsonl"))


@pytest.mark.parametrize("model", ["babbage-002", 'my "own" model', "it's mine", "a.b"])
def test_the_price_that_is_advised_is_taken(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    """The words that the message gives, with a price, lead beyond the check of the limit."""
    data = Pipeline(host=host()).prepare(films, tmp_path)
    trainer = OpenAITrainer(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(BudgetError) as caught:
        budget.check(trainer, data, TrainingSpec(model, max_cost=5.0))
    advised = re.search(r"trained tokens, (--set .*), or leave --max-cost", str(caught.value))
    assert advised is not None
    flag, setting = shlex.split(advised[1])
    for price in ("0.4", "1", "0"):
        words = [flag, setting.replace("PRICE", price), "--trainer", "openai"]
        assert main(["config", "show", "--json", *words]) == 0
        table = json.loads(capsys.readouterr().out)["trainer"]
        assert table["prices"] == {model: float(price)}
        del table["name"]
        priced = host().trainers.create("openai", table | {"base_url": trainer.base_url})
        budget.check(priced, data, TrainingSpec(model, max_cost=5.0))
    dear = replace(trainer, prices={model: 1e6})
    with pytest.raises(BudgetError, match="is above max_cost"):
        budget.check(dear, data, TrainingSpec(model, max_cost=5.0))
    one = TrainingSpec(model, n_epochs=1, max_cost=0.000001)
    with pytest.raises(BudgetError, match=r"max_cost, 1e-06 USD; .*Raise --max-cost, or use fewer"):
        budget.check(dear, data, one)


@pytest.mark.parametrize("price", [float("nan"), -1.0, float("inf")])
def test_a_price_must_be_money(price: float) -> None:
    with pytest.raises(ValueError, match=r"prices: 'm' must cost 0 USD or more"):
        OpenAITrainer(prices={"m": price})
