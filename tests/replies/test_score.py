"""The score tells what was said from what was right."""

from __future__ import annotations

from typing import Any

import msgspec

from diagnose.replies import Reading, Suspect
from tests.replies.corpus import BLIND, REFUSALS, SEALED, SEEN, TAUGHT, Judged, Labelled, labelled
from tests.replies.score import reliability, shares


def judged(cause: str, *said: tuple[str, Any], source: str = "", reply: str = "text") -> Judged:
    text = Labelled(id="x", protocol=None, stage=None, reply=reply, provider=None, cause=cause, also=(), source=source)
    return Judged(text, Reading(suspects=tuple(Suspect(cause=c, certainty=sure) for c, sure in said)))


def test_right_unsure_and_firmly_wrong_share_all_texts() -> None:
    texts = [
        judged("server.fault", ("server.fault", "possible")),
        judged("server.fault", ("server.slow", "possible")),
        judged("server.fault"),
        judged("server.fault", ("server.slow", "likely")),
        judged("none"),
    ]

    assert shares(texts) == "    5 texts,  40.0% right,  40.0% unsure,  20.0% firmly wrong"


def test_a_reliability_table_tells_how_often_a_certainty_was_right() -> None:
    texts = [judged("server.fault", ("server.fault", "likely"))] * 9 + [judged("none", ("server.fault", "likely"))]

    assert next(reliability(texts, lambda _: "all")).split() == ["all", "likely", "90%", "of", "10"]


def test_a_row_of_a_few_texts_is_left_out() -> None:
    assert list(reliability([judged("none")] * 9, lambda _: "all")) == []


def test_the_language_is_what_the_source_says_or_the_letters_show() -> None:
    told = [
        judged("none", source="Carbonio localisation pt-BR"),
        judged("none", reply="密码错误"),
        judged("none", reply="ログイン"),
        judged("none", reply="Falsches Passwort"),
    ]

    assert [one.labelled.language for one in told] == ["pt", "zh", "ja", "en"]


def test_the_language_that_a_text_names_itself_goes_first() -> None:
    line = b'{"id": "x", "protocol": null, "stage": null, "reply": "Senha incorreta", "provider": null, '
    line += b'"cause": "credentials.rejected", "also": [], "source": "thread", "language": "pt"}'

    assert msgspec.json.decode(line, type=Labelled).language == "pt"


def test_no_text_is_both_seen_and_blind() -> None:
    seen = {text.reply for file in SEEN for text in labelled(file)}
    blind = [text for file in BLIND for text in labelled(file)]

    assert blind
    assert all(text.source for text in blind)
    assert [text.id for text in blind if text.reply in seen] == []


def test_what_a_sealed_batch_holds_has_been_seen_nowhere() -> None:
    seen = {text.reply for file in (*SEEN, *BLIND, *TAUGHT, REFUSALS) for text in labelled(file)}
    sealed = [text for file in SEALED for text in labelled(file)]

    assert not set(SEALED) & set(BLIND)
    assert all(text.source and text.told_language for text in sealed)
    assert [text.id for text in sealed if text.reply in seen] == []
