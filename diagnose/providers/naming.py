"""Which provider a person means: by id, name, other name, address domain or server, however they write it."""

from __future__ import annotations

from diagnose.model.domains import ascii_name
from diagnose.providers.files import UnknownProviderError, provider_ids
from diagnose.providers.recognition import by_domain, by_host, by_mx, folded_name, known_names

MOST_SUGGESTED = 3


def provider_called(words: str) -> str:
    """The id of the provider that *words* mean: ``163.com``, ``Gmail``, ``腾讯企业邮``. Raises UnknownProviderError.

    Width, letter case, blanks and punctuation make no other name.
    """
    ids, names, folded = provider_ids(), known_names(), folded_name(words)
    if words in ids:
        return words
    host = ascii_name(words.strip()).lower()
    found = (by_domain(host) or by_host(host) or by_mx([host])) if "." in host else None
    if found or folded in names:
        return found or names[folded]
    within = dict.fromkeys(one for name, one in names.items() if len(folded) > 1 and folded in name)
    if within:
        raise UnknownProviderError(words, close=tuple(within)[:MOST_SUGGESTED])
    raise UnknownProviderError(words, {*ids, *names}, meant=names)
