"""What a predictor promises."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pitchpipe.records import Prediction, Request
from pitchpipe.stages import Predictor
from pitchpipe.testing.conformance.ledgers import Killed, MemoryLedger, deaths
from pitchpipe.testing.conformance.promises import Clause, Promises, copied, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Predictor, share=0.06)

_MANY, _FEW = 2000, 1000
_PROMPTS = st.lists(
    st.sampled_from(["good", "bad", "fine", "poor", "film"]), min_size=1, max_size=3
).map(" ".join)
_BODIES = st.fixed_dictionaries(
    {"prompt": _PROMPTS, "temperature": st.just(0), "logprobs": st.just(2)}
)


def _request(subject: Subject) -> SearchStrategy[Request]:
    return subject.requests or st.builds(Request, st.just("completions"), _BODIES)


def _requests(subject: Subject) -> SearchStrategy[list[Request]]:
    return st.lists(_request(subject), min_size=1, max_size=6)


def _none(subject: Subject) -> SearchStrategy[list[Request]]:
    del subject
    return st.just([])


def _resumes(subject: Subject) -> bool:
    return bool(subject.stage.resumes)


def _asked(
    subject: Subject, requests: Sequence[Request], ledger: MemoryLedger | None = None
) -> list[Prediction]:
    return list(subject.stage.predict(subject.model, requests, ledger or MemoryLedger()))


@promise("one-each", "one prediction a request", _requests)
def _(subject: Subject, requests: list[Request]) -> None:
    found = _asked(subject, requests)
    expect(len(found) == len(requests), f"{len(requests)} predictions", found)
    for prediction in found:
        expect(isinstance(prediction, Prediction), "a Prediction", prediction)
        logs = [log for _, log in prediction.alternatives]
        expect(logs == sorted(logs, reverse=True), "the likeliest first", prediction.alternatives)


@promise(
    "in-order", "predictions come in the order of the requests", _requests, flag="deterministic"
)
def _(subject: Subject, requests: list[Request]) -> None:
    alone = [prediction for request in requests for prediction in _asked(subject, [request])]
    texts = [prediction.text for prediction in alone]
    found = [prediction.text for prediction in _asked(subject, requests)]
    expect(found == texts, f"{texts}, as when each is asked alone", found)


@promise("deterministic", "the same request gets the same answer", _requests, flag="deterministic")
def _(subject: Subject, requests: list[Request]) -> None:
    first, again = _asked(subject, copied(requests)), _asked(subject, copied(requests))
    expect(again == first, f"as at first {first}", again)


@promise("no-requests", "no requests get no predictions", _none)
def _(subject: Subject, requests: list[Request]) -> None:
    found = _asked(subject, requests)
    expect(not found, "no predictions", found)


@promise(
    "streams",
    "the first answers are there before the last request is read",
    _requests,
    flag="streams",
)
def _(subject: Subject, requests: list[Request]) -> None:
    read = 0

    def many() -> Iterator[Request]:
        nonlocal read
        for request in itertools.islice(itertools.cycle(requests), _MANY):
            read += 1
            yield request

    answers = subject.stage.predict(subject.model, many(), MemoryLedger())
    next(answers)
    found = Clause(f"{read} read")
    expect(read <= _FEW, f"at most {_FEW} of {_MANY} requests to be read for an answer", found)
    answers.close()


@promise(
    "resumes",
    "it finds its earlier work in the ledger, whenever it was interrupted",
    _requests,
    needs=_resumes,
    share=0.02,
)
def _(subject: Subject, requests: list[Request]) -> None:
    wanted = _asked(subject, requests)
    for ledger in deaths():
        try:
            _asked(subject, requests, ledger)
        except Killed:
            found = _asked(subject, requests, MemoryLedger(ledger))
            expect(found == wanted, f"{wanted} after a death {ledger.moment}", found)
        else:
            break
    written = copied((ledger.intentions, ledger.outcomes))
    _asked(subject, requests, MemoryLedger(ledger))
    now = (ledger.intentions, ledger.outcomes)
    expect(now == written, "nothing to be written down when all is done already", now)
