"""Which certificates are accepted: the operating system's authorities, and those that the person names."""

from __future__ import annotations

import ssl
from pathlib import Path

from diagnose.model.text import TextError, text


class CaFileError(TextError):
    """The file given as additional authorities cannot be used."""


def trust_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A client context that verifies chain and host name against the system's store plus *ca_file* (PEM).

    TLS 1.2 is the oldest version taken (RFC 8996). Raises CaFileError.
    """
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except ssl.SSLError as error:
            raise CaFileError(text("{file} holds no certificate in PEM form", file=str(ca_file))) from error
        except OSError as error:
            sentence = text("{file} cannot be read: {words}", file=str(ca_file), words=error.strerror)
            raise CaFileError(sentence) from error
    return context
