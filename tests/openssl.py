"""OpenSSL's numbers for what is wrong with a certificate: its words for them change with its versions."""

from __future__ import annotations

from enum import IntEnum


class X509Error(IntEnum):
    """X509_V_ERR_* of openssl/x509_vfy.h, as ``ssl.SSLCertVerificationError.verify_code`` gives them."""

    CERT_NOT_YET_VALID = 9
    CERT_HAS_EXPIRED = 10
    DEPTH_ZERO_SELF_SIGNED_CERT = 18
    SELF_SIGNED_CERT_IN_CHAIN = 19
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20
    HOSTNAME_MISMATCH = 62
