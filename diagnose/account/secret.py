"""A secret that gives nothing away."""

from __future__ import annotations

from typing import NoReturn

from diagnose.redaction.mask import MASK as MASK
from diagnose.redaction.mask import MASKED as MASKED
from diagnose.redaction.mask import Mask


class Secret:
    """A password or an access token.

    Showing, formatting, comparing or serialising it tells nothing about it, not even its length. Only `reveal`
    hands it out. A closed list of callers sends the secret, checks it on this computer, or hides it.
    """

    __slots__ = ("__mask", "__proofs", "__value")

    def __init__(self, value: str) -> None:
        self.__value = value
        self.__proofs: tuple[Secret, ...] = ()
        self.__mask: Mask | None = None

    def reveal(self) -> str:
        """The secret itself; for the few places that need it."""
        return self.__value

    def is_told_by(self, proof: str) -> None:
        """Hide *proof* as well: it was made of the secret, which can be found from it by trial."""
        self.__proofs += (Secret(proof),)
        self.__mask = None

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        self.__reduce__()

    def masked_in(self, words: str) -> str:
        """*words* without the secret and what tells it, as `Mask.hide` sees to."""
        return self.__prepared().hide(words)

    def masked_in_octets(self, octets: bytes) -> bytes:
        """*octets*, not decoded yet, without the secret and what tells it, as `Mask.hide_octets` sees to."""
        return self.__prepared().hide_octets(octets)

    def __prepared(self) -> Mask:
        if self.__mask is None:
            self.__mask = Mask((self, *self.__proofs))
        return self.__mask
