"""What is known about mail providers: recognition, servers, and the facts that remedies quote."""

from __future__ import annotations

from diagnose.locale.language import Language
from diagnose.providers.accounted import is_sure
from diagnose.providers.files import UnknownProviderError, all_providers, provider, provider_ids
from diagnose.providers.naming import provider_called
from diagnose.providers.placeholder_values import doubted_facts, lockout_limit, provider_facts
from diagnose.providers.placeholders import PLACEHOLDERS
from diagnose.providers.recognition import (
    by_alias,
    by_domain,
    by_greeting,
    by_host,
    by_mx,
    by_spf,
    hosts_of,
    mail_domains,
    owners_of_host,
)
from diagnose.providers.relays import Relay, relay_among
from diagnose.providers.schema import Label, Provider, Server, in_language
from diagnose.providers.servers import other_servers, servers_for, webmail_for
from diagnose.providers.traits import provider_traits, software_traits, with_told

__all__ = [
    "PLACEHOLDERS",
    "Label",
    "Language",
    "Provider",
    "Relay",
    "Server",
    "UnknownProviderError",
    "all_providers",
    "by_alias",
    "by_domain",
    "by_greeting",
    "by_host",
    "by_mx",
    "by_spf",
    "doubted_facts",
    "hosts_of",
    "in_language",
    "is_sure",
    "lockout_limit",
    "mail_domains",
    "other_servers",
    "owners_of_host",
    "provider",
    "provider_called",
    "provider_facts",
    "provider_ids",
    "provider_traits",
    "relay_among",
    "servers_for",
    "software_traits",
    "webmail_for",
    "with_told",
]
