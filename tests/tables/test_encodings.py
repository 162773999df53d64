"""Windows-1252 is recognised; other code pages are never taken for it."""
# ruff: noqa: RUF001 - signs that look like others are what this is about

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables import Table, open_table
from pitchpipe.tables.encodings import guess

WESTERN = {
    "German": "Gruß, Käufer „0“ … 5 € zurück – schade\nÄpfel, MÜLLER, 3 m² à 5 €, 25 °C, §5, «so»",
    "French": "L’été, ça m’a coûté 5 € – œuvre d’art à Noël, naïve, « où » Élève créée âgé",
    "Spanish": "El niño español, ¿cómo está? ¡Qué día! averigüé un piñón, 1º, 2ª, nº 3",
    "Portuguese": "São Paulo não tem ações, coração, avó, manhã, às três, à tarde, irmãos",
    "Italian": "Perché è così? Più città, però, l’università, può, lunedì",
    "Swedish": "Är du från Göteborg? ”Ja” sade han – åtta ägg",
    "Danish": "Smørrebrød på æg, øl, Århus, blåbær",
    "Icelandic": "Það er gott að sjá þig, ég á hús í Reykjavík",
    "Finnish": "Hyvää päivää, työ, yö, šakki",
    "English": "I don’t think “that” is it… the café—which was black—ran for £5. 20°C, Windows®",
    "Dutch": "Eén coördinatie, foto’s, ideeën, geïnteresseerd",
}
OTHERS = [
    ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
    ("cp1250", "Zażółć gęślą jaźń, był miał złoty"),
    ("cp1250", "Az idő gyönyörű és jövő héten"),
    ("cp1250", "Čaša na stolu, što će biti, đak"),
    ("cp1250", "Casă şi ţară, îmi place să"),
    ("iso-8859-2", "Příliš žluťoučký kůň"),
    ("iso-8859-2", "Zażółć gęślą jaźń, był miał"),
    ("iso-8859-15", "Preis 5 € zurück, für"),
    ("iso-8859-15", "cœur"),
    ("iso-8859-15", "Šach für"),
    ("cp1251", "Привет, как дела?"),
    ("cp1251", "а и в"),
    ("koi8-r", "Привет, как дела?"),
    ("cp866", "Привет, как дела?"),
    ("cp1253", "Καλημέρα κόσμε"),
    ("cp1254", "Güzel bir gün, teşekkürler, ışık ağaç"),
    ("cp1257", "Ačiū, labas rytas, šiandien gražu žąsis"),
    ("gb18030", "你好,世界很满意"),
    ("gb18030", "a 是 b"),
    ("big5", "你好,世界"),
    ("shift_jis", "こんにちは世界"),
    ("shift_jis", "日本語テスト"),
    ("euc_jp", "こんにちは世界"),
    ("euc_kr", "안녕하세요 세계"),
    ("cp874", "สวัสดี"),
    ("mac_roman", "Gruß, Käufer, zurück"),
    ("mac_roman", "El niño"),
    ("mac_roman", "señor, españa"),
    ("mac_roman", "buenos días"),
    ("mac_roman", "el camión de la ñ"),
    ("mac_roman", "Müller"),
    ("mac_roman", "schön"),
    ("mac_roman", "être"),
    ("mac_roman", "São Paulo, ações"),
    ("cp850", "für das Mädchen"),
    ("cp850", "voilà"),
    ("cp850", "más"),
    ("cp850", "año"),
    ("cp437", "schön für das Mädchen"),
]


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_windows_1252_is_read_and_said(save, records_of, text, end):
    lines = text.split("\n")
    path = save("a.txt", (end.join(lines) + end).encode("cp1252"))
    table = open_table(path)
    assert [record["prompt"] for record in records_of(table)] == lines
    [note] = table.notes
    assert "is not UTF-8; it is read as Windows-1252" in note
    assert "--encoding" in note
    assert records_of(open_table(path, encoding="cp1252")) == records_of(table)


@pytest.mark.parametrize(("encoding", "text"), OTHERS)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_other_code_pages_are_refused_with_what_to_pass(save, records_of, encoding, text, kind):
    line = json.dumps({"text": text, "label": "x"}, ensure_ascii=False) + "\n"
    content = line * 3 if kind == "jsonl" else f'text,label\n"{text}",x\n'
    path = save(f"a.{kind}", content.encode(encoding))
    with pytest.raises(DataError, match=r"line \d+: the byte 0x.* --encoding NAME") as caught:
        list(open_table(path).chunks())
    assert str(caught.value).startswith(f"{path}: line ")
    found = records_of(open_table(path, encoding=encoding))
    assert {record["text"] for record in found} == {text}


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "第0位顾客的评价：太慢了"),
        ("mac_roman", "Die Lieferung kam pünktlich, Gruß"),
        ("iso-8859-15", "Die Lieferung kam für 5 € zurück"),
        ("cp1251", "Привет, как дела?"),
        ("koi8-r", "Привет, как дела?"),
        ("cp850", "für das Mädchen"),
        ("iso-8859-2", "Příliš žluťoučký kůň"),
        ("shift_jis", "日本語テスト"),
    ],
)
def test_the_right_encoding_is_among_those_that_are_shown(save, encoding, text):
    path = save("a.csv", f"text,label\n{text},x\n".encode(encoding))
    with pytest.raises(DataError) as caught:
        list(open_table(path).chunks())
    assert f"{encoding} would read '" in str(caught.value)
    assert text[-5:] in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "cp1252"])
@settings(deadline=None, max_examples=50)
@given(
    words=st.lists(
        st.sampled_from(["Käufer", "Größe", "été", "niño", "œuvre", "…", "„so“", "5€", "abc"])
    )
)
def test_a_given_encoding_is_obeyed(tmp_path_factory, encoding, words):
    path = tmp_path_factory.mktemp("given") / "a.txt"
    data = " ".join(["x", *words]).encode("cp1252", "replace")
    path.write_bytes(data)
    [chunk] = open_table(path, encoding=encoding).chunks()
    assert chunk["prompt"].tolist() == [data.decode(encoding)]


DAMAGED = {
    "one byte cut": "für Käufer und Größe".encode().replace("ü".encode(), b"\xc3"),
    "one byte too many": "für Käufer und Größe".encode() + b" \xfc",
    "half UTF-8, half Windows-1252": "für Käufer\n".encode() + "für Käufer\n".encode("cp1252"),
    "half Windows-1252, half UTF-8": "für Käufer\n".encode("cp1252") + "für Käufer\n".encode(),
    "a surrogate": b"xx\xed\xa0\x80yy",
    "only a stray byte": b"hello \xe9 there",
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_utf_8_stays_refused(save, data):
    path = save("a.txt", data + b"\nhello\n")
    with pytest.raises(DataError, match=r"is not valid UTF-8.*--encoding"):
        list(open_table(path).chunks())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_doubt_far_down_is_found_by_line_and_byte(save, pack):
    good = "für Käufer\n".encode("cp1252")
    data = good * 60_000 + "Příliš žluťoučký\n".encode("cp1250")
    table = open_table(save("a.txt.gz" if pack is gzip.compress else "a.txt", pack(data)))
    assert "Windows-1252" in table.notes[0]
    with pytest.raises(DataError, match=r"line 60001: the byte 0x.*makes no sense in Windows-1252"):
        list(table.chunks())
    with pytest.raises(DataError, match="line 60001: "):
        [chunk for segment in table.segments() for chunk in segment.chunks()]


def test_windows_1252_far_down_is_refused_with_what_to_pass(save, records_of):
    path = save("a.csv", b"text,label\n" + b"abc,x\n" * 20_000 + "Käufer,y\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"line 20002: .*cp1252 would read 'Käufer,y'"):
        list(open_table(path).chunks())
    assert records_of(open_table(path, encoding="cp1252"))[-1] == {"text": "Käufer", "label": "y"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("rows", [9, 60_000])
def test_one_line_in_another_encoding_is_named_and_none_is_advised(save, pack, rows):
    data = b"text,label\n" + "Käufer,für\n".encode() * rows + "Größe,x\n".encode("cp1252")
    path = save("a.csv.gz" if pack is gzip.compress else "a.csv", pack(data))
    for read in (Table.chunks, lambda table: (c for s in table.segments() for c in s.chunks())):
        with pytest.raises(
            DataError, match=rf"line {rows + 2}: .*which the lines before"
        ) as caught:
            list(read(open_table(path)))
        assert "cp1252 would read 'Größe,x'" in str(caught.value)
        assert "--encoding" not in str(caught.value)


def test_pieces_of_windows_1252_are_the_table(save):
    rows = "".join(f"Käufer {n},ü{n}x\n" for n in range(60_000))
    table = open_table(save("a.csv", f"text,label\n{rows}".encode("cp1252")))
    cells = [c for s in table.segments() for chunk in s.chunks() for c in chunk["text"]]
    assert cells == [f"Käufer {n}" for n in range(60_000)]


@pytest.mark.parametrize(
    ("mark", "given_"),
    [("utf-8-sig", "cp1252"), ("utf-16", "utf-8"), ("utf-16", "latin-1"), ("utf-32", "utf-16")],
)
def test_a_byte_order_mark_that_contradicts_is_refused(save, mark, given_):
    path = save("a.csv", "text,label\nx,y\n".encode(mark))
    with pytest.raises(UsageError, match=f"begins with the byte order mark.*'{given_}'"):
        open_table(path, encoding=given_)


@pytest.mark.parametrize(
    ("mark", "given_"),
    [
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-32", "utf-32"),
    ],
)
def test_a_byte_order_mark_that_agrees_is_fine(save, records_of, mark, given_):
    path = save("a.csv", "text,label\nx,y\n".encode(mark))
    assert records_of(open_table(path, encoding=given_)) == [{"text": "x", "label": "y"}]


def test_by_name_takes_nothing_for_windows_1252(save):
    path = save("a.csv", "text,label\nKäufer,y\n".encode("cp1252"))
    with pytest.raises(DataError, match="line 2: the byte 0xE4 at offset 12 is not valid UTF-8"):
        list(open_table(path, by_name=True).chunks())


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_utf_8_is_never_taken_for_anything_else(text):
    data = text.encode()
    if data.count(0) * 3 < len(data) or not data:
        found = guess(data, whole=True)
        assert found == "utf-8" or found.startswith("utf-")


def test_utf_8_whose_sample_ends_inside_a_character(save, records_of):
    content = "x" * (2**16 - 1) + "é\n"
    table = open_table(save("a.txt", content))
    assert records_of(table) == [{"prompt": content.strip()}]
    assert table.notes == ()
