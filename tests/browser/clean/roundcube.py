"""A real webmail: Debian's Roundcube behind nginx and PHP-FPM, each with files of its own in one folder."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import trustme

from .site import HOST

INSTALLED = Path("/usr/share/roundcube")
DOCUMENTS = Path("/var/lib/roundcube/public_html")
DEFAULTS = Path("/etc/roundcube/defaults.inc.php")
FPM = max((str(file) for file in Path("/usr/sbin").glob("php-fpm*")), default="php-fpm")
"""Debian names the program after PHP's version."""
NEEDED = {"chromium": "chromium", "nginx": "nginx-light", FPM: "php-fpm", str(DEFAULTS): "roundcube-core"}
"""Programs and files, with the Debian packages that hold them."""
START_SECONDS = 120.0
STOP_SECONDS = 30.0

CONFIGURATION = """<?php
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.sqlite?mode=0640';
$config['imap_host'] = 'ssl://127.0.0.1:{imap_port}';
$config['smtp_host'] = 'ssl://127.0.0.1:{imap_port}';
$config['des_key'] = 'twenty-four characters!!';
$config['temp_dir'] = '{folder}/temp';
$config['log_dir'] = '{folder}/logs';
$config['skin'] = 'elastic';
$config['plugins'] = [];
"""
PHP = """[global]
error_log = {folder}/php.log
daemonize = no
[www]
listen = {folder}/php.sock
pm = static
pm.max_children = 2
env[ROUNDCUBE_CONFIG_DIR] = {folder}/config
"""
NGINX = """daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ }}
http {{
  access_log off;
  types {{ text/css css; text/javascript js; image/svg+xml svg; image/png png; font/woff2 woff2; font/woff woff; }}
  default_type text/html;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    server_name {host};
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/host.pem;
    ssl_certificate_key {folder}/host.pem;
    root {documents};
    index index.php;
    location ~ \\.php$ {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:{folder}/php.sock;
    }}
  }}
}}
"""


@contextlib.contextmanager
def roundcube(folder: Path) -> Iterator[tuple[str, Path]]:
    """Address of the login page, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(folder / "host.pem")
    for name in ("temp", "logs", "config"):
        (folder / name).mkdir()
    (folder / "config" / DEFAULTS.name).symlink_to(DEFAULTS)
    with contextlib.closing(sqlite3.connect(folder / "roundcube.sqlite")) as database:
        database.executescript((INSTALLED / "SQL" / "sqlite.initial.sql").read_text(encoding="utf-8"))
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        values = {"folder": folder, "host": HOST, "port": port, "documents": DOCUMENTS, "user": getpass.getuser()}
        values["imap_port"] = nobody.getsockname()[1]
        for name, template in (("config/config.inc.php", CONFIGURATION), ("php.conf", PHP), ("nginx.conf", NGINX)):
            (folder / name).write_text(template.format(**values), encoding="utf-8")
        php = [
            FPM,
            "--fpm-config",
            str(folder / "php.conf"),
            *(["--allow-to-run-as-root"] if os.geteuid() == 0 else []),
        ]
        nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
        # nginx goes on with a socket that listens already, so the port cannot be lost to somebody else
        with (
            _running(php, folder, (folder / "php.sock").exists),
            _running(nginx, folder, lambda: _answers(port), listener),
        ):
            yield f"https://{HOST}:{port}/", folder / "ca.pem"


@contextlib.contextmanager
def _running(
    argv: list[str], folder: Path, ready: Callable[[], bool], listener: socket.socket | None = None
) -> Iterator[None]:
    handed_on = [listener.fileno()] if listener else []
    environment = os.environ | ({"NGINX": f"{listener.fileno()};"} if listener else {})
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=handed_on, env=environment
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not ready():
            told = "".join(log.read_text(errors="replace")[-2000:] for log in folder.glob("*.log"))
            assert process.poll() is None, told
            assert time.monotonic() < end, told
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False
