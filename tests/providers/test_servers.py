"""Which servers an address is given, and which it never is."""

from __future__ import annotations

import pytest

from diagnose.model import ProtocolName
from diagnose.providers import Provider, all_providers, other_servers, provider, servers_for
from diagnose.providers.schema import Server, Words

every_provider = pytest.mark.parametrize("known", list(all_providers()), ids=lambda known: known.id)


def made(*servers: Server) -> Provider:
    return Provider(id="made", names=Words(en="X", zh_hans="X", zh_hant="X"), servers=servers)


def hosts(provider_id: str, domain: str, protocol: ProtocolName) -> list[tuple[str, int]]:
    return [(s.host, s.port) for s in servers_for(provider(provider_id), domain) if s.protocol == protocol]


def test_general_servers() -> None:
    assert hosts("tencent-exmail", "corp.example", "imap") == [("imap.exmail.qq.com", 993)]
    assert hosts("tencent-exmail", "corp.example", "smtp") == [("smtp.exmail.qq.com", 465)]


def test_domain_with_servers_of_its_own() -> None:
    assert hosts("netease-163", "126.com", "imap") == [("imap.126.com", 993)]
    assert hosts("netease-163", "163.com", "imap") == [("imap.163.com", 993)]
    assert hosts("gmx", "gmx.com", "pop3") == [("pop.gmx.com", 995), ("pop.gmx.com", 110)]


def test_domain_with_its_own_server_for_one_protocol_keeps_the_general_others() -> None:
    general = Server(protocol="imap", host="imap.mail.example", port=993, tls="implicit")
    own = Server(protocol="smtp", host="smtp.vip.example", port=465, tls="implicit", domains=("vip.example",))
    smtp = Server(protocol="smtp", host="smtp.mail.example", port=465, tls="implicit")

    assert servers_for(made(general, own, smtp), "vip.example") == (general, own)
    assert servers_for(made(general, own, smtp), "mail.example") == (general, smtp)


def test_templates_are_filled_or_left_out() -> None:
    assert hosts("cpanel", "corp.example", "imap") == [("mail.corp.example", 993), ("mail.corp.example", 143)]
    assert servers_for(provider("exchange-onprem"), "corp.example") == ()


def test_order_is_by_protocol_then_implicit_tls_then_the_files() -> None:
    def server(protocol: ProtocolName, host: str, *, implicit: bool = True) -> Server:
        return Server(protocol=protocol, host=host, port=1, tls="implicit" if implicit else "starttls")

    late, first, second = server("smtp", "c"), server("imap", "b", implicit=False), server("imap", "a")
    third = server("imap", "d")

    assert servers_for(made(late, first, second, third), "x.example") == (second, third, first, late)


@every_provider
def test_only_documented_encrypted_and_usual_servers_are_handed_out(known: Provider) -> None:
    for server in servers_for(known, "corp.example"):
        assert server.tls != "none"
        assert "{" not in server.host
        assert server.edition is None
        assert not server.unsure


@every_provider
def test_others_are_marked_and_encrypted(known: Provider) -> None:
    for server in other_servers(known, "corp.example"):
        assert server.tls != "none"
        assert "{" not in server.host
        assert server.edition or server.unsure


def test_unsure_server_is_not_named_as_a_fact() -> None:
    """Reporting a host as missing that we only remember would blame the customer for our memory."""
    sure = Server(protocol="imap", host="imap.mail.example", port=993, tls="implicit")
    unsure = Server(protocol="pop3", host="pop.mail.example", port=995, tls="implicit", unsure=True)

    assert servers_for(made(sure, unsure), "mail.example") == (sure,)
    assert other_servers(made(sure, unsure), "mail.example") == (unsure,)


def test_unsure_server_of_ones_own_is_not_replaced_by_the_general_one() -> None:
    general = Server(protocol="pop3", host="pop.mail.example", port=995, tls="implicit")
    own = Server(protocol="pop3", host="pop.a.example", port=995, tls="implicit", domains=("a.example",), unsure=True)

    assert servers_for(made(general, own), "a.example") == ()
    assert servers_for(made(general, own), "mail.example") == (general,)


def test_other_domains_servers_are_no_alternative() -> None:
    own = Server(protocol="pop3", host="pop.a.example", port=995, tls="implicit", domains=("a.example",), unsure=True)

    assert other_servers(made(own), "b.example") == ()


def test_plain_ports_are_kept_as_knowledge() -> None:
    known = provider("aliyun-qiye")

    assert 143 in {server.port for server in known.servers if server.tls == "none"}


def test_overseas_servers_are_at_hand() -> None:
    others = {server.host for server in other_servers(provider("tencent-exmail"), "corp.example")}

    assert {"hwimap.exmail.qq.com", "hwsmtp.exmail.qq.com"} <= others
