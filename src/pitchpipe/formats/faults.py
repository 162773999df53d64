"""What can be wrong with a conversation, in the words of a report and of a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
"""Who may speak, as the API's specification has it."""

KEYS = (
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
)
"""What a message may hold, as the API's specification has it."""

MAX_FUNCTIONS = 128
"""How many functions the API takes, by its specification."""


class RecordFault(NamedTuple):
    """One thing that is wrong with a record.

    Attributes:
        kind: a key of ``SAYINGS``, or the kind of a repair.
        example: the value at fault.
        where: the path to it in the record, such as ``messages[2].role``.
    """

    kind: str
    example: object
    where: str = ""


@dataclass(frozen=True)
class Saying:
    """What to say of one kind of fault.

    Attributes:
        found: what a row has, behind "2 rows with".
        expected: what a row should have.
        refusal: the sentence for one record; it may name ``{where}``, ``{expected}``, ``{found}``.
    """

    found: str
    expected: str
    refusal: str = "'{where}' must be {expected} (found {found})."


SAYINGS: Mapping[str, Saying] = {
    "no messages": Saying(
        "messages that are not a list of messages",
        "a list of at least one message, each an object with a role (text) and content",
    ),
    "no message": Saying(
        "an entry of messages that is not a message",
        "an object with a role (text) and content",
    ),
    "unknown key": Saying(
        "a key in a message that the API does not take",
        f"no other keys than {', '.join(KEYS)}; take the others out, and give "
        "weight 0 to a message that is not to be learnt",
        "unexpected key '{where}'; a message has {expected}.",
    ),
    "unknown role": Saying(
        "a role that the API does not take",
        f"one of {', '.join(ROLES)}",
    ),
    "no last word": Saying(
        "messages after the assistant's last",
        "a last message of the assistant",
        "the last message must be from the assistant.",
    ),
    "nothing to learn": Saying(
        "nothing to train on",
        "at least one message of the assistant, of weight 1 or without weight",
        "at least one assistant message must have a weight of 1.",
    ),
    "not asked": Saying(
        "a last message that is not the user's",
        "a last message of role user; put what is right into a field of its own for graders",
        "the last message must be from the user; with the method 'reinforcement' the model "
        "answers it, and what is right is in a field of its own.",
    ),
    "no content": Saying(
        "a message without content",
        "content in every message, unless the assistant calls tools or refuses",
        "'{where}' must be text or a list of parts; only a message of the assistant that calls "
        "tools or refuses has none.",
    ),
    "odd content": Saying(
        "content that is neither text nor parts",
        "text, or a list of at least one part",
    ),
    "odd part": Saying(
        "a part of content that the API does not take from that role",
        "parts with a type and a key of that name: text; from the user also image_url, an object "
        "with a url; from the assistant one refusal, by itself",
        "'{where}' must be text, or {expected} (found {found}).",
    ),
    "unsupported part": Saying(
        "sound or files in a message",
        "text and images only: the API does not fine-tune on sound and files",
        "'{where}' must be text or an image: sound and files cannot be trained on.",
    ),
    "blank answer": Saying(
        "a last message of the assistant that is blank",
        "words in the message that is to be learnt",
    ),
    "blank turn": Saying(
        "a blank message of the assistant among others that it learns",
        "words in it, or the weight 0, which says not to learn it",
    ),
    "odd weight": Saying(
        "a weight that is neither 0 nor 1",
        "0 or 1, on messages of the assistant only",
    ),
    "odd name": Saying(
        "a speaker's name that the API does not take",
        "1 to 64 characters, none of them white space, <, >, |, / or \\; for functions only "
        "letters from a to z, digits, _ and -",
    ),
    "odd call": Saying(
        "a call of a tool that is incomplete, or in the wrong place",
        "calls by the assistant, each with an id of its own, a type and a function of that type "
        "with name and arguments",
    ),
    "odd arguments": Saying(
        "arguments of a call that are not the text of a JSON object",
        'a JSON object, written as text, such as "{\\"city\\": \\"Rome\\"}"; correct them where '
        "the calls were written",
    ),
    "odd tool_call_id": Saying(
        "a tool_call_id that is not text",
        "the id of a call, as text",
    ),
    "undeclared call": Saying(
        "a call of a tool that the record does not declare",
        "a name that stands in the record's tools or functions",
    ),
    "unanswered call": Saying(
        "a call of a tool without an answer",
        "a message of role tool with the call's id before anybody else speaks; or let the "
        "conversation end on the call",
        "'{where}' must be answered by a message of role tool with the call's id before anybody "
        "else speaks.",
    ),
    "stray answer": Saying(
        "an answer of a tool that was not called",
        "a tool_call_id of the calls right before it",
        "'{where}' must answer one of the calls right before it, by their id.",
    ),
    "odd tools": Saying(
        "tools that the API does not take",
        f"1 to {MAX_FUNCTIONS} functions, each with a name of its own of 1 to 64 letters, digits, "
        "_ and -, and parameters in JSON Schema; with strict, every object has "
        "additionalProperties false and requires all its properties",
    ),
    "odd parallel_tool_calls": Saying(
        "parallel_tool_calls that is neither true nor false",
        "true or false",
    ),
    "several answers": Saying(
        "several messages in an output",
        "one message of the assistant in each output; messages that lead there, such as calls of "
        "tools and their answers, go to the end of input.messages",
        "'{where}' must hold exactly one message, not {found}; those before it belong to the end "
        "of input.messages.",
    ),
    "foreign answer": Saying(
        "an output that is not the assistant's",
        "one message of the assistant in each output",
        "'{where}' must hold messages of the assistant only.",
    ),
    "odd output": Saying(
        "an output that is not a message",
        "a list of one message of the assistant, or its text",
        "'{where}' must be a list of one message of the assistant.",
    ),
    "same answers": Saying(
        "two outputs that say the same",
        "two different outputs: of equal ones neither can be preferred",
    ),
    # what can be repaired: see repairs.py
    "text messages": Saying(
        "messages written as JSON in a text",
        "a list of messages, not its text",
    ),
    "wrapping": Saying(
        "an object where a list is expected, or a list where an object is",
        "a list of messages; input is an object that holds it",
    ),
    "null keys": Saying(
        "keys in a message that hold nothing",
        "only keys that hold something",
    ),
    "padding": Saying(
        "keys in a message that hold nothing where the API takes no such value",
        "only keys that hold something, content excepted",
        "'{where}' must not be {found}; take out the key.",
    ),
    "side keys": Saying(
        "keys in a message that an SDK or a service adds to answers",
        f"no other keys than {', '.join(KEYS)}",
    ),
    "spelled role": Saying(
        "a role in another spelling",
        f"one of {', '.join(ROLES)}",
    ),
    "spelled content": Saying(
        "content in another spelling",
        "text, or parts such as {'type': 'text', 'text': ...} and {'type': 'image_url', "
        "'image_url': {'url': ...}}",
    ),
    "stray weight": Saying(
        "a weight that is not the assistant's, or not a whole number",
        "0 or 1, on messages of the assistant only",
    ),
    "spelled call": Saying(
        "a call of a tool in another spelling",
        "calls with an id, the type function, and a function with a name and arguments, which are "
        "a JSON object written as text",
    ),
    "unnamed answer": Saying(
        "an answer of a tool that does not name its call",
        "the tool_call_id of the call in a message of role tool, the function's name in one of "
        "role function",
    ),
    "empty tools": Saying(
        "an empty list of tools",
        "no tools where none may be called",
    ),
    "empty functions": Saying(
        "an empty list of functions",
        "no functions where none may be called",
    ),
    "spelled tools": Saying(
        "tools in another spelling",
        "tools as {'type': 'function', 'function': {'name': ...}}, functions as {'name': ...}",
    ),
}
"""What there is to say of each kind of fault."""
