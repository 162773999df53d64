"""What a learner promises."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pitchpipe.calls import parse_calls
from pitchpipe.errors import PitchpipeError
from pitchpipe.stages import FitStep, Learner, Token
from pitchpipe.testing.conformance.lessons import Lesson, call_lessons, lessons, odd_lessons
from pitchpipe.testing.conformance.promises import Clause, Promises, copied, expect
from pitchpipe.testing.conformance.subject import Subject

promise = Promises(Learner, share=0.08)

_TEMPERATURES = (0.0, 0.7)
_SLACK = 1e-6  # of rounding, where probabilities are near 1


def _learnt(subject: Subject, lesson: Lesson) -> tuple[Learner, list[FitStep]]:
    learner: Learner = subject.stage.create()
    return learner, list(learner.fit(lesson.train, lesson.valid, lesson.options))


def _answers(learner: Learner, lesson: Lesson) -> list[list[Token]]:
    return [
        list(learner.answer(request, temperature, seed=3))
        for request in lesson.requests
        for temperature in _TEMPERATURES
    ]


def _reloaded(subject: Subject, learner: Learner) -> Learner:
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        loaded: Learner = subject.stage.load(Path(folder))
        return loaded


def _expect_same(one: Sequence[object], other: Sequence[object], what: str) -> None:
    expect(len(one) == len(other), f"{len(one)} {what}", Clause(f"{len(other)}"))
    for wanted, found in zip(one, other, strict=True):
        expect(wanted == found, f"the same {what}, {wanted}", found)


@promise(
    "same-seed", "the same seed gives the same steps and answers", lessons, flag="deterministic"
)
def _(subject: Subject, lesson: Lesson) -> None:
    (one, steps), (two, again) = _learnt(subject, lesson), _learnt(subject, copied(lesson))
    _expect_same(steps, again, "steps")
    _expect_same(_answers(one, lesson), _answers(two, lesson), "answers")


@promise(
    "answers-repeat",
    "the same request and seed get the same answer, whatever was asked",
    lessons,
    flag="deterministic",
)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    _expect_same(_answers(learner, lesson), _answers(learner, lesson), "answers")


@promise("survives-saving", "load(save()) answers as the original does", lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    loaded = _reloaded(subject, learner)
    told = subject.capabilities.deterministic
    wanted, found = _answers(learner, lesson), _answers(loaded, lesson)
    if told:
        _expect_same(wanted, found, "answers")


@promise(
    "training-on",
    "training on from a checkpoint gives what training without a break gives",
    lessons,
    flag="deterministic",
)
def _(subject: Subject, lesson: Lesson) -> None:
    straight, steps = _learnt(subject, lesson)
    broken: Learner = subject.stage.create()
    seen: list[FitStep] = []
    for epoch in range(lesson.options.n_epochs):
        broken = _reloaded(subject, broken)
        for step in broken.fit(lesson.train, lesson.valid, lesson.options, done_epochs=epoch):
            seen.append(step)
            if step.last_of_epoch:
                break
    _expect_same(steps, seen, "steps")
    _expect_same(_answers(straight, lesson), _answers(broken, lesson), "answers")


@promise(
    "steps-numbered", "steps are counted from 1 over all epochs, the last of each marked", lessons
)
def _(subject: Subject, lesson: Lesson) -> None:
    _, steps = _learnt(subject, lesson)
    per_epoch = math.ceil(len(lesson.train) / lesson.options.batch_size)
    wanted = [
        (epoch * per_epoch + place, epoch + 1, place == per_epoch)
        for epoch in range(lesson.options.n_epochs)
        for place in range(1, per_epoch + 1)
    ]
    found = [(step.step, step.epoch, step.last_of_epoch) for step in steps]
    expect(found == wanted, f"step, epoch and last_of_epoch {wanted}", found)


@promise("figures-given", "losses are finite, and measured at the end of an epoch", lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    for step in _learnt(subject, lesson)[1]:
        figures = (step.train_loss, step.train_accuracy, step.valid_loss, step.valid_accuracy)
        expect(all(math.isfinite(f) for f in figures if f is not None), "finite figures", step)
        measured = step.valid_loss is not None and step.valid_accuracy is not None
        if lesson.valid and step.last_of_epoch:
            expect(measured, "loss and accuracy on the validation records", step)


@promise(
    "valid-not-learnt",
    "validation records are never trained on or looked up",
    lessons,
    flag="deterministic",
)
def _(subject: Subject, lesson: Lesson) -> None:
    alone, steps = _learnt(subject, Lesson(lesson.train, [], lesson.options))
    beside, measured = _learnt(subject, lesson)
    _expect_same([s.train_loss for s in steps], [s.train_loss for s in measured], "losses")
    _expect_same(_answers(alone, lesson), _answers(beside, lesson), "answers")


@promise("records-unchanged", "the records given are not changed", lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    before = copied(lesson)
    learner, _ = _learnt(subject, lesson)
    _answers(learner, lesson)
    expect(lesson.train == before.train, "the training records as they were", lesson.train)
    expect(lesson.valid == before.valid, "the validation records as they were", lesson.valid)


@promise(
    "tokens-likely", "each token has a log probability, and itself among its alternatives", lessons
)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    for token in (token for answer in _answers(learner, lesson) for token in answer):
        expect(isinstance(token.text, str), "a text", token)
        expect(-math.inf <= token.logprob <= _SLACK, "a log probability, 0 at most", token)
        logs = [log for _, log in token.alternatives]
        expect(logs == sorted(logs, reverse=True), "the likeliest alternative first", token)
        texts = [text for text, _ in token.alternatives]
        expect(not texts or token.text in texts, "itself among the alternatives", token)


@promise("calls-readable", "the tokens of calls come behind the text, and are calls", call_lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    for answer in _answers(learner, lesson):
        parts = [token.part for token in answer]
        line = "".join(token.text for token in answer if token.part == "calls")
        behind = "text" not in parts[parts.index("calls") :] if line else True
        expect(behind, "no text behind calls", answer)
        expect(not line or parse_calls(line) is not None, "what calls_text writes", line)


@promise("reads-all", "the tokens that it reads make up the text", lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    for text in ("", "a good film\n\n###\n\n yes", " \u00e9\n"):
        tokens = learner.read(text)
        read = "".join(token.text for token in tokens)
        expect(read == text, f"{text!r}", read)
        expect(all(token.logprob <= _SLACK for token in tokens), "log probabilities", list(tokens))


@promise("no-crash", "no input makes it crash", odd_lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    learner: Learner = subject.stage.create()
    try:
        for step in learner.fit(lesson.train, lesson.valid, lesson.options):
            expect(math.isfinite(step.train_loss), "a finite loss", step)
    except PitchpipeError:
        return  # which the job then fails with
    odd: list[Mapping[str, Any]] = [{}, {"prompt": None}, {"prompt": "\ud800"}, {"messages": []}]
    for request in (*odd, *lesson.requests):
        for temperature in (*_TEMPERATURES, 1e-9, 1e308):
            learner.answer(request, temperature, seed=-7)


@promise("no-pickle", "a model is saved with no pickle", lessons)
def _(subject: Subject, lesson: Lesson) -> None:
    learner, _ = _learnt(subject, lesson)
    with TemporaryDirectory() as folder:
        learner.save(Path(folder))
        pickles = [
            str(path.relative_to(folder))
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file() and any(map(_is_pickle, _contents(path)))
        ]
    expect(not pickles, "JSON, NumPy arrays without objects, safetensors or the like", pickles)


def _contents(path: Path) -> Iterator[bytes]:
    """What is in a file; of an archive, what is in each of its members."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    else:
        yield path.read_bytes()


def _is_pickle(content: bytes) -> bool:
    by_protocol = content[:1] == b"\x80" and content[1:2] in (b"\2", b"\3", b"\4", b"\5")
    objects = content.startswith(b"\x93NUMPY") and b"'|O'" in content[:128]
    return by_protocol or objects
