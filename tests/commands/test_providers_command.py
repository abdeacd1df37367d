"""`diagnose providers` as it is typed, and the account of every fact behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from diagnose.cli.pages import source_line
from diagnose.providers import Language, Provider, all_providers, provider, provider_ids
from diagnose.providers.accounted import NO_FACTS, OWN_WORDS, WEAK, facts_of
from diagnose.providers.glosses import for_reader
from diagnose.providers.labels import FIELDS, PARTS
from diagnose.providers.schema import Reference, Words
from diagnose.providers.vocabulary import Vocabulary, reference_words, vocabulary

from .command_line import CommandLine

every_provider = pytest.mark.parametrize("known", list(all_providers()), ids=lambda known: known.id)


def fields(kind: type[msgspec.Struct], before: str = "") -> Iterator[str]:
    """The dotted names of all values that a file may hold."""
    for name, hint in get_type_hints(kind).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint is not Words:
            yield from fields(hint, f"{before}{name}.")
        else:
            yield f"{before}{name}"


@pytest.mark.parametrize("field", [field for field in fields(Provider) if field not in NO_FACTS])
def test_every_field_has_a_label(field: str) -> None:
    part, _, name = field.rpartition(".")

    assert field in PARTS or (part in PARTS and name in FIELDS)


@pytest.mark.parametrize("group", ["kind", "accepted", "who_enables", "reset_methods", "classes", "lockout_scope"])
def test_every_fixed_value_has_words(group: str) -> None:
    values = get_args(get_args(get_type_hints(Vocabulary)[group])[0])

    assert set(getattr(vocabulary(), group)) == set(values)


@every_provider
def test_what_has_no_source_is_unsure(known: Provider) -> None:
    facts = [fact for fact in facts_of(known) if fact.field not in OWN_WORDS]

    assert [fact.field for fact in facts if not fact.sources and not fact.unsure] == []
    assert set(known.unsure) <= {part for fact in facts if fact.unsure for part in (fact.field, *parts_of(fact.field))}


def parts_of(field: str) -> Iterator[str]:
    while field := field.rpartition(".")[0]:
        yield field


@every_provider
def test_no_fact_is_lost(known: Provider) -> None:
    """What the file holds is told, and what it does not hold is not."""
    blank: Any = msgspec.to_builtins(Provider(id=known.id, names=known.names))
    written: Any = msgspec.to_builtins(known)
    top = {name for name in written if written[name] != blank[name]} - NO_FACTS

    assert {fact.field.partition(".")[0] for fact in facts_of(known)} == top


def test_unsure_is_what_the_file_says_so_of() -> None:
    known = provider("aliyun-qiye")
    unsure = {fact.field for fact in facts_of(known) if fact.unsure}

    assert unsure == {*known.unsure, *WEAK}


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_all_providers_are_listed_by_their_names(command: CommandLine, lang: str) -> None:
    done = command("providers", "--lang", lang, "--format", "json")

    assert [one["id"] for one in done.json["providers"]] == list(provider_ids())
    assert all(list(one) == ["id", "name", "kind"] for one in done.json["providers"])
    text = command("providers", "--lang", lang).out
    assert all(f"  {name} " in text for name in provider_ids())


@every_provider
def test_all_about_a_provider(command: CommandLine, known: Provider) -> None:
    """Every source with its date, every server, every quirk."""
    told = "".join(command("providers", known.id).out.split())
    used = [source for fact in facts_of(known) for source in fact.sources]

    for source in used:
        assert "".join(f"{source.ref}, looked at on {source.checked}".split()) in told
    for server in known.servers:
        assert f"{server.host}:{server.port}" in told
    for quirk in known.quirks:
        assert "".join(for_reader(quirk, "en").split()) in told


ADDRESS = re.compile(r"(?:https?://|github:).*|`[^`]*`", re.DOTALL)


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_no_source_is_told_in_english_on_a_chinese_page(lang: Language) -> None:
    lines = [source_line(source, lang) for known in all_providers() for source in known.sources]
    prose = [
        ADDRESS.sub("", reference_words(source.ref, lang)) for known in all_providers() for source in known.sources
    ]

    assert len(lines) > 400
    assert [one for one in prose if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", one)] == []
    assert not any("reseller" in line or "reprint" in line for line in lines)


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        ("one of the sources above; which one was not noted", "以上来源之一（未记下是哪一个）"),
        ("public code excerpts naming a.example and b.example", "公开代码中提到 a.example、b.example"),
        ("public code excerpt", "公开代码片段"),
        ("https://help.example/one of the sources above", "https://help.example/one of the sources above"),
    ],
)
def test_a_source_without_an_address_is_told_in_words(ref: str, told: str) -> None:
    assert reference_words(ref, "zh-Hans") == told
    assert reference_words(ref, "en") == ref


def test_json_gives_each_fact_with_its_account(command: CommandLine) -> None:
    facts = command("providers", "aliyun-qiye", "--format", "json").json["facts"]
    by_field = {fact["field"]: fact for fact in facts}

    assert by_field["password_policy.min"]["value"] == 8
    assert by_field["password_policy.min"]["unsure"] is False
    assert by_field["password_policy.history"]["unsure"] is True
    assert by_field["lockout.duration"]["value"] == {"en": "1 hour", "zh-Hans": "1 小时", "zh-Hant": "1 小時"}
    for fact in facts:
        assert all(msgspec.convert(source, Reference).checked for source in fact["sources"])


def test_an_empty_list_is_a_fact_too(command: CommandLine) -> None:
    assert provider("zimbra").protocols.off_by_default == ()
    assert "off by default" in command("providers", "zimbra").out


def test_an_unknown_id_is_answered_with_close_ones(command: CommandLine) -> None:
    assert command.refused("providers", "qq-mial").endswith("did you mean qq-mail?")
    assert command.refused("providers", "../../etc/passwd") == "no provider is called “../../etc/passwd”."


def test_protocols_are_called_as_people_write_them(command: CommandLine) -> None:
    told = flat(command("providers", "tencent-exmail", "--no-config").out)

    assert "off by default IMAP" in told
    assert "off by default imap" not in told


def flat(told: str) -> str:
    return " ".join(told.split())


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_what_stands_beside_a_source_keeps_the_punctuation_of_chinese(lang: str, command: CommandLine) -> None:
    told = command("providers", "tencent-exmail", "--lang", lang, "--no-config").out

    assert "（" in told
    assert not re.search(r"\([一-鿿]", told)
