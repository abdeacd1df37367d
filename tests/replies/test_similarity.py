"""The second opinion: what it says, what it makes of a reading, and that its data can be made again."""

from __future__ import annotations

import math
import zlib
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from diagnose.knowledge import KnowledgeError
from diagnose.model import Certainty
from diagnose.replies import Reading, read_message, read_reply, second_opinion, similarity
from diagnose.replies.reader import Sign, Suspect, read_with_words
from diagnose.replies.schema import NO_CAUSE
from diagnose.replies.second_opinion import AGREED, NAMED_BY_AN_ERROR, ONE_REASON, PROVEN, of_one_reason, weighed
from diagnose.replies.similarity import (
    DATA,
    LARGEST_DATA,
    LARGEST_WEIGHT,
    MIDDLE,
    MOST_KEYS,
    Features,
    Likeness,
    Opinion,
    features_of,
    key_of,
    load_likeness,
    packed,
    unpacked,
)
from diagnose.replies.wire import Wire
from tests.replies import train as train_script
from tests.replies.corpus import SEEN, labelled
from tests.replies.train import changed_since, corpus, taught, train


def features(text: str) -> frozenset[str]:
    return features_of(read_with_words(text)[1])


def opinions_are(odds: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every opinion *odds*."""

    class Told(Likeness):
        def opinion(self, wire: Wire, reading: Reading | None = None) -> Opinion:
            foremost = max((one for one in odds if one != NO_CAUSE), key=lambda one: odds[one])
            return Opinion(odds, foremost)

    monkeypatch.setattr(second_opinion, "load_likeness", lambda: Told(unpacked(DATA.read_bytes())))


def firm(reading: Reading) -> bool:
    return bool(reading.suspects) and reading.suspects[0].certainty != "possible"


def test_the_data_are_small_and_name_causes_that_texts_are_labelled_with() -> None:
    model = unpacked(DATA.read_bytes())
    causes = {text.cause for text in corpus()}

    assert DATA.stat().st_size <= LARGEST_DATA
    assert set(model.causes) <= causes
    assert len(model.features.causes) == len(model.features.weights) == sum(model.features.counts)
    rows = [[*model.features.row(*ends)] for ends in pairwise(model.features.starts())]
    assert all(abs(weight - MIDDLE) <= LARGEST_WEIGHT for weight in model.features.weights)
    assert max(cause for row in rows for cause, _ in row) < len(model.causes)


def test_features_are_unpacked_as_they_were_packed() -> None:
    rows = {0: {0: -5, 200: 1}, 77: {}, 70_000: {3: 127}, MOST_KEYS - 1: {254: 9}}

    features = Features.of(rows)

    kept = [{cause: weight - MIDDLE for cause, weight in features.row(*ends)} for ends in pairwise(features.starts())]
    assert dict(zip(features.keys(), kept, strict=True)) == rows


def test_the_shipped_data_were_learned_from_the_texts_that_teach_them_alone() -> None:
    """Texts that rules are written from change with the rules; ``--check`` tells those, too."""
    rules_too = {file.name for file in SEEN}

    assert [file for file in changed_since() if file not in rules_too] == []


def test_a_file_that_has_changed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = unpacked(DATA.read_bytes())
    old = msgspec.structs.replace(model, corpus={**model.corpus, "concepts.yaml": "0", "gone.jsonl": "0"})
    monkeypatch.setattr(train_script, "DATA", tmp_path / "data")
    (tmp_path / "data").write_bytes(packed(old))

    told = CliRunner().invoke(train_script.main, ["--check"])

    assert told.exit_code == 1
    assert "concepts.yaml, gone.jsonl" in told.output


@pytest.mark.parametrize(
    "text",
    ["Das Passwort ist abgelaufen", "La contraseña ha caducado", "パスワードの有効期限が切れました", "密碼已過期"],
)
def test_a_known_phrase_is_the_same_feature_in_every_language(text: str) -> None:
    assert {"{password}", "{expired}", "{expired}&{password}"} <= features(text)
    assert "{expired}&{password}" not in features("The session has expired. Enter your password")


@pytest.mark.parametrize(
    "text",
    ["", "a", "wrong password", "密码错误", "\x00" * 500, "é" * 5000, "{" * 3000, "a " * 9000, "\ud800 x", "٣" * 900],
)
def test_probabilities_of_anything_add_up_to_one(text: str) -> None:
    odds = load_likeness().probabilities(features(text))

    assert sum(odds.values()) == pytest.approx(1)
    assert NO_CAUSE in odds


@pytest.mark.parametrize("many", [3, 1_000, 1_024, 1_025, 5_000])
def test_weights_add_up_however_many_features_a_text_has(many: int) -> None:
    weights = {0: LARGEST_WEIGHT, 1: -LARGEST_WEIGHT}
    features = {f"feature {number}" for number in range(many)}
    model = msgspec.structs.replace(
        unpacked(DATA.read_bytes()),
        causes=("a", "b", "c"),
        features=Features.of({key_of(feature): weights for feature in features}),
        bias=(0.0, 0.0, 0.0),
        scale=0.001,
    )

    odds = Likeness(model).probabilities(features)

    keys = len(set(map(key_of, features)))
    apart = LARGEST_WEIGHT * 0.001 * keys / math.sqrt(keys + 1)
    assert odds["a"] / odds["c"] == pytest.approx(math.exp(apart))
    assert odds["b"] / odds["c"] == pytest.approx(math.exp(-apart))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password password passwords: the password has expired, thx",
        "535 5.7.8 Wrong password for user17",
        "密码错误密码错误。密码错误",
        "密 a 码 b 错 c 误",
        "รหัสผ่านไม่ถูกต้อง รหัสผ่าน",
        "비밀번호가 틀렸습니다 비밀번호",
        "\ud800 x",
        "".join(map(chr, range(0x4E00, 0x5200))),
        " ".join(a + b for a in "abcdefghijklmnop" for b in "abcdefghij"),
    ],
)
def test_an_opinion_is_made_of_all_features_each_once(text: str) -> None:
    reading, words = read_with_words(text)

    for told in (None, reading):
        expected = load_likeness().probabilities(features_of(words, told))
        assert load_likeness().opinion(words, told).odds == expected


def test_an_opinion_adds_up_however_many_features_are_known() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + similarity.LONGEST_WORDS)))
    words = Wire(protocol=None, text=text)
    some = features_of(words)
    model = msgspec.structs.replace(
        unpacked(DATA.read_bytes()),
        causes=(NO_CAUSE, "a"),
        features=Features.of({key_of(feature): {0: LARGEST_WEIGHT} for feature in some}),
        bias=(0.0, 0.0),
        scale=0.001,
    )

    likeness = Likeness(model)

    assert len(some) > similarity.MOST_ADDED
    assert likeness.opinion(words).odds == likeness.probabilities(some)


def test_the_order_of_features_changes_nothing() -> None:
    given = sorted(features("Your password has expired."))

    assert load_likeness().probabilities(given) == load_likeness().probabilities(given[::-1])


@pytest.mark.parametrize(
    ("other", "one"),
    [
        ("535 Login failed for user23", True),
        ("535 Login failed for user", False),
        ("535 Login failed for user17@a.example", False),
        ("550 Login failed for user17", False),
    ],
)
def test_an_opinion_is_remembered_for_all_that_the_model_takes_for_one_text(other: str, *, one: bool) -> None:
    first, second = (load_likeness().opinion(read_with_words(t)[1]) for t in ("535 Login failed for user17", other))

    assert (second is first) is one
    assert second.odds == load_likeness().probabilities(features(other))


def test_the_same_texts_give_the_same_data() -> None:
    texts = taught(labelled(SEEN[0]))[::8]

    once, again = (packed(train(texts, rounds=2)) for _ in range(2))

    assert once == again


def test_what_texts_teach_is_found_again() -> None:
    texts = taught(labelled(SEEN[0]))[::4]
    likeness = Likeness(train(texts, rounds=20))

    right = sum(
        max(odds, key=lambda cause: odds[cause]) in text.causes
        for text in texts
        if (odds := likeness.probabilities(text.features))
    )

    assert right > 0.8 * len(texts)


@pytest.mark.parametrize(
    "text", ["a1 NO LOGIN failed.", "535 5.7.8 Error: authentication failed", "-ERR", "登录失败。", "Access denied"]
)
def test_a_refusal_that_does_not_say_what_is_wrong_is_possible(text: str) -> None:
    assert not firm(read_message(text))


def test_a_server_that_refused_our_own_login_is_read_as_before() -> None:
    reading = read_reply("535 5.7.8 Error: authentication failed", protocol="smtp", stage="login")

    assert (reading.suspects[0].cause, firm(reading)) == ("credentials.rejected", True)


@pytest.mark.parametrize(
    "text", ["Your password has expired.", "535 5.7.8 wrong password", "Das Passwort ist falsch.", "密码已过期"]
)
def test_what_names_the_thing_and_its_state_stays_sure(text: str) -> None:
    assert firm(read_message(text))


def test_a_likely_cause_that_texts_like_it_never_had_becomes_possible_behind_what_they_had() -> None:
    _, words = read_with_words("Your mailbox is full.")
    wrong = Reading(suspects=(Suspect(cause="tls.cert-expired", certainty="likely"),), matched="x")

    reading = weighed(wrong, words)

    assert [(one.cause, one.certainty) for one in reading.suspects] == [
        ("activation.over-quota", "possible"),
        ("tls.cert-expired", "possible"),
    ]


def test_where_words_say_only_that_it_failed_likeness_says_first_what_may_be_meant() -> None:
    _, words = read_with_words("Your mailbox is full.")
    bare = Reading(suspects=(Suspect(cause="credentials.rejected", certainty="likely"),), matched="x", bare=True)

    reading = weighed(bare, words)

    assert [(one.cause, one.certainty) for one in reading.suspects] == [
        ("activation.over-quota", "possible"),
        ("credentials.rejected", "possible"),
    ]
    assert reading.told_by == "likeness"


@pytest.mark.parametrize(
    ("odds", "first"),
    [
        ({"activation.over-quota": 0.95, "credentials.rejected": 0.05}, "activation.over-quota"),
        ({"activation.over-quota": 0.45, "credentials.rejected": 0.01}, "credentials.rejected"),
        ({"activation.over-quota": 0.7, "credentials.rejected": 0.25}, "credentials.rejected"),
        ({NO_CAUSE: 0.9, "activation.over-quota": 0.05, "credentials.rejected": 0.05}, "credentials.rejected"),
    ],
)
@pytest.mark.parametrize(
    "reply", ["a1 NO [AUTHENTICATIONFAILED] Zwmq kvl", "535 5.7.8 Zwmq kvl", "535 Zwmq kvl", "-ERR [AUTH] Zwmq kvl"]
)
def test_what_a_code_says_in_general_gives_way_to_what_is_much_likelier_and_to_nothing_else(
    reply: str, odds: dict[str, float], first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions_are(odds, monkeypatch)

    assert read_message(reply).suspects[0].cause == first


@pytest.mark.parametrize(
    ("odds", "first"),
    [
        ({"activation.over-quota": 0.95, "credentials.rejected": 0.05}, "activation.over-quota"),
        ({"activation.over-quota": 0.7, "credentials.rejected": 0.25}, "credentials.rejected"),
        ({"activation.over-quota": 0.45, "credentials.rejected": 0.01}, "credentials.rejected"),
        ({NO_CAUSE: 0.5, "activation.over-quota": 0.25, "credentials.rejected": 0.05}, "credentials.rejected"),
    ],
)
def test_what_words_name_as_possible_gives_way_to_what_is_much_likelier_and_to_nothing_else(
    odds: dict[str, float], first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions_are(odds, monkeypatch)
    possible = Reading(suspects=(Suspect(cause="credentials.rejected", certainty="possible"),), matched="x")

    reading = weighed(possible, read_with_words("Your mailbox is full.")[1])

    assert (reading.suspects[0].cause, firm(reading)) == (first, False)
    assert reading == possible or reading.told_by == "likeness"


@pytest.mark.parametrize(
    ("odds", "bare", "named"),
    [
        ({NO_CAUSE: 0.9, "credentials.rejected": 0.1}, False, False),
        ({NO_CAUSE: 0.72, "credentials.rejected": 0.25}, False, True),
        ({NO_CAUSE: 0.7, "credentials.rejected": 0.3}, False, True),
        ({NO_CAUSE: 0.7, "credentials.rejected": 0.3}, True, False),
        ({NO_CAUSE: 0.4, "credentials.rejected": 0.01}, True, True),
        ({NO_CAUSE: 0.4, "credentials.rejected": 0.01}, False, True),
    ],
)
def test_words_that_are_not_sure_name_nothing_where_texts_like_theirs_told_of_no_failure(
    odds: dict[str, float], bare: bool, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions_are(odds, monkeypatch)
    possible = Suspect(cause="credentials.rejected", certainty="possible")
    words = read_with_words("Your mailbox is full.")[1]

    reading = weighed(Reading(suspects=(possible,), matched="x", outcome="cause", bare=bare), words)

    assert bool(reading.suspects) == named
    if not named:
        assert (reading.outcome, reading.told_by, reading.matched) == ("unknown", "likeness", "")


@pytest.mark.parametrize("sign", ["error", "words and code", "own words"])
def test_what_names_an_error_gives_way_to_no_likeness(sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    possible = Reading(suspects=(Suspect(cause="credentials.rejected", certainty="possible"),), matched="x", sign=sign)
    words = read_with_words("Your mailbox is full.")[1]

    for other in (NO_CAUSE, "activation.over-quota"):
        opinions_are({NO_CAUSE: 0.0, other: 0.99, "credentials.rejected": 0.01}, monkeypatch)
        assert weighed(possible, words).suspects == possible.suspects


@pytest.mark.parametrize(("nothing", "named"), [(0.9, True), (0.96, False)])
def test_what_words_say_is_likely_asks_for_more(nothing: float, named: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    opinions_are({NO_CAUSE: nothing, "credentials.rejected": 0.04}, monkeypatch)
    likely = Reading(suspects=(Suspect(cause="credentials.rejected", certainty="likely"),), matched="x")

    assert bool(weighed(likely, read_with_words("Your mailbox is full.")[1]).suspects) == named


@pytest.mark.parametrize(
    ("text", "cause", "sure"),
    [
        (
            "AADSTS530002: Your device is required to be compliant to access this resource.",
            "settings.access-policy",
            True,
        ),
        ("535 ERR.LOGIN.REQCODE", "credentials.app-password-required", True),
        ("-ERR ERR.LOGIN.PROTOCOLDENY", "settings.protocol-disabled", True),
        ("535 Login Fail. Please enter your authorization code to login.", "credentials.app-password-required", True),
        ("Please enter the code that we have sent to your phone.", "credentials.second-factor-required", False),
    ],
)
def test_what_a_maker_calls_an_error_by_is_sure(text: str, cause: str, sure: bool) -> None:
    reading = read_message(text)

    assert (reading.suspects[0].cause == cause and firm(reading)) == sure


@pytest.mark.parametrize(("odds", "sure"), [(0.05, False), (0.4, True)])
def test_a_makers_own_words_that_are_no_proof_are_possible_where_hardly_a_text_like_theirs_meant_the_same(
    odds: float, sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions_are({NO_CAUSE: 0.5, "tls.cert-expired": odds}, monkeypatch)
    likely = Suspect(cause="tls.cert-expired", certainty="likely")

    reading = weighed(
        Reading(suspects=(likely,), matched="x", sign="own words"), read_with_words("Your mailbox is full.")[1]
    )

    assert (reading.suspects[0].cause, firm(reading)) == ("tls.cert-expired", sure)


@pytest.mark.parametrize(
    ("text", "odds", "said", "sure"),
    [
        ("Account of Anna and of all her many friends is locked", 0.99, "confirmed", "confirmed"),
        ("Account of Anna and of all her many friends is locked", 0.93, "confirmed", "possible"),
        ("Account of Anna and of all her many friends is locked", 0.93, "likely", "possible"),
        ("Your account has been locked", 0.93, "confirmed", "likely"),
        ("Your account has been locked", 0.93, "likely", "likely"),
        ("Your account has been locked", 0.85, "likely", "possible"),
    ],
)
def test_the_more_of_a_text_known_words_are_the_less_likeness_has_to_second_them(
    text: str, odds: float, said: Certainty, sure: Certainty, monkeypatch: pytest.MonkeyPatch
) -> None:
    opinions_are({NO_CAUSE: 0.0, "lockout.account-locked": odds}, monkeypatch)
    first = Suspect(cause="lockout.account-locked", certainty=said)

    reading = weighed(Reading(suspects=(first,), matched="account … locked"), read_with_words(text)[1])

    assert [(one.cause, one.certainty) for one in reading.suspects] == [("lockout.account-locked", sure)]


def test_words_that_are_sure_name_their_cause_whatever_texts_like_theirs_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opinions_are({NO_CAUSE: 0.99, "tls.cert-expired": 0.01}, monkeypatch)
    proven = Suspect(cause="tls.cert-expired", certainty="confirmed")
    reading = Reading(suspects=(proven,), matched="x", outcome="cause", sign="own words")

    assert weighed(reading, read_with_words("Your mailbox is full.")[1]) == reading


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("Your mailbox is full.", {"?activation.over-quota"}),
        ("a1 NO LOGIN failed.", {"#imap!", "?credentials.rejected", "?bare"}),
        ("535 5.7.8 Error: authentication failed", {"#smtp!", "?credentials.rejected", "?bare"}),
        ("今天天气很好", {"?unknown"}),
        ("* OK Mail Server IMAP4rev1 ready", {"#imap!", "?no-failure"}),
    ],
)
def test_the_protocol_and_what_rules_read_are_hints_beside_the_words(text: str, hints: set[str]) -> None:
    reading, words = read_with_words(text)

    assert hints <= features_of(words, reading)
    assert {hint for hint in features_of(words) if hint[0] in "#?"} == {hint for hint in hints if hint[0] == "#"}


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Authentication failed, account is locked", True),
        ("Login failed: the mailbox has been disabled", True),
        ("Anmeldung fehlgeschlagen, Konto ist gesperrt", True),
        ("登录失败，帐号已被锁定", True),
        ("Authentication failed, account is locked, says the door of the bicycle shed that Anna painted", False),
    ],
)
def test_a_bare_refusal_is_no_other_matter_beside_its_reason(text: str, *, sure: bool) -> None:
    assert firm(read_message(text)) == sure


def test_a_makers_own_words_that_are_a_proof_stay_one() -> None:
    proven = Suspect(cause="tls.cert-expired", certainty="confirmed")
    _, words = read_with_words("Your mailbox is full.")

    for sign in ("own words", "error"):
        reading = Reading(suspects=(proven,), matched="x", sign=sign)
        assert weighed(reading, words) == reading


@pytest.mark.parametrize("text", ["+OK GoldenEye POP3 Electronic-Mail System", "* OK Mail Server IMAP4rev1 ready"])
def test_nothing_is_guessed_of_what_a_server_calls_a_success(text: str) -> None:
    assert read_message(text).suspects == ()


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("a1 NO [AUTHENTICATIONFAILED] Invalid credentials", True),
        ("530 5.7.0 You must authenticate first", True),
        ("-ERR [SYS/TEMP] The authentication service is unavailable", True),
        ("a1 NO [AUTHENTICATIONFAILED] Authentication failed", False),
        ("a1 NO [AUTHENTICATIONFAILED]", False),
    ],
)
def test_words_and_a_code_that_say_the_same_are_sure_and_a_bare_refusal_with_a_code_is_not(
    text: str, sure: bool
) -> None:
    assert firm(read_message(text)) == sure


def test_words_in_general_that_texts_like_it_never_meant_are_no_proof() -> None:
    proven = Suspect(cause="tls.cert-expired", certainty="confirmed")

    reading = weighed(Reading(suspects=(proven,), matched="x"), read_with_words("Your mailbox is full.")[1])

    assert [(one.cause, one.certainty) for one in reading.suspects] == [
        ("activation.over-quota", "possible"),
        ("tls.cert-expired", "possible"),
    ]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("535 5.7.8 Username and password not accepted (imap.gmail.com)", True),
        ("imap.gmail.com: the disk of the backup is full and a parcel is lost", False),
    ],
)
def test_what_a_provider_says_of_a_rejection_holds_where_the_text_tells_of_one(text: str, sure: bool) -> None:
    causes = ("credentials.app-password-required", "credentials.rejected")
    suspects = tuple(Suspect(cause=cause, certainty="likely") for cause in causes)

    reading = of_one_reason(Reading(suspects=suspects, matched="x"), read_with_words(text)[1])

    assert firm(reading) == sure


def test_where_no_word_is_known_a_text_that_is_like_others_is_possible_at_most() -> None:
    """Every labelled text, its reading taken away: likeness alone is never sure, and names what it is like."""
    named = []
    for text in labelled(SEEN[0])[:200]:
        reading = weighed(Reading(), read_with_words(text.reply)[1])
        assert not firm(reading)
        assert len(reading.suspects) <= 1
        if reading.suspects:
            assert (reading.told_by, bool(reading.matched)) == ("likeness", True)
            named.append(reading.suspects[0].cause in (text.cause, *text.also))

    assert len(named) > 20
    assert sum(named) > 0.9 * len(named)


def test_what_a_run_knows_beside_a_message_is_the_verdicts_matter() -> None:
    reading = read_message("a1 NO LOGIN failed.", alone=False)

    assert (reading.suspects[0].cause, firm(reading)) == ("credentials.rejected", True)


def test_a_reading_of_words_is_told_by_words() -> None:
    assert read_message("Wrong password").told_by == "words"


@pytest.mark.parametrize(
    "text",
    [
        "the weather is fine",
        "Lorem ipsum dolor sit amet",
        "今天天气很好",
        "qwxzqwxz " * 20,
        "hello world nothing",
        "foo bar baz qux quux",
        "I like trains and boats very much",
        "Rechnung Nummer 4711 vom Mai",
    ],
)
def test_a_text_about_something_else_is_like_nothing(text: str) -> None:
    assert read_message(text).suspects == ()


@pytest.mark.parametrize("data", [b"", b"\xc1", zlib.compress(b"\xc1"), DATA.read_bytes()[:-9]])
def test_broken_data_are_named(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "similarity.msgpack"
    broken.write_bytes(data)
    monkeypatch.setattr(similarity, "DATA", broken)

    with pytest.raises(KnowledgeError, match=r"similarity\.msgpack"):
        similarity.read_likeness()


def test_whatever_is_sure_has_a_majority_and_the_surer_the_larger() -> None:
    assert AGREED > 0.5
    assert PROVEN > 0.5
    assert ONE_REASON >= NAMED_BY_AN_ERROR
