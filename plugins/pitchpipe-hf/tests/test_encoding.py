"""Which tokens are read, and which are learnt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.errors import ConfigError, DataError, UsageError
from pitchpipe.stages import FitOptions
from pitchpipe_hf import HfLearner
from pitchpipe_hf.adapters import Shape
from pitchpipe_hf.bases import Base
from pitchpipe_hf.encoding import Encoder, Example, Sequenced
from pitchpipe_hf.loading import Loaded, load
from pitchpipe_hf.settings import Settings

LORA = Shape("lora", 2, 4)


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Loaded:
    return load(Base("tiny", str(tiny)), LORA, Settings())


def shown(loaded: Loaded, each: Sequenced) -> tuple[str, str]:
    """The whole sequence, and what of it is learnt."""
    tokenizer = loaded.tokenizer
    learnt = [each.ids[place] for place in each.targets]
    return tokenizer.decode(each.ids), tokenizer.decode(learnt)


def test_of_a_completion_the_answer_and_its_end_are_learnt(loaded: Loaded) -> None:
    example = Encoder(loaded).example({"prompt": "a film\n", "completion": " pos"})
    whole, learnt = shown(loaded, example.taught[0])
    assert whole == "a film\n pos<|im_end|>"
    assert learnt == " pos<|im_end|>"


@settings(max_examples=25)
@given(prompt=st.text(max_size=30), completion=st.text(min_size=1, max_size=10))
def test_a_prompt_is_asked_as_it_was_trained(loaded: Loaded, prompt: str, completion: str) -> None:
    encoder = Encoder(loaded)
    (each,) = encoder.example({"prompt": prompt, "completion": completion}).taught
    assert list(each.ids[: each.targets[0]]) == encoder.asked({"prompt": prompt})
    assert each.targets == tuple(range(each.targets[0], len(each.ids)))


CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "be short"},
    {"role": "user", "content": "a good film"},
    {"role": "assistant", "content": "yes", "weight": 0},
    {"role": "user", "content": [{"type": "text", "text": "very"}]},
    {"role": "assistant", "content": "pos"},
    {"role": "user", "content": "a bad film"},
    {"role": "assistant", "content": "neg"},
]


def test_of_a_conversation_the_assistants_messages_are_learnt(loaded: Loaded) -> None:
    encoder = Encoder(loaded)
    (each,) = encoder.example({"messages": CHAT}).taught
    whole, learnt = shown(loaded, each)
    turns = [("system", "be short"), ("user", "a good film"), ("assistant", "yes")]
    turns += [("user", "very"), ("assistant", "pos"), ("user", "a bad film")]
    before = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)
    assert whole == before + "<|im_start|>assistant\nneg<|im_end|>"
    assert learnt == "pos<|im_end|>neg<|im_end|>"
    asked = encoder.asked({"messages": CHAT[:-1]})
    assert asked == list(each.ids[: len(asked)])


def test_of_a_preference_both_answers_follow_one_prompt(loaded: Loaded) -> None:
    record = {
        "input": {"messages": CHAT[:2]},
        "preferred_output": [{"role": "assistant", "content": "pos"}],
        "non_preferred_output": [{"role": "assistant", "content": "neg"}],
    }
    example = Encoder(loaded).example(record)
    assert example.other is not None
    (best, worst) = (shown(loaded, each)[1] for each in example.sequences)
    assert (best, worst) == ("pos<|im_end|>", "neg<|im_end|>")
    assert example.taught[0].targets[0] == example.other.targets[0]


def test_earlier_turns_that_are_shown_otherwise_make_sequences_of_their_own(
    write_model: Callable[..., Path], tmp_path: Path
) -> None:
    forgetful = (
        "{% for message in messages %}{% if message.role != 'assistant' or loop.last %}"
        "[{{ message['role'] }}]{{ message['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    model = load(Base("x", str(write_model(tmp_path, forgetful))), LORA, Settings())
    example = Encoder(model).example({"messages": CHAT[3:]})
    texts = [shown(model, each) for each in example.taught]
    assert texts == [
        ("[user]very[assistant]pos", "pos"),
        ("[user]very[user]a bad film[assistant]neg", "neg"),
    ]


LOOK = {"name": "look", "arguments": '{"at": 1}'}
LINE = '[{"name": "look", "arguments": {"at": 1}}]'


@pytest.mark.parametrize(
    ("answer", "learnt"),
    [
        ({"content": None, "tool_calls": [{"type": "function", "function": LOOK}]}, LINE),
        ({"function_call": LOOK}, LINE),
        ({"content": "I look.", "function_call": LOOK}, f"I look.\n{LINE}"),
        (
            {"tool_calls": [{"type": "custom", "custom": {"name": "sh", "input": "ls"}}]},
            '[{"name": "sh", "input": "ls"}]',
        ),
        ({"content": None, "refusal": "I cannot."}, "I cannot."),
    ],
)
def test_calls_and_refusals_are_learnt_where_the_template_knows_none(
    loaded: Loaded, answer: dict[str, Any], learnt: str
) -> None:
    messages = [CHAT[1], {"role": "assistant", **answer}]
    (each,) = Encoder(loaded).example({"messages": messages}).taught
    assert shown(loaded, each)[1] == f"{learnt}<|im_end|>"


@pytest.mark.parametrize(
    "answer",
    [{"tool_calls": [{"type": "function", "function": LOOK}]}, {"function_call": LOOK}],
)
def test_a_template_that_knows_calls_writes_them(
    write_model: Callable[..., Path], tmp_path: Path, answer: dict[str, Any]
) -> None:
    knowing = (
        "{% for tool in tools or [] %}{{ tool['function']['name'] }};{% endfor %}"
        "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}"
        "{% for call in message['tool_calls'] or [] %}"
        "<call>{{ call['function']['name'] }}{{ call['function']['arguments'] }}</call>"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    model = load(Base("x", str(write_model(tmp_path, knowing))), LORA, Settings())
    messages = [CHAT[1], {"role": "assistant", "content": None, **answer}]
    for declared in (
        {"functions": [{"name": "look"}]},
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
    ):
        (each,) = Encoder(model).example({"messages": messages, **declared}).taught
        whole, learnt = shown(model, each)
        assert whole.startswith("look;[user]")
        assert learnt == '<call>look{"at": 1}</call>'


def test_a_model_without_a_template_says_so(
    write_model: Callable[..., Path], tmp_path: Path
) -> None:
    plain = HfLearner.configured({"base": str(write_model(tmp_path, None))}).create()
    with pytest.raises(ConfigError, match="no chat template"):
        plain.answer({"messages": CHAT[:2]})


def test_a_template_that_refuses_is_quoted(
    write_model: Callable[..., Path], tmp_path: Path
) -> None:
    strict = "{{ raise_exception('roles must alternate') }}"
    learner = HfLearner.configured({"base": str(write_model(tmp_path, strict))}).create()
    with pytest.raises(DataError, match="roles must alternate"):
        learner.answer({"messages": CHAT[:2]})


def test_records_without_an_answer_teach_nothing(loaded: Loaded) -> None:
    for record in ({}, {"prompt": "x", "completion": None}, {"messages": CHAT[:2]}):
        assert Encoder(loaded).example(record) == Example()


def test_records_that_are_too_long_are_named_and_never_cut(
    options: dict[str, str], records: list[dict[str, str]]
) -> None:
    learner = HfLearner.configured(options | {"max_length": "40"}).create()
    records[3] |= {"prompt": "very " * 60}
    records[7] |= {"prompt": "very " * 90}
    with pytest.raises(DataError, match=r"training record 4, 8: longer than 40 tokens.*has 94"):
        next(iter(learner.fit(records, [], FitOptions(1, 4))))
    with pytest.raises(DataError, match="validation record 1: longer"):
        next(iter(learner.fit(records[:3], records[3:4], FitOptions(1, 4))))


def test_a_prompt_that_leaves_no_room_is_refused(learner_class: type[HfLearner]) -> None:
    with pytest.raises(UsageError, match="the prompt has 300 tokens; this model reads 256"):
        learner_class.create().answer({"prompt": " very" * 300})
