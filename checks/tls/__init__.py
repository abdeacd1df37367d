"""The TLS handshake, the certificate, and why it is not trusted."""
