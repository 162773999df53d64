"""Learners that have base models of their own, answer several at once, and can be exported."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import openai
import pandas as pd
import pytest

from pitchpipe.errors import ConfigError, UsageError
from pitchpipe.plugins import PluginHost
from pitchpipe.registry import Provider
from pitchpipe.stages import Learner, Token


@pytest.fixture
def speaker(learner: type[Learner]) -> type[Learner]:
    """A learner that says the name of its base model, several at a time."""

    class Speaker(learner):  # type: ignore[misc, valid-type]  # a class known at run time
        concurrent = True
        language_model = True
        greeting = "I am"
        meeting = threading.Barrier(1)
        closed: ClassVar[list[str]] = []

        @classmethod
        def configured(cls, options: Mapping[str, str]) -> type[Self]:
            if options.keys() - {"greeting"}:
                raise ConfigError(f"no option {min(options.keys() - {'greeting'})!r}.")
            return type("Configured", (cls,), dict(options))

        @classmethod
        def bases(cls) -> Mapping[str, Any]:
            return {"tiny": "completion", "tiny-chat": "chat", "gpt-4o-mini": "completion"}

        @classmethod
        def create_from(cls, base: str) -> Self:
            made = cls.create()
            made.base = base
            return made

        def answer(self, *_: Any) -> list[Token]:
            self.meeting.wait(30)
            return [Token(word, -0.5) for word in (self.greeting, " ", self.base)]

        def stream(self, *asked: Any) -> Iterator[Token]:
            try:
                yield from self.answer(*asked)
            finally:
                self.closed.append(self.base)

        def export(self, folder: Path, form: str) -> None:
            if form != "plain":
                raise UsageError(f"no form {form!r}; expected plain.")
            (folder / "weights.txt").write_text(str(sorted(self.weights)))

    return Speaker


def test_its_base_models_are_listed_asked_and_trained(make_lab, speaker) -> None:
    lab = make_lab(learner=speaker)
    listed = {model.id: model.owned_by for model in lab.client.models.list()}
    assert (listed["tiny"], listed["tiny-chat"], listed["ada"]) == ("offline", "offline", "openai")
    assert lab.client.models.retrieve("tiny").id == "tiny"
    for model in ("tiny", "gpt-4o-mini", "ada"):
        said = lab.client.completions.create(model=model, prompt="x", temperature=0)
        assert said.choices[0].text == f"I am {model}"
    messages = [{"role": "user", "content": "x"}]
    said = lab.client.chat.completions.create(model="tiny-chat", messages=messages)
    assert said.choices[0].message.content == "I am tiny-chat"
    with pytest.raises(openai.PermissionDeniedError):
        lab.client.models.delete("tiny")
    job = lab.run(model="tiny")
    assert job.status == "succeeded"
    assert job.fine_tuned_model.startswith("ft:tiny:")


def test_a_base_model_that_is_gone_is_named(make_lab, speaker, learner, tmp_path) -> None:
    lab = make_lab(learner=speaker, data_dir=tmp_path)
    name = lab.run(model="tiny").fine_tuned_model
    lab.close()
    later = make_lab(learner=learner, data_dir=tmp_path)
    with pytest.raises(openai.BadRequestError, match="`tiny` is not among those of this service"):
        later.client.completions.create(model=name, prompt="x")


def test_several_are_answered_at_once(make_lab, speaker) -> None:
    speaker.meeting = threading.Barrier(4)  # nobody gets on before four have come
    lab = make_lab(learner=speaker)
    batch_id = lab.batch(8)
    for _ in range(4):
        lab.service.advance(batch_id)
    batch = lab.client.batches.retrieve(batch_id)
    assert (batch.status, batch.request_counts.completed) == ("completed", 8)


@pytest.mark.parametrize("shown", [False, True])
def test_an_answer_is_read_while_it_is_made(make_lab, speaker, shown) -> None:
    lab = make_lab(learner=speaker)
    options: Any = {"stream": True} | ({"stream_options": {"include_usage": True}} if shown else {})
    chunks = list(lab.client.completions.create(model="tiny", prompt="x", max_tokens=2, **options))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert [choice.text for choice in choices] == ["I am", " ", ""]
    assert [choice.finish_reason for choice in choices] == [None, None, "length"]
    assert not shown or chunks[-1].usage.completion_tokens == 2
    messages = [{"role": "user", "content": "x"}]
    chats = list(
        lab.client.chat.completions.create(
            model="tiny-chat", messages=messages, stop=["tiny"], **options
        )
    )
    said = [chunk.choices[0] for chunk in chats if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in said) == "I am "
    assert said[-1].finish_reason == "stop"


def test_a_client_that_leaves_ends_its_answer(make_lab, speaker) -> None:
    lab = make_lab(learner=speaker)
    with lab.client.completions.create(model="tiny", prompt="x", stream=True) as stream:
        assert next(iter(stream)).choices[0].text == "I am"
    assert speaker.closed == ["tiny"]


@pytest.fixture
def installed(speaker, monkeypatch) -> None:
    make = PluginHost.__init__

    def with_speaker(self: PluginHost, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        self.learners.add("speaker", speaker, Provider("here", "1", "speaker"))

    monkeypatch.setattr(PluginHost, "__init__", with_speaker)


def _pipeline(folder: Path) -> Any:
    from pitchpipe import Pipeline

    url = f"offline:{folder}?learner=speaker&greeting=hello"
    config = {"trainer": {"name": "fake", "base_url": url}, "training": {"model": "tiny"}}
    return Pipeline.from_config(config)


@pytest.mark.usefixtures("installed")
def test_a_pipeline_asks_it_as_it_was_set_up(tmp_path) -> None:
    from pitchpipe.records import Request

    pipeline = _pipeline(tmp_path)
    assert pipeline.trainer.tunes_language_model
    request = Request("completions", {"prompt": "x", "temperature": 0})
    (said,) = pipeline.predictor.predict("tiny", [request], None)
    assert said.text == "hello tiny"


@pytest.mark.usefixtures("installed")
def test_a_model_is_exported(tmp_path) -> None:
    from pitchpipe.files import WriteError, new_folder

    pipeline = _pipeline(tmp_path / "service")
    rows = [(f"film {number}", ("pos", "neg")[number % 2]) for number in range(40)]
    prepared = pipeline.prepare(pd.DataFrame(rows, columns=["text", "tag"]), tmp_path)
    job = pipeline.submit(prepared)
    list(pipeline.follow(job.id))
    model = pipeline.model(job.id).name
    with new_folder(tmp_path / "out") as folder:
        pipeline.trainer.export(model, folder, "plain")
    assert (tmp_path / "out/weights.txt").read_text()
    with pytest.raises(UsageError, match="no form 'odd'"), new_folder(tmp_path / "odd") as folder:
        pipeline.trainer.export(model, folder, "odd")
    assert not (tmp_path / "odd").exists()
    with pytest.raises(WriteError, match="is there already"), new_folder(tmp_path / "out"):
        pass


def test_what_cannot_be_exported_says_so(tmp_path) -> None:
    from pitchpipe import Pipeline
    from pitchpipe.errors import ServiceError

    trainer = Pipeline.from_config({"trainer": {"base_url": f"offline:{tmp_path}"}}).trainer
    assert not trainer.tunes_language_model
    with pytest.raises(UsageError, match="NgramLearner cannot be exported"):
        trainer.export("ada", tmp_path, "merged")
    with pytest.raises(ServiceError, match="`gone` does not exist"):
        trainer.export("gone", tmp_path, "merged")
    hosted = Pipeline.from_config({"trainer": {"name": "openai"}}).trainer
    with pytest.raises(UsageError, match="stays at the service"):
        hosted.export("ft:x", tmp_path, "merged")
