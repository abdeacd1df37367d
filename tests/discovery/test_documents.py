"""XML from outside: read where it is a configuration, refused where it is an attack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.discovery import autoconfig, autodiscover
from diagnose.discovery.document import DocumentError, parse, words

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE clientConfig [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghij", "bcdefghijk", strict=True))
    + "]><clientConfig>&k;</clientConfig>"
)


def test_entities_are_refused_before_any_is_expanded() -> None:
    with pytest.raises(DocumentError, match="document type"):
        parse(LAUGHS, "clientConfig")


@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE clientConfig SYSTEM "file:///etc/passwd">', '<!DOCTYPE clientConfig [<!ENTITY x SYSTEM "file:///x">]>'],
)
def test_external_entities_are_refused(declaration: str) -> None:
    with pytest.raises(DocumentError, match="document type"):
        parse(f"{declaration}<clientConfig>&x;</clientConfig>", "clientConfig")


@pytest.mark.parametrize("text", ["", "<", "<clientConfig>", "<html/>", "\x00", "<clientConfig/><clientConfig/>"])
def test_what_is_no_such_document_is_told_so(text: str) -> None:
    with pytest.raises(DocumentError):
        parse(text, "clientConfig")


def test_byte_order_mark_declaration_and_namespace_do_no_harm() -> None:
    declaration = '\ufeff<?xml version="1.0" encoding="ISO-8859-1"?>\n'
    text = declaration + '<c:clientConfig xmlns:c="urn:x"><c:a> b </c:a></c:clientConfig>'
    assert words(parse(text, "clientConfig"), "a") == "b"


def test_deep_nesting_is_survived() -> None:
    depth = 100_000
    parse("<clientConfig>" + "<a>" * depth + "</a>" * depth + "</clientConfig>", "clientConfig")


@given(st.text() | st.text(alphabet="<>/&;clientConfigAutodiscoverIMAP 0993"))
def test_no_text_breaks_the_readers(text: str) -> None:
    """Whatever a server sends becomes a result, never an exception."""
    assert autoconfig.read(text, "corp.example", "https://x/").services == ()
    assert autodiscover.read(text, "corp.example", "https://x/").services == ()


_FIELD = st.sampled_from(
    ["", "imap", "993", "-1", "99999", "SSL", "plain", "mail.corp.example", "%EMAILDOMAIN%", "é.example"]
)


@given(st.lists(st.tuples(_FIELD | st.text(max_size=8), _FIELD, _FIELD, _FIELD), max_size=30))
def test_servers_are_usable_or_left_out(rows: list[tuple[str, str, str, str]]) -> None:
    """Every service that comes out has a host, a port in range and TLS; at most three a protocol."""
    body = "".join(
        "<incomingServer type='imap'><hostname>{}</hostname><port>{}</port><socketType>{}</socketType>"
        "<username>{}</username></incomingServer>".format(*(_escaped(field) for field in row))
        for row in rows
    )
    result = autoconfig.read(f"<clientConfig>{body}</clientConfig>", "corp.example", "https://x/")
    assert len(result.services) <= 3
    assert all(s.host and 1 <= s.port <= 65535 and s.tls in {"implicit", "starttls"} for s in result.services)


def _escaped(text: str) -> str:
    kept = "".join(c for c in text if c.isprintable())
    return kept.replace("&", "&amp;").replace("<", "&lt;")
