"""Records and requests as tokens: what is read, and which of it is learnt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pitchpipe.errors import ConfigError, DataError, UsageError
from pitchpipe_hf.loading import Loaded
from pitchpipe_hf.texts import Record, messages_of, plain, text_of, tools_of, without_halves

_SHOWN = 5  # numbers of records in a message


@dataclass(frozen=True)
class Sequenced:
    """Tokens of which some are learnt.

    Attributes:
        ids: all of them.
        targets: the places of those that are learnt, from 1, rising.
    """

    ids: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Example:
    """What one record teaches.

    Attributes:
        taught: what to answer: one sequence, or several where a conversation's template shows
            earlier turns otherwise than when they were answered.
        other: what not to answer, of a preference.
    """

    taught: tuple[Sequenced, ...] = ()
    other: Sequenced | None = None

    @property
    def sequences(self) -> tuple[Sequenced, ...]:
        """All of them."""
        return self.taught if self.other is None else (*self.taught, self.other)

    @property
    def length(self) -> int:
        """Tokens of the longest sequence, 0 without any."""
        return max((len(each.ids) for each in self.sequences), default=0)


class Encoder:
    """The tokens of a base model's texts and conversations.

    Args:
        loaded: the base model.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._tokenizer = loaded.tokenizer
        self._ends = loaded.ends

    def asked(self, request: Record) -> list[int]:
        """The tokens of a request's prompt or conversation, at least one.

        Raises:
            ConfigError: it is a conversation, and the model has no template for them.
            DataError: the template does not take it.
        """
        if "messages" in request:
            text = self._conversation(messages_of(request["messages"]), request, answering=True)
            return self._begun(self._pieces(text))
        return self._begun(self._prompt(text_of(request.get("prompt"))))

    def read(self, text: str) -> list[int]:
        """The tokens of a text with one before them, from which the first is predicted."""
        return [*self._begun([]), *self._pieces(text)]

    def example(self, record: Record) -> Example:
        """What a record teaches, nothing if it holds no answer; raises as ``asked`` does."""
        if "preferred_output" in record:
            question = record.get("input")
            question = question if isinstance(question, Mapping) else {}
            before = messages_of(question.get("messages"))
            best, worst = (
                self._turn(before, messages_of(record.get(key)), question)
                for key in ("preferred_output", "non_preferred_output")
            )
            return Example((best,), worst) if best.targets and worst.targets else Example()
        if "messages" in record:
            return Example(tuple(self._talk(messages_of(record["messages"]), record)))
        if record.get("completion") is None:
            return Example()
        prompt = self._begun(self._prompt(text_of(record.get("prompt"))))
        return Example((_joined(prompt, self._answer(text_of(record["completion"]))),))

    def label(self, example: Example) -> tuple[int, ...] | None:
        """The tokens of the last answer that an example teaches."""
        if not example.taught:
            return None
        last = example.taught[-1]
        start = last.targets[-1]
        while start - 1 in last.targets:
            start -= 1
        return last.ids[start : last.targets[-1] + 1]

    def _talk(self, messages: Sequence[Record], record: Record) -> Iterator[Sequenced]:
        """Each trained message of the assistant, in one sequence as long as the template allows."""
        written = ""
        ids: list[int] = []
        targets: list[int] = []
        for place, message in enumerate(messages):
            if message.get("role") != "assistant" or message.get("weight") == 0:
                continue
            before = self._conversation(messages[:place], record, answering=True)
            whole = self._conversation(messages[: place + 1], record, answering=False)
            if ids and not before.startswith(written):
                yield Sequenced(tuple(ids), tuple(targets))
                written, ids, targets = "", [], []
            ids = self._begun([*ids, *self._pieces(before[len(written) :])])
            answer = self._ended(self._pieces(_rest(before, whole)))
            targets += range(len(ids), len(ids) + len(answer))
            ids += answer
            written = self._cut(before, whole)
        if ids:
            yield Sequenced(tuple(ids), tuple(targets))

    def _turn(self, before: Sequence[Record], said: Sequence[Record], record: Record) -> Sequenced:
        start = self._conversation(before, record, answering=True)
        whole = self._conversation([*before, *said], record, answering=False)
        answer = self._ended(self._pieces(_rest(start, whole))) if said else []
        return _joined(self._begun(self._pieces(start)), answer)

    def _cut(self, before: str, whole: str) -> str:
        """A conversation up to the token that ends its last answer."""
        for end in self._ends:
            mark = self._tokenizer.convert_ids_to_tokens(end)
            place = whole.find(mark, len(before))
            if place >= 0:
                return whole[: place + len(mark)]
        return whole

    def _answer(self, text: str) -> list[int]:
        return [*self._pieces(text), *self._ends[:1]]

    def _ended(self, ids: list[int]) -> list[int]:
        """An answer up to the token that ends it."""
        stops = [place for place, token in enumerate(ids) if token in self._ends]
        return ids[: stops[0] + 1] if stops else ids

    def _conversation(self, messages: Sequence[Record], record: Record, *, answering: bool) -> str:
        template = self._tokenizer.chat_template
        if not messages and template:
            return ""  # which Transformers refuses
        if not template:
            raise ConfigError(
                "the base model has no chat template: use it with the format completion, or a "
                "model that was tuned for conversations."
            )
        calls = "tool_calls" in str(template)
        try:
            text: str = self._tokenizer.apply_chat_template(
                [plain(message, keep_calls=calls) for message in messages],
                tools=tools_of(record),
                add_generation_prompt=answering,
                tokenize=False,
            )
        except Exception as error:  # noqa: BLE001 - a program of others: it raises what it likes
            reason = f"{type(error).__name__}: {error}"
            raise DataError(
                f"the base model's chat template refuses the conversation: {reason}."
            ) from None
        return text

    def _prompt(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(without_halves(text)).input_ids
        return ids[:-1] if ids and ids[-1] in self._ends else ids

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(without_halves(text), add_special_tokens=False).input_ids
        return ids

    def _begun(self, ids: list[int]) -> list[int]:
        """What is predicted needs something before it."""
        if ids:
            return ids
        start = self._tokenizer.bos_token_id
        return [start if start is not None else self._ends[0] if self._ends else 0]


def encode_all(encoder: Encoder, records: Iterable[Record], most: int, what: str) -> list[Example]:
    """What each record teaches.

    Args:
        encoder: of the base model.
        records: of the API.
        most: tokens that a sequence may have.
        what: what to call the records in messages ("training").

    Raises:
        DataError: some are longer; names their numbers, counted from 1.
    """
    examples = [encoder.example(record) for record in records]
    longer = [n for n, example in enumerate(examples, 1) if example.length > most]
    if longer:
        numbers = ", ".join(map(str, longer[:_SHOWN]))
        more = f" and {len(longer) - _SHOWN} more" if len(longer) > _SHOWN else ""
        longest = max(example.length for example in examples)
        raise DataError(
            f"{what} record {numbers}{more}: longer than {most:,} tokens (the longest has "
            f"{longest:,}). Nothing is cut: shorten or drop them, or raise max_length, which can "
            "be no more than the base model takes."
        )
    return examples


def room(ids: Sequence[int], window: int) -> int:
    """How many tokens an answer may have after a prompt.

    Raises:
        UsageError: none; the prompt is too long.
    """
    if len(ids) >= window:
        raise UsageError(
            f"the prompt has {len(ids):,} tokens; this model reads {window:,} with its answer. "
            "Shorten it."
        )
    return window - len(ids)


def _joined(prompt: Sequence[int], answer: Sequence[int]) -> Sequenced:
    ids = (*prompt, *answer)
    return Sequenced(ids, tuple(range(len(prompt), len(ids))))


def _rest(before: str, whole: str) -> str:
    if not whole.startswith(before):
        raise DataError(
            "the base model's chat template writes an answer otherwise than it asks for one, so "
            "that it cannot be trained on conversations: use another model, or format completion."
        )
    return whole[len(before) :]
