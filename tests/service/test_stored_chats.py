from __future__ import annotations

import openai
import pytest

MODEL = "gpt-4o-mini"


def say(lab, text="hello", **options):
    messages = [{"role": "user", "content": text}]
    return lab.client.chat.completions.create(
        **{"model": MODEL, "messages": messages, "store": True} | options
    )


def test_what_is_to_be_stored_is_listed_with_its_messages(lab):
    first, second = say(lab, "one"), say(lab, "two", metadata={"k": "v"})
    say(lab, "three", store=False)
    listed = list(lab.client.chat.completions.list(limit=1))
    assert [chat.id for chat in listed] == [first.id, second.id]
    assert lab.client.chat.completions.retrieve(second.id).choices == second.choices
    (message,) = lab.client.chat.completions.messages.list(second.id)
    assert (message.role, message.content) == ("user", "two")


def test_a_stream_is_stored_too(lab):
    pieces = list(say(lab, stream=True))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    stored = lab.client.chat.completions.retrieve(pieces[0].id)
    assert stored.choices[0].message.content == text


def test_by_model_and_metadata(lab):
    a = say(lab, metadata={"team": "a"})
    b = say(lab, metadata={"team": "b", "x": "1"}, model="gpt-4o")
    chats = lab.client.chat.completions
    assert [c.id for c in chats.list(metadata={"team": "b"})] == [b.id]
    assert [c.id for c in chats.list(model=MODEL)] == [a.id]
    assert list(chats.list(model=MODEL, metadata={"team": "b"})) == []
    assert [c.id for c in chats.list(order="desc")] == [b.id, a.id]


def test_metadata_changes_and_chats_go(lab):
    chat = say(lab)
    chats = lab.client.chat.completions
    assert chats.update(chat.id, metadata={"a": "b"}).id == chat.id
    assert [c.id for c in chats.list(metadata={"a": "b"})] == [chat.id]
    assert chats.delete(chat.id).deleted
    for action in (chats.retrieve, chats.delete, chats.messages.list):
        with pytest.raises(openai.NotFoundError, match=chat.id):
            action(chat.id)
    assert list(chats.list()) == []
