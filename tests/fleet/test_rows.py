"""A file of many mailboxes or domains: what each form is read as, which rows are bad, and what is refused."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.cli.fleet_run import _provider, _service
from diagnose.fleet.encoding import EncodingError
from diagnose.fleet.rows import LONGEST_LINE, BadRow, InputError, Readers, Row, Rows

READERS = Readers(service=_service, provider=_provider)
HEADER = "address,password_env,office"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows"


def read(file: Path, content: str | bytes) -> list[Row | BadRow]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Rows(file, READERS))


def names(rows: list[Row | BadRow]) -> list[tuple[int, str]]:
    return [(row.line, row.subject.name if isinstance(row, Row) else str(row.reason)) for row in rows]


def refused(file: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as error:
        read(file, content)
    return str(error.value)


# -- forms


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_with_each_separator(file: Path, separator: str, end: str) -> None:
    lines = ["Address,Password-Env,OFFICE", "alice@corp.example,PW_1,Berlin", '"bob@corp.example",,"Paris, 2"']
    words = end.join(line.replace(",", separator) for line in lines[:2]) + end
    words += separator.join(['"bob@corp.example"', "", f'"Paris{separator}2"'])
    first, second = read(file, words)

    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.subject.address, first.office, first.line) == ("alice@corp.example", "Berlin", 2)
    assert first.secret is not None
    assert (first.secret.kind, first.secret.name) == ("environment", "PW_1")
    assert (second.subject.address, second.secret, second.line) == ("bob@corp.example", None, 3)
    assert second.office == f"Paris{separator}2".replace("\t", " ")


@pytest.mark.parametrize(
    "encoded",
    [
        lambda words: words.encode(),
        lambda words: codecs.BOM_UTF8 + words.encode(),
        lambda words: words.encode("utf-16"),
        lambda words: words.encode("utf-16-le"),
        lambda words: words.encode("utf-16-be"),
        lambda words: codecs.BOM_UTF16_BE + words.encode("utf-16-be"),
        lambda words: words.encode("gb18030"),
    ],
    ids=["UTF-8", "with a mark", "UTF-16", "little", "big", "big with a mark", "GB18030"],
)
def test_each_encoding(file: Path, encoded: object) -> None:
    """Spreadsheets write all of them."""
    words = "address,office,note\n" + "alice@corp.example,上海办公室,x\n" + "bob@corp.example,Berlin,y\n" * 3
    assert callable(encoded)
    first, *_rest = read(file, encoded(words))

    assert isinstance(first, Row)
    assert (first.subject.address, first.office) == ("alice@corp.example", "上海办公室")


@pytest.mark.parametrize(
    ("offices", "encoding"),
    [
        (("Zürich",), "cp1252"),
        (("São Paulo", "Conceição", "Maceió"), "cp1252"),
        (("Malmö", "Ängelholm", "Skåne"), "cp1252"),
        (("Košice – Súd", "L’Aquila è", "Übersee"), "cp1252"),
        (("Besançon", "Évry", "Orléans"), "latin-1"),
        (("上海",), "gb18030"),
        (("总部（北京）", "广州"), "gb18030"),
        (("鑫淼堃焱", "深圳"), "gb18030"),
        (("臺北總公司", "高雄"), "gb18030"),
        (("上海", "北京", "Zürich", "广州"), "gb18030"),
    ],
    ids=str,
)
def test_what_spreadsheets_write_is_told_by_what_it_reads_like(
    file: Path, offices: tuple[str, ...], encoding: str
) -> None:
    """Nearly all octets mean something in both, and only in one of them names of places."""
    table = "address;office\n" + "".join(f"alice{number}@corp.example;{one}\n" for number, one in enumerate(offices))
    file.write_bytes(table.encode(encoding))
    rows = Rows(file, READERS)

    assert [one.office for one in rows if isinstance(one, Row)] == list(offices)
    assert rows.guessed == {"gb18030": "GB18030"}.get(encoding, "Windows-1252")


@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_what_can_be_nothing_else_is_no_guess(file: Path, written: str) -> None:
    office = "Berlin" if written == "ascii" else "Zürich"
    file.write_bytes(f"address,office\nalice@corp.example,{office}\n".encode(written))

    assert Rows(file, READERS).guessed is None


@pytest.mark.parametrize(
    ("office", "encoding"), [("臺北", "big5"), ("Москва", "cp1251"), ("Łódź", "cp1250"), ("東京", "shift_jis")]
)
def test_an_encoding_that_is_named_is_the_one(file: Path, office: str, encoding: str) -> None:
    file.write_bytes(f"address,office\nalice@corp.example,{office}\n".encode(encoding))
    rows = Rows(file, READERS, encoding)
    (row,) = rows

    assert isinstance(row, Row)
    assert (row.office, rows.guessed) == (office, None)


def test_what_is_no_text_in_the_named_encoding_is_refused(file: Path) -> None:
    file.write_bytes("address,office\nalice@corp.example,Zürich\n".encode("cp1252"))
    with pytest.raises(EncodingError, match="not a text in UTF-8"):
        Rows(file, READERS, "utf-8")


@pytest.mark.parametrize(
    "header",
    [
        "邮箱,姓名",
        "姓名,电子邮箱",
        "郵件地址;備註",
        "信箱\t分機",
        "E-Mail,Name",
        "Email address,Name",
        "域名,备注",
        "網域,備註",
    ],
)
def test_columns_have_the_names_that_people_give_them(file: Path, header: str) -> None:
    separator = next(sign for sign in ",;\t" if sign in header)
    values = {
        "姓名": "张三",
        "備註": "x",
        "分機": "12",
        "Name": "Alice",
        "备注": "x",
        "域名": "corp.example",
        "網域": "corp.example",
    }
    line = separator.join(values.get(name, "alice@corp.example") for name in header.split(separator))
    ((_line, name),) = names(read(file, f"{header}\n{line}\n"))

    assert name in {"alice@corp.example", "corp.example"}


def test_a_column_of_passwords_is_one_in_chinese_too(file: Path) -> None:
    with pytest.raises(InputError, match="would hold secrets"):
        read(file, "邮箱,密码\nalice@corp.example,x\n")


def test_a_list_with_remarks_and_empty_lines(file: Path) -> None:
    rows = read(file, "# our domains\n\ncorp.example\n   \n# alice@gone.example\nalice@corp.example\n\n")

    assert names(rows) == [(3, "corp.example"), (6, "alice@corp.example")]


@pytest.mark.parametrize("hint", ["sep=;", "SEP=;", '"sep=;"', "sep=,", "sep="])
def test_the_separator_that_a_first_line_tells_spreadsheets(file: Path, hint: str) -> None:
    """It is passed over: which one separates columns is seen by the header."""
    (row,) = read(file, f"{hint}\r\naddress;office\r\nalice@corp.example;Berlin\r\n")

    assert isinstance(row, Row)
    assert (row.line, row.office) == (3, "Berlin")


def test_a_name_that_begins_like_such_a_hint(file: Path) -> None:
    rows = read(file, "sep.example\nsep=ally@corp.example\n")

    assert names(rows) == [(1, "sep.example"), (2, "sep=ally@corp.example")]


def test_json_lines(file: Path) -> None:
    lines = [
        {"address": "alice@corp.example", "password_keyring": "alice", "imap": "imap.corp.example:993", "id": 7},
        {"domain": "corp.example", "expect": ["mx=mx.corp.example", "tls=1.2"]},
        ["no", "object"],
        {"address": {"a": 1}},
    ]
    rows = read(file, "\n".join(map(json.dumps, lines)) + "\n\nnonsense\n")

    first, second, *bad = rows
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert [service.host for service in first.services] == ["imap.corp.example"]
    assert first.secret is not None
    assert (first.secret.kind, first.secret.name) == ("keyring", "alice")
    assert first.columns["id"] == "7"
    assert "password_keyring" not in first.columns
    assert second.expected == {"mx": ("mx.corp.example",), "tls": ("1.2",)}
    assert [(row.line, isinstance(row, BadRow)) for row in bad] == [(3, True), (4, True), (6, True)]


def test_a_plain_list(file: Path) -> None:
    rows = read(file, "# people\n\nalice@corp.example\n corp.example \n\nMünchen.example\n")

    assert names(rows) == [(3, "alice@corp.example"), (4, "corp.example"), (6, "xn--mnchen-3ya.example")]


# -- rows that nothing can be diagnosed by


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("alice@@corp.example,,", "more than one @"),
        (",PW,", "neither an address nor a domain"),
        ("alice@corp.example,hunter2!,", "not the name of a variable"),
        ("corp.example,PW,", "without any login"),
        ("alice@corp.example,PW,Berlin,more", "4 fields"),
    ],
)
def test_a_bad_row_is_named_with_its_line(file: Path, row: str, part: str) -> None:
    """And the others are read all the same."""
    good, bad, last = read(file, f"{HEADER}\nbob@corp.example,,\n{row}\ncarol@corp.example,,\n")

    assert isinstance(bad, BadRow)
    assert (bad.line, part in bad.reason.render()) == (3, True), bad.reason
    assert [good.line, last.line] == [2, 4]
    assert "hunter2" not in repr(bad)  # somebody may have put the password itself there


def test_a_quote_that_does_not_end_costs_one_row_and_no_memory(file: Path) -> None:
    rows = read(file, f'{HEADER}\n"alice@corp.example,,\n' + "x" * 200_000 + "\nbob@corp.example,,\n")

    assert isinstance(rows[0], BadRow)
    assert names(rows)[-1] == (4, "bob@corp.example")


@pytest.mark.parametrize("rest", ["bob@corp.example,,\n", "bob@corp.example,,", '"bob@corp.example",,\n'])
def test_a_quote_that_does_not_end_swallows_no_row(file: Path, rest: str) -> None:
    rows = read(file, f'{HEADER}\n"alice@corp.example,,\n{rest}')

    assert [(row.line, isinstance(row, Row)) for row in rows] == [(2, False), (3, True)]


def test_each_of_many_quotes_costs_its_own_row(file: Path) -> None:
    rows = read(file, f"{HEADER}\n" + '"alice@corp.example,,\nbob@corp.example,,\n' * 3)

    assert [row.line for row in rows if isinstance(row, BadRow)] == [2, 4, 6]
    assert [row.line for row in rows if isinstance(row, Row)] == [3]


@pytest.mark.parametrize(
    "office", ['"Berlin\nMitte"', '"Berlin ""Mitte"""', '"Berlin" Mitte', 'Ber"lin', '"\n\nBerlin\n"', '"a\r\nb"']
)
def test_quotes_as_spreadsheets_and_people_write_them(file: Path, office: str) -> None:
    rows = read(file, f"{HEADER}\nalice@corp.example,,{office}\nbob@corp.example,,\n")

    assert [row.subject.address for row in rows if isinstance(row, Row)] == ["alice@corp.example", "bob@corp.example"]
    assert rows[1].line == 3 + office.count("\n")


def test_a_line_that_is_too_long_is_a_bad_row(file: Path) -> None:
    rows = read(file, "alice@corp.example\n" + "x" * (LONGEST_LINE + 5) + "\nbob@corp.example\n")

    assert [row.line for row in rows if isinstance(row, Row)] == [1, 3]
    assert [row.line for row in rows if isinstance(row, BadRow)] == [2]


@pytest.mark.parametrize("column", [{"imap": "imap://"}, {"provider": "no such provider"}, {"expect": "mx"}])
def test_values_are_read_as_the_command_line_reads_them(file: Path, column: dict[str, str]) -> None:
    (row,) = read(file, json.dumps({"address": "alice@corp.example"} | column))

    assert isinstance(row, BadRow)


def test_duplicates_run_once(file: Path) -> None:
    """Those that ask for the same, whatever else stands beside it."""
    file.write_text(
        "address,office,note\nalice@corp.example,a,1\nALICE@corp.example,a,2\nalice@corp.example,a,3\n"
        "alice@corp.example,b,4\n",
        "utf-8",
    )
    rows = Rows(file, READERS)

    assert [row.line for row in rows] == [2, 3, 5]
    assert rows.duplicates == 1
    assert rows.unknown == ("note",)


@pytest.mark.parametrize("separator", [":", " ", "\t", ";", "|", ",", ": ", " / "])
@pytest.mark.parametrize("form", ["list", "table", "json"])
def test_a_password_behind_an_address_is_repeated_nowhere(file: Path, separator: str, form: str) -> None:
    words = f"alice@corp.example{separator}hunter2"
    content = {
        "list": f"bob@corp.example\n{words}\n",
        "table": f'address,note\nbob@corp.example,\n"{words}",\n',
        "json": f'{{"address": "bob@corp.example"}}\n{json.dumps({"address": words})}\n',
    }[form]
    good, bad = read(file, content)

    assert isinstance(good, Row)
    assert isinstance(bad, BadRow)
    assert "password" in bad.reason.render()
    assert "hunter2" not in repr(bad)


@pytest.mark.parametrize("word", ["Alice <alice@corp.example>", "mailto:alice@corp.example", "alice@corp.example,"])
def test_an_address_as_people_copy_it_is_none(file: Path, word: str) -> None:
    (row,) = read(file, f"bob@corp.example\n{word}\n")[1:]

    assert "password" not in (row.reason.render() if isinstance(row, BadRow) else "")


def test_no_password_can_be_guessed_by_the_number_of_a_row(file: Path) -> None:
    """A digest of it would let whoever knows the rest of the row try them all."""
    wrong = [read(file, f"{HEADER}\nalice@corp.example,{word},\n")[0].id for word in ("hunter2!", "hunter3!")]
    beside = [read(file, f"bob@corp.example\nalice@corp.example:{word}\n")[1].id for word in ("a", "b")]

    assert wrong[0] == wrong[1]
    assert beside[0] == beside[1]


@pytest.mark.parametrize(
    "row", ['{"address": "\\ud800@corp.example"}', '{"address": "a@corp.example", "office": "\\udfff"}',
            '{"address": "a@corp.example", "\\ud800": "x"}']
)  # fmt: skip
def test_half_a_character_is_a_bad_row(file: Path, row: str) -> None:
    bad, good = read(file, f'{row}\n{{"address": "b@corp.example", "office": "\\ud83d\\ude00"}}\n')

    assert isinstance(bad, BadRow)
    assert isinstance(good, Row)
    assert good.office == "\N{GRINNING FACE}"


# -- files that are refused


@pytest.mark.parametrize(
    "name", ["password", "Passwort", "PASSWD", "imap-password", "密码", "Password (initial)", "token", "pw", "pass2"]
)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_column_of_passwords_is_refused_with_the_reason(file: Path, name: str, form: str) -> None:
    content = f"address,{name}\nalice@corp.example,hunter2\n"
    if form == "json":
        content = json.dumps({"address": "alice@corp.example", name: "hunter2"}) + "\n"
    sentence = refused(file, content)

    assert "password_env" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("name", ["passenger", "compass", "keyword", "tokenizer", "bypass"])
def test_other_columns_are_not(file: Path, name: str) -> None:
    (row,) = read(file, f"address,{name}\nalice@corp.example,x\n")

    assert isinstance(row, Row)
    assert row.columns[name] == "x"


def test_a_password_in_a_later_object_is_a_bad_row_without_it(file: Path) -> None:
    rows = read(file, '{"address": "a@corp.example"}\n{"address": "b@corp.example", "password": "hunter2"}\n')

    assert isinstance(rows[1], BadRow)
    assert "hunter2" not in repr(rows)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "it is empty"),
        ("\n\n  \n", "it is empty"),
        ("name,phone\nAlice,1\n", "neither a header"),
        ("hello\n", "neither a header"),
        ("adress,office\nalice@corp.example,x\n", "no column “address”, but “adress”"),
        ("Office;Domian\nx;corp.example\n", "no column “domain”, but “domian”"),
        ('{\n  "schema_version": 1\n}\n', "one JSON document"),
        ('[\n{"address": "alice@corp.example"}\n]\n', "one JSON document"),
        ('[{"address": "alice@corp.example"}]\n', "one JSON document"),
        (b"PK\x03\x04\x14\x00\x06\x00", "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "save the sheet as CSV"),
        ("office,username\nx,y\n", "neither a header"),
        ("address,address\na,b\n", "two of its columns"),
        (b"\x7fELF\x02\x01\x01\x00\x00" * 50, "not a text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a text"),
        (b"address\n\xff\xff\xff\n", "not a text"),
        (b"address\n" + b"alice@corp.example\n" * 5000 + b"\xff\xff\xff\n", "not a text"),
        ("address\nalice@corp.example\n".encode("utf-16") + b"x", "not a text"),
    ],
)
def test_other_files_are_refused(file: Path, content: str | bytes, part: str) -> None:
    """Before any of their rows is run."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((InputError, EncodingError)) as error:
        Rows(file, READERS)

    assert part in str(error.value)


def test_a_folder_and_no_file(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(OSError):  # noqa: PT011 - whichever it is
            Rows(place, READERS)


# -- many


def test_rows_stream(file: Path) -> None:
    """No further row is read than was asked for: twenty thousand are in the file, and the last is none."""
    with file.open("wb") as stream:
        stream.writelines(b"domain-%d.example\n" % number for number in range(20_000))
    rows = Rows(file, READERS)
    found: Iterator[Row | BadRow] = iter(rows)
    for _ in range(3):
        next(found)

    assert rows._lines.number == 3
