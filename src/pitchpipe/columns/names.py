"""What the names of columns say: which hold prompts, which hold answers, which never do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

Kind = Literal["prompt", "answer", "aside", "plain"]
"""Prompts, answers, what is neither whatever its values, and names that say nothing."""

PROMPTS: Sequence[tuple[str, ...]] = (
    ("prompt",),
    ("question", "frage", "pregunta", "domanda"),
    ("instruction", "anweisung", "instruccion", "consigne", "istruzione"),
    ("input", "eingabe", "entrada", "entree"),
    ("text", "texto", "texte", "testo"),
    ("message", "nachricht", "mensaje", "messaggio"),
    ("review", "rezension", "resena", "avis", "recensione"),
    ("body",),
    ("sentence", "satz", "phrase", "oracion", "frase"),
    ("content", "inhalt", "contenido", "contenu"),
    ("comment", "kommentar", "comentario", "commentaire"),
    ("query", "anfrage", "consulta", "requete"),
    ("document", "dokument", "documento"),
    ("utterance", "ausserung"),
    ("tweet",),
    ("post",),
    ("email", "mail"),
    ("human",),
    ("article", "artikel", "articulo"),
    ("description", "beschreibung", "descripcion"),
    ("paragraph", "passage"),
)
"""Names of prompts, the first rank first; names of one rank mean the same."""

BESIDE_PROMPTS: Sequence[tuple[str, ...]] = (
    ("title", "titel", "titulo", "titre", "titolo"),
    ("subject", "betreff", "asunto"),
    ("headline",),
    ("context", "kontext", "contexto", "contexte"),
    ("background",),
)
"""Names of what often stands beside a prompt; they rank after names such as ``review_text``."""

ANSWERS: Sequence[tuple[str, ...]] = (
    ("completion",),
    (
        *("response", "answer", "output", "target", "reply", "ideal", "ground truth", "assistant"),
        *("antwort", "ausgabe", "respuesta", "salida", "reponse", "sortie", "risposta"),
    ),
    ("summary", "translation", "zusammenfassung", "ubersetzung", "resumen", "traduccion"),
    (
        *("label", "category", "tag", "sentiment", "class", "intent", "topic", "emotion"),
        *("kategorie", "klasse", "stimmung", "absicht", "thema", "schlagwort"),
        *("categoria", "clase", "etiqueta", "sentimiento", "tema", "intencion"),
        *("categorie", "classe", "etiquette", "sujet", "etichetta"),
    ),
    ("rating", "star", "grade", "bewertung"),
)
"""Names of answers, the first rank first; of one rank, any may be what the user means."""

SETTING = "a part of the conversation"
LABEL_RANK = next(rank for rank, names in enumerate(ANSWERS) if "label" in names)
"""The rank from which on the answers are labels rather than texts."""

ASIDES: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        "an id": "id idx index uid uuid guid number nummer numero nr no row line",
        "a hash": "hash md sha checksum fingerprint",
        "where a row is from": "source src origin quelle fuente provenance dataset corpus",
        "a split": "split subset fold partition",
        "a language": "language lang locale sprache idioma langue lingua",
        "a time": "date datum fecha timestamp time datetime created updated modified year month day"
        " hour duration latency at",
        "an address": "url uri link href domain website",
        "a file": "file filename path filepath",
        "a person": "annotator worker user username reviewer rater approver",
        "a score": "score confidence probability prob weight logprob logprobs perplexity",
        "a count": "count length len tokens words chars num cost price",
        "a guess of a model": "prediction predicted pred suggestion model engine",
        "about the row": "metadata meta version session batch seed offset start end",
        SETTING: "system history tools functions",
    }.items()
    for word in words.split()
}
"""Names of columns that are never the answer, and what each means."""

_PHRASES = {
    "system prompt": "system",
    "system message": "system",
    "chat history": "history",
    "parallel tool calls": "tools",
    "file name": "file",
    "user id": "id",
}
_PREFIXES = {"predicted", "pred", "created", "updated", "modified", "num", "n", "old", "previous"}
_SPEAKERS: Mapping[str, Kind] = {
    **dict.fromkeys(("user", "human", "customer", "client"), "prompt"),
    **dict.fromkeys(("assistant", "bot", "agent", "chatbot", "gpt", "ai"), "answer"),
}
_CARRIERS = {"text", "content", "message", "body", "name", "value", "string", "str"}
_TAILS = {"type", "kind", "state", "code", "level", "flag", "field", "format"}
_COMPOUND = 100
_BESIDE = 200
_MOST_WORDS = 3


@dataclass(frozen=True)
class Meaning:
    """What a name says.

    Attributes:
        kind: what the column holds.
        rank: of prompts and answers, the lower the likelier.
        why: of asides, what the column is.
        name: of prompts and answers whose whole name is known, the first name of its rank.
    """

    kind: Kind
    rank: int = 0
    why: str = ""
    name: str = ""

    @property
    def exact(self) -> bool:
        """Whether the whole name is known, not only a word in it."""
        return bool(self.name)


PLAIN = Meaning("plain")


def words_of(name: str) -> list[str]:
    """The words of a name in lower case, without accents: ``GoldLabel_2`` is gold, label, 2."""
    text = unicodedata.normalize("NFKD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text).casefold()
    return re.findall(r"[^\W\d_]+|\d+", text)


@cache
def meaning_of(name: str) -> Meaning:
    """What the name of a column says, whatever its case, spaces, underscores and hyphens."""
    if re.fullmatch(r"Unnamed: \d+", name):
        return Meaning("aside", why="a column without a name")
    if name.startswith("_"):
        return Meaning("aside", why="a field of the tool that wrote the file")
    words = words_of(name)
    phrase = " ".join(words)
    known = _known(_PHRASES.get(phrase, phrase))
    if known is not None:
        return known
    numbered = [word for word in words if not word.isdigit()]
    if not 0 < len(numbered) <= _MOST_WORDS:
        return PLAIN
    return _compound(numbered)


def _compound(words: Sequence[str]) -> Meaning:
    *before, last = words
    if _singular(last, ASIDES) in ASIDES or (before and words[0] in _PREFIXES):
        aside = _singular(last, ASIDES)
        return Meaning("aside", why=ASIDES.get(aside, ASIDES.get(words[0], "not the answer")))
    if last in _TAILS:
        return PLAIN
    if last in _CARRIERS and before:
        if before[-1] in _SPEAKERS:
            return Meaning(_SPEAKERS[before[-1]], _COMPOUND)
        before = [word for word in before if word not in _CARRIERS] or before
        words = (last, *before)
    for word in reversed(words):
        known = _known(word)
        if known is not None and known.kind in ("prompt", "answer"):
            return Meaning(known.kind, known.rank + _COMPOUND)
    return PLAIN


def _known(word: str) -> Meaning | None:
    for kind, ranks in _RANKS.items():
        found = _singular(word, ranks)
        if found in ranks:
            return Meaning(kind, ranks[found][0], name=ranks[found][1])
    aside = _singular(word, ASIDES)
    return Meaning("aside", why=ASIDES[aside]) if aside in ASIDES else None


def _by_name(ranks: Sequence[tuple[str, ...]], first: int = 0) -> Mapping[str, tuple[int, str]]:
    """The rank of each name, with the first name of that rank."""
    return {name: (rank, names[0]) for rank, names in enumerate(ranks, first) for name in names}


_RANKS: Mapping[Kind, Mapping[str, tuple[int, str]]] = {
    "prompt": {**_by_name(PROMPTS), **_by_name(BESIDE_PROMPTS, _BESIDE)},
    "answer": _by_name(ANSWERS),
}


def _singular(word: str, known: Mapping[str, object]) -> str:
    """The word without the ending of a plural, where that is what is known."""
    if word not in known:
        for ending, instead in (("s", ""), ("es", ""), ("ies", "y")):
            stem = word.removesuffix(ending) + instead
            if word.endswith(ending) and stem in known:
                return stem
    return word
