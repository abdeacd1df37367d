"""No text that leaves a run holds its secrets, whatever brought it and however it was written."""

from __future__ import annotations

import base64
import html
import json
import quopri
import string
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from diagnose.account.person import OtherMailbox, Person
from diagnose.account.secret import Secret
from diagnose.cli.formats import formats, renderer
from diagnose.knowledge.catalogue import catalogue, remedies_for
from diagnose.locale.language import Language, translation
from diagnose.model import NO_NEEDS, Check, CheckResult, Facts, Finding, Skip, Subject, Text, text
from diagnose.model.report import Evidence, ReportFinding
from diagnose.planning.selection import Selection
from diagnose.redaction import mask as masking
from diagnose.redaction.discretion import DiscreetObserver, masked_report
from diagnose.redaction.mask import MASK, Mask
from diagnose.rendering.renderer import RenderStyle
from diagnose.running import chosen
from diagnose.running.diagnosis import diagnose, mask_of
from diagnose.running.request import Request
from tests.reports.samples import wrong_password
from tests.support.build import SUBJECT

WORDS = ["hunter2x", "Tr0ub4dor&3", "correct horse battery", "pä$$wörd-é", "密码很长的词", "a\\b\"c'd<e>", "100%+sure="]
BETWEEN = {
    "NUL": "\0", "bell": "\7", "escape": "\x1b", "delete": "\x7f", "C1": "\x80", "soft hyphen": "\xad",
    "zero width space": "\u200b", "non-joiner": "\u200c", "joiner": "\u200d", "mark": "\u200e", "override": "\u202e",
    "isolate": "\u2066", "word joiner": "\u2060", "BOM": "\ufeff", "variation": "\ufe0f", "grapheme joiner": "\u034f",
    "Hangul filler": "\u3164", "tag": "\U000e0041", "Mongolian": "\u180e", "overlay": "\u0336", "none": "\uffff",
    "surrogate": "\udc80", "private": "\ue000",
}  # fmt: skip


def octets(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def pieces(word: str, size: int) -> list[str]:
    return [word[i : i + size] for i in range(0, len(word), size)]


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda w: "".join(f"%{o:02X}" for o in octets(w)),
    "%u": lambda w: "".join(f"%u{ord(c):04x}" for c in w),
    "decimal": lambda w: " ".join(str(o) for o in octets(w)),
    "decimal list": lambda w: "[" + ", ".join(f"{o:03d}" for o in octets(w)) + "]",
    "spelled": ".".join,
    "spelled out": "-".join,
    "base64, reversed": lambda w: in_base64(octets(w))[::-1],
    "form": urllib.parse.quote_plus,
    "entities": lambda w: "".join(f"&#{ord(c)};" for c in w),
    "hexadecimal entities": lambda w: "".join(f"&#x{ord(c):X};" for c in w),
    "entities without end": lambda w: "".join(f"&#{ord(c):07d}" for c in w),
    "\\u": lambda w: "".join(f"\\u{ord(c):04x}" for c in w),
    "\\u{}": lambda w: "".join(f"\\u{{{ord(c):x}}}" for c in w),
    "\\x": lambda w: "".join(f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in w),
    "\\U": lambda w: "".join(f"\\U{ord(c):08X}" for c in w),
    "DNS": lambda w: "".join(f"\\{ord(c):03d}" if ord(c) < 256 else c for c in w),
    "octal": lambda w: "".join(f"\\{ord(c):03o}" if ord(c) < 256 else c for c in w),
    "CSS": lambda w: "".join(f"\\{ord(c):x} " for c in w),
    "JSON": json.dumps,
    "hex": lambda w: octets(w).hex(),
    "HEX": lambda w: octets(w).hex().upper(),
    "hex, colons": lambda w: octets(w).hex(":"),
    "hex, blanks": lambda w: octets(w).hex(" "),
    "hex, 0x": lambda w: ", ".join(f"0x{o:02x}" for o in octets(w)),
    "base64": lambda w: in_base64(octets(w)),
    "base64, PLAIN": lambda w: in_base64(b"\0alice\0" + octets(w)),
    "base64, at 1": lambda w: in_base64(b"x" + octets(w) + b"yz"),
    "base64, at 2": lambda w: in_base64(b"xy" + octets(w) + b"z"),
    "base64, bare": lambda w: in_base64(b"xy" + octets(w)).rstrip("="),
    "base64, for URLs": lambda w: base64.urlsafe_b64encode(b"\0\xff" + octets(w)).decode().rstrip("="),
    "base64, blanks": lambda w: " ".join(in_base64(b"ab" + octets(w))),
    "base64, lines": lambda w: "\r\n ".join(pieces(in_base64(b"\0al\0" + octets(w)), 5)),
    "base64, UTF-16": lambda w: in_base64(w.encode("utf-16-le")),
    "base32": lambda w: base64.b32encode(b"abc" + octets(w)).decode(),
    "base32, small": lambda w: base64.b32encode(octets(w)).decode().lower().rstrip("="),
    "quoted-printable": lambda w: "".join(f"={o:02X}" for o in octets(w)),
    "quoted-printable, soft ends": lambda w: "=\r\n".join(pieces("".join(f"={o:02X}" for o in octets(w)), 6)),
    "Q": lambda w: "=?utf-8?Q?" + quopri.encodestring(octets(w), header=True).decode() + "?=",
    "UTF-7": lambda w: "+" + in_base64(w.encode("utf-16-be")).rstrip("=") + "-",
    "UTF-7, IMAP": lambda w: "&" + in_base64(w.encode("utf-16-be")).rstrip("=").replace("/", ",") + "-",
    "reversed": lambda w: w[::-1],
    "full width": lambda w: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in w),
    "bold": lambda w: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in w),
    "UTF-16": lambda w: w.encode("utf-16-be").decode("latin-1") if w.isascii() else w,
    "upper": str.upper,
}  # fmt: skip


def readable(shown: str, word: str) -> list[str]:
    """The simplest ways in which *shown* still gives *word* away."""
    flat = "".join(c for c in shown if c.isprintable() and c not in BETWEEN.values()).casefold()
    forms = (word, urllib.parse.quote(word), html.escape(word), in_base64(octets(word)).rstrip("=")[:-1])
    return [form for form in forms if form.casefold() in flat]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("around", ["{}", "NO LOGIN failed for {} (try later)", "https://web.example/?a=1&p={}&z=2"])
def test_no_encoding_gets_through(name: str, word: str, around: str) -> None:
    """The word that holds the secret is masked whole; what stands apart from it stays."""
    written = ENCODINGS[name](word)
    masked = Mask([Secret(word)]).hide(around.format(written))

    assert MASK in masked
    assert written not in masked
    assert not readable(masked, word)
    if around.startswith("NO"):
        assert masked.startswith("NO LOGIN failed for ")
        assert masked.endswith("(try later)")


@pytest.mark.parametrize("word", ["Straße-7x", "kurz ß", "ﬁnal-½-cut", "№9-ĳsberg", "ßßßß"])
@pytest.mark.parametrize("name", ENCODINGS)
def test_letters_that_stand_for_several_when_they_are_compared_are_found_as_they_were_typed(
    name: str, word: str
) -> None:
    """ß is compared as ss (CaseFolding.txt), ﬁ as fi (NFKD), so that what is looked for is longer than the secret."""
    written = ENCODINGS[name](word)
    masked = Mask([Secret(word)]).hide(f"NO LOGIN failed for {written} (try later)")

    assert MASK in masked
    assert written not in masked
    assert not readable(masked, word)
    assert masked.startswith("NO LOGIN ")
    assert masked.endswith("(try later)")


TWICE = ["percent", "entities", "\\u", "hex", "base64", "base64, at 1", "base32", "quoted-printable", "UTF-7"]


@pytest.mark.parametrize("outer", TWICE)
@pytest.mark.parametrize("inner", TWICE)
@pytest.mark.parametrize("word", ["hunter2x", "Tr0ub4dor&3", "pä$$wörd-é"])
def test_no_encoding_within_another_gets_through(outer: str, inner: str, word: str) -> None:
    """Base64 of percent-encoding, entities in JSON: whatever pages do in two steps."""
    written = ENCODINGS[outer](ENCODINGS[inner](word))

    assert Mask([Secret(word)]).hide(f"bad argument {written}, sorry") == f"bad argument {MASK}, sorry"


@pytest.mark.parametrize(
    "chain", [("percent", "base64", "entities"), ("base64", "base64", "base64"), ("hex", "percent", "\\u")]
)
def test_three_encodings_do_not_get_through(chain: tuple[str, ...]) -> None:
    """Three deep."""
    written = "hunter2x"
    for name in chain:
        written = ENCODINGS[name](written)

    assert Mask([Secret("hunter2x")]).hide(f"say {written} again") == f"say {MASK} again"


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize("word", WORDS)
def test_nothing_invisible_between_the_letters_helps(name: str, word: str) -> None:
    """On a screen it reads as the secret."""
    assert Mask([Secret(word)]).hide(f"NO {BETWEEN[name].join(word)} denied") == f"NO {MASK} denied"


@pytest.mark.parametrize("name", ["base64", "percent", "hex", "entities"])
def test_nothing_invisible_in_an_encoding_helps(name: str) -> None:
    """Nor between the letters before they were encoded, nor between those of the encoding."""
    hide = Mask([Secret("hunter2x")]).hide

    assert hide("say " + ENCODINGS[name]("\u200b".join("hunter2x"))) == f"say {MASK}"
    assert hide("say " + "\u200b".join(ENCODINGS[name]("hunter2x"))) == f"say {MASK}"


@pytest.mark.parametrize(
    "said",
    [
        "535 5.7.8 Authentication credentials invalid (AbCdEf0123456789+/xyz== session 4f9a)",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://login.example.com/path/%7Euser?code=aGVsbG8gd29ybGQ&state=%2Fhome",
        "v=spf1 include:spf.example.com ip4:192.0.2.0/24 -all",
        "hunter2 hunter x2 hunt er 2y",
        "\\u0068ello &amp; =3D +AGE- &AGE-",
        "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJRTES",
        "收件服务器拒绝了登录，请稍后再试",
        "",
    ],
)
def test_what_holds_no_secret_stays(said: str) -> None:
    """Evidence is of no use with everything masked."""
    hide = Mask([Secret("hunter2x"), Secret("b"), Secret("密码"), Secret("ya29.a0AfH6SMBx-long-token")]).hide

    assert hide(said) == said


@pytest.mark.parametrize("left", [3, 5, 7])
def test_where_a_text_was_cut_off_its_last_word_tells_no_beginning(left: int) -> None:
    """What was quoted to a length ends in an ellipsis; a part of a secret is a part too much."""
    hide = Mask([Secret("hunter2x")]).hide

    assert hide(f"NO bad word {'hunter2x'[:left]}…") == f"NO bad word {MASK}"
    assert hide("NO bad word other…") == "NO bad word other…"
    assert hide("NO bad word hunt") == "NO bad word hunt"


@pytest.mark.parametrize("name", [name for name in ENCODINGS if "reversed" not in name])  # whose beginning is the end
def test_an_encoded_secret_that_was_cut_off_anywhere_tells_no_beginning(name: str) -> None:
    """Most often an escape or a percent-encoded octet is cut in two, and no letter stands at the very end."""
    hide = Mask([Secret("hunter2x-Tr0ub4dor&3")]).hide
    written = ENCODINGS[name]("hunter2x-Tr0ub4dor&3")

    for left in range(len(written) * 2 // 3, len(written)):
        assert MASK in hide(f"NO bad word {written[:left]}…")


@pytest.mark.parametrize(
    "said", ["full to 97%…", "see \\\\files\\ab…", "Tom & Jerry…", "a &amp…", "limit =5…", "100 %41…"]
)
def test_what_only_looks_like_an_escape_at_the_end_of_a_text_stays(said: str) -> None:
    assert Mask([Secret("hunter2x-Tr0ub4dor&3")]).hide(said) == said


def test_a_secret_that_is_part_of_the_address_stays_in_the_address_alone() -> None:
    """To mask it there would tell what it is; the address is known to everybody."""
    mask = Mask([Secret("alice")], known=("alice@corp.example", "corp.example"))

    assert mask.hide("alice@corp.example: no") == "alice@corp.example: no"
    assert mask.hide("bad password alice for Alice@corp.example") == f"bad password {MASK} for Alice@corp.example"
    longer = Mask([Secret("alice"), Secret("x-alice@corp.example-y")], known=("alice@corp.example",))
    assert longer.hide("say x-alice@corp.example-y") == f"say {MASK}"


FILLERS = ["A", "a1", "%41", "&#65;", "\\u0041", "=41", "+AEE-", "&", "\\", "41:", "QUFB ", "•", "é", "hunter2"]


@pytest.mark.parametrize("secret", ["hunter2x", "pä$$wörd-é", "ya29." + "aB3-" * 500])
@pytest.mark.parametrize("filler", FILLERS)
def test_it_takes_linear_time(secret: str, filler: str) -> None:
    """Four times the text takes about four times as long, whatever it is made of."""
    hide = Mask([Secret(secret)]).hide

    def seconds(size: int) -> float:
        said = filler * (size // len(filler))
        began = time.process_time()
        hide(said)
        return time.process_time() - began

    seconds(1000)
    assert seconds(80_000) < 12 * max(seconds(20_000), 0.02)


# -- the finished report


def every_string(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from every_string(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from every_string(item)


class Told(Facts, frozen=True, kw_only=True):
    said: str
    headers: dict[str, Any]


def plug_in(said: str) -> Check[Told]:
    """A check of another package, which repeats what it was told everywhere it can."""

    def judge(facts: Told, _given: object, _target: object) -> Iterator[Finding]:
        sentence = text("{host} answered the login on port {port}: {reply}", host=facts.said, port=1, reply=facts.said)
        yield Finding(cause="server.fault", certainty="likely", text=sentence, data={facts.said: facts.said})

    return Check(
        id="plug",
        family="server",
        title="{domain} answers",
        each=Subject,
        facts=Told,
        probe=lambda *_: Told(said=said, headers={said: [said, {"deep": said}], "id": said, "status": said}),
        judge=judge,
        needs=NO_NEEDS,
    )


ECHOES = [
    "hunter2x",
    "\0".join("hunter2x"),
    "\u200b".join("HUNTER2X"),
    ENCODINGS["base64, PLAIN"]("hunter2x"),
    ENCODINGS["percent"]("hunter2x"),
]


@pytest.mark.parametrize("said", ECHOES)
@pytest.mark.parametrize("kind", ["password", "access token", "other mailbox", "proxy"])
def test_no_format_of_the_report_holds_a_secret(said: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts, keys of facts, evidence, whatever a check of anybody's brings: no format shows any secret of the run."""
    monkeypatch.setattr(chosen, "all_checks", lambda: (plug_in(said),))
    monkeypatch.setenv("https_proxy", "http://me:hunter2x@proxy.example:8080" if kind == "proxy" else "")
    other = OtherMailbox(address="b@example.net", domain="example.net", password=Secret("hunter2x"))
    report = diagnose(
        Request(
            subject=SUBJECT,
            find_services=False,
            selection=Selection(only=("plug",)),
            person=Person(
                password=Secret("hunter2x") if kind == "password" else None,
                access_token=Secret("hunter2x") if kind == "access token" else None,
                other_mailbox=other if kind == "other mailbox" else None,
            ),
        )
    ).report

    assert report.checks[0].facts["said"] == MASK
    style = RenderStyle(translate=str, verbose=True)
    for name in formats():
        shown = renderer(name).render(report, style)
        assert not readable(shown, "hunter2x"), name
        assert said not in shown, name
    for one in every_string(msgspec.to_builtins(report, builtin_types=(bytes,))):
        assert not readable(one, "hunter2x")


@pytest.mark.parametrize(
    "word",
    ["imap", "login", "confirmed", "credentials.rejected", "user", "implicit", "guess", "text", "nothing"],
)
def test_a_secret_that_is_a_word_of_ours_breaks_no_report(word: str) -> None:
    """What programs read stays what it was; in sentences it is masked."""
    report = wrong_password()
    masked = masked_report(report, Mask([Secret(word)]), frozenset({"login", "tls"}))

    assert [c.id for c in masked.verdict.causes] == [c.id for c in report.verdict.causes]
    ours = [(c.id, c.status, c.family) for c in report.checks if "corp" not in c.id]
    assert [(c.id, c.status, c.family) for c in masked.checks if "corp" not in c.id] == ours
    assert [s.protocol for s in masked.services] == [s.protocol for s in report.services]
    assert masked.path == report.path
    assert masked.redacted == report.redacted
    assert [c.facts.keys() for c in masked.checks] == [c.facts.keys() for c in report.checks]


@pytest.mark.parametrize(
    ("lang", "word"),
    [("en", "wrong"), ("en", "password"), ("en", "safely, looked"), ("zh-Hans", "已安全连接"), ("zh-Hant", "伺服器")],
)
def test_no_hole_in_a_sentence_of_ours_tells_which_word_the_secret_is(lang: Language, word: str) -> None:
    """Whoever knows the sentence would read the secret out of it; what a server said is masked all the same."""
    known, translate = catalogue()["credentials.rejected"], translation(lang)
    cause = msgspec.structs.replace(known, title=translate(known.title), summary=translate(known.summary))
    assert word in cause.summary
    report = msgspec.structs.replace(wrong_password(), lang=lang)
    said = Evidence(check="login", text=f"NO {word} refused")
    first = msgspec.structs.replace(
        report.verdict.causes[0], title=cause.title, summary=cause.summary, evidence=(said,)
    )
    facts = {"reply": cause.summary}
    checks = (msgspec.structs.replace(report.checks[0], facts=facts), *report.checks[1:])
    verdict = msgspec.structs.replace(report.verdict, causes=(first,), headline=cause.title)
    report = msgspec.structs.replace(report, verdict=verdict, checks=checks)
    masked = masked_report(report, Mask([Secret(word)]), frozenset({"login"}), translate)

    (shown,) = masked.verdict.causes
    assert (shown.title, shown.summary, masked.verdict.headline) == (cause.title, cause.summary, cause.title)
    assert shown.evidence[0].text == f"NO {MASK} refused"
    assert word not in masked.checks[0].facts["reply"]


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "accepts"), ("en", "login"), ("zh-Hans", "登录"), ("zh-Hant", "伺服器")]
)
def test_no_hole_in_what_a_check_says_tells_which_word_the_secret_is(lang: Language, word: str) -> None:
    """What stands in its placeholders is masked, and so is a sentence that no catalogue knows."""
    translate = translation(lang)
    title = text("{host} accepts the login by {protocol}", host="imap.corp.example", protocol=text("IMAP"))
    answered = text("{host} answered the login on port {port}: {reply}", host="h", port="1", reply=f"NO {word} x")
    foreign = Text(f"the plug-in was told {word}")
    findings = tuple(Finding(cause="credentials.rejected", certainty="likely", text=t) for t in (answered, foreign))
    result = CheckResult(
        id="login", check="login", target=SUBJECT, family="login", title=title, status="fail", findings=findings
    )
    told = tuple(ReportFinding(cause=f.cause, certainty=f.certainty, text=f.text.render(translate)) for f in findings)
    report = wrong_password()
    check = msgspec.structs.replace(report.checks[0], title=title.render(translate), findings=told)
    report = msgspec.structs.replace(report, lang=lang, checks=(check, *report.checks[1:]))
    masked = masked_report(report, Mask([Secret(word)]), frozenset({"login"}), translate, [result]).checks[0]

    assert masked.title == check.title
    reply, other = masked.findings
    assert f"NO {MASK} x" in reply.text
    assert reply.text == told[0].text.replace(f"NO {word} x", f"NO {MASK} x")
    assert other.text == f"the plug-in was told {MASK}"


def test_no_hole_in_a_step_tells_which_word_the_secret_is() -> None:
    """What fills the step is masked."""
    report, cause = wrong_password(), catalogue()["credentials.rejected"]
    remedies = remedies_for(cause, {"address": "forgotten@corp.example", "webmail": "https://webmail.corp.example/"})
    steps = [step for remedy in remedies for step in (*remedy.steps, *remedy.further)]
    (asking,) = (step for step in steps if "forgotten@corp.example" in step and "forgotten-password" in step)
    first = msgspec.structs.replace(report.verdict.causes[0], id=cause.id, remedies=remedies)
    verdict = msgspec.structs.replace(report.verdict, causes=(first,))
    masked = masked_report(
        msgspec.structs.replace(report, verdict=verdict), Mask([Secret("forgotten")]), frozenset({"login"})
    )

    shown = [step for remedy in masked.verdict.causes[0].remedies for step in (*remedy.steps, *remedy.further)]
    assert len(shown) == len(steps)
    assert asking.replace("forgotten@corp.example", f"{MASK}@corp.example") in shown
    assert not [step for step in shown if "forgotten@" in step]


@pytest.mark.parametrize("facts", [{1: "x"}, {21987: "x"}, {"a": {2.5: [{3: "hunter2"}]}}])
def test_keys_of_a_checks_facts_that_are_no_words_are_masked_as_they_will_be_written(facts: dict[Any, Any]) -> None:
    """JSON has no other keys than strings."""
    report = wrong_password()
    checks = (msgspec.structs.replace(report.checks[0], facts=facts), *report.checks[1:])
    masked = masked_report(
        msgspec.structs.replace(report, checks=checks), Mask([Secret("21987"), Secret("hunter2")]), frozenset({"login"})
    )

    written = msgspec.json.encode(masked).decode()
    assert "21987" not in written
    assert "hunter2" not in written


def test_without_a_secret_a_report_is_as_it_was() -> None:
    """Nothing is looked for."""
    report = wrong_password()

    assert masked_report(report, mask_of(Request(subject=Subject(domain="corp.example"))), frozenset()) == report


def test_observers_hear_no_secret() -> None:
    """Titles hold names of hosts, findings words of servers; neither progress nor the page in the browser shows one."""
    heard: list[Any] = []

    class Listener:
        def planned(self, _identity: str, title: Text) -> None:
            heard.append(title.render())

        def started(self, identity: str) -> None: ...

        def finished(self, result: CheckResult) -> None:
            heard.append(msgspec.to_builtins(result))

    sentence = text("{a} and {b}", a="h\0unter2x", b=text("{c}", c="hunter2x"))
    result = CheckResult(
        id="reach.x",
        check="reach",
        family="reach",
        title=sentence,
        target=Subject(domain="corp.example"),
        status="fail",
        skipped_because=Skip(reason=sentence),
        findings=(Finding(cause="server.fault", certainty="likely", text=sentence, data={"said": "hunter2x"}),),
        facts=Told(said="hunter2x", headers={}),
    )
    observer = DiscreetObserver(Listener(), Mask([Secret("hunter2x")]))
    observer.planned("reach.x", sentence)
    observer.finished(result)

    assert len(heard) == 2
    assert "unter" not in repr(heard).casefold()


@pytest.mark.parametrize("charset", masking._CHARSETS)
@pytest.mark.parametrize("word", ["~\\s3cret|word^", "pä$$wörd-é", "密码很长的词", "tab\ts3cret-word"])
def test_octets_of_a_secret_are_hidden_in_every_charset_that_has_its_letters(charset: str, word: str) -> None:
    """Of printable ASCII most of them are the same, so that the others need not even be loaded."""
    try:
        octets = word.encode(charset)
    except UnicodeEncodeError:
        return
    assert octets not in Mask([Secret(word)]).hide_octets(b"NO " + octets + b" is wrong")


def test_charsets_that_are_not_asked_have_printable_ascii_as_it_is() -> None:
    printable = string.digits + string.ascii_letters + string.punctuation + " "

    unlike = [charset for charset in masking._CHARSETS if printable.encode(charset) != printable.encode("ascii")]
    assert unlike == [*masking._UNLIKE_ASCII]
