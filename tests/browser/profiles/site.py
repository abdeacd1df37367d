"""A webmail site that a real nginx serves over TLS on loopback, under names that browsers are told to find there."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from diagnose.discovery import DiscoveryOptions
from diagnose.model import Service

from .made import HOST

OTHER = "bank.example"
"""Another site that the person uses; nothing of it may be told."""
OTHER_NAME = "balance_of_account"
"""The name of its cookie."""
PATIENCE = 120.0

_PAGE = "<!doctype html><title>Login</title><form><input type=password></form><script src=/{script}></script>"
_WORKER = """navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready).then(
  () => { document.title = "ready" })"""
_CONFIG = """
{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fast;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ text/html html; text/javascript js; }}
  server {{
    listen 127.0.0.1:{port} ssl; root {folder}/root;
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    location / {{ add_header Cache-Control no-store; add_header Strict-Transport-Security max-age=86400; }}
    location /kept/ {{ add_header Cache-Control max-age=86400; }}
    location = /few {{ default_type text/html; {few} return 200 few; }}
    location = /many {{ default_type text/html; {many} return 200 many; }}
    location = /own {{ default_type text/html; add_header Set-Cookie "{other}=1; Max-Age=99999"; return 200 own; }}
  }}
}}
"""


@dataclass(frozen=True)
class Site:
    """The running site."""

    folder: Path
    port: int
    authority: trustme.CA
    key_hash: str
    """SHA-256 of the certificate's public key, as Chromium's command line wants it."""

    def url(self, path: str = "/", host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"

    def options(self, path: str = "/") -> DiscoveryOptions:
        """The webmail page as a person names it."""
        page = Service(
            protocol="webmail", host=HOST, port=self.port, tls="implicit", source="option", url=self.url(path)
        )
        return DiscoveryOptions(services=(page,), third_party=False)

    def release(self, script: str) -> None:
        """Put a new version of the page that is kept in place, and take the old version's script away."""
        kept = self.folder / "root" / "kept"
        for old in kept.glob("*.js"):
            old.unlink()
        (kept / script).write_text("")
        (kept / "index.html").write_text(_PAGE.format(script=f"kept/{script}"))


@contextlib.contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Serve it until the end."""
    (folder / "root" / "kept").mkdir(parents=True)
    (folder / "root" / "index.html").write_text(_PAGE.format(script="app.js"))
    (folder / "root" / "app.js").write_text(_WORKER)
    (folder / "root" / "worker.js").write_text("addEventListener('fetch', () => {})")
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST, OTHER)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "chain.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    parsed = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
    key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(
        _CONFIG.format(
            folder=folder,
            user="user root;" if os.geteuid() == 0 else "",  # else the files of the test are not its to read
            port=port,
            other=OTHER_NAME,
            few=_cookies(3, 200) + 'add_header Set-Cookie "wide=1; Domain=corp.example; Max-Age=99999";',
            many=_cookies(12, 1000),
        )
    )
    serving = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        _wait_for(port)
        found = Site(folder, port, authority, base64.b64encode(hashlib.sha256(key).digest()).decode())
        found.release("one.js")
        yield found
    finally:
        serving.terminate()
        serving.wait(PATIENCE)


def _cookies(number: int, size: int) -> str:
    return "".join(f'add_header Set-Cookie "c{place}={"x" * size}; Max-Age=99999; Secure";' for place in range(number))


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")
