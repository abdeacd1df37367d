# Two commands do everything on a fresh Debian or macOS with Python 3.11 or newer:
#   make lab   diagnose an account on the embedded mail estate, and show the report
#   make test  install what the tests need, and run them all

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= wrong-password
CATALOGUES := $(wildcard diagnose/locale/*/LC_MESSAGES/diagnose.po)
SERVERS := dovecot-imapd dovecot-pop3d postfix knot knot-dnssecutils unbound nginx-light squid \
	nftables iproute2 chromium firefox-esr fonts-noto-cjk roundcube-core roundcube-sqlite3 php-fpm php-sqlite3
# Programs that Debian does not install beside those: unpacked, with what they need, and laid over /usr by the tests.
ANNEX := build/annex
ANNEXED := courier-imap courier-authlib-userdb exim4-daemon-light

.PHONY: lab test lint types check format bench messages wheel servers clean

lab: $(BIN)/diagnose
	@$(BIN)/diagnose lab $(SCENARIO) || [ $$? -eq 1 ]  # 1: the fault was found

# Tests mostly wait for servers: three at once keep two cores busy.
test: $(VENV)/.dev servers
	$(BIN)/python -m pytest -n 3 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# After a change of texts: renew the catalogues, then translate what is new in them.
messages: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/pybabel -q extract -F diagnose/locale/babel.toml -k text --add-location=file -o build/diagnose.pot .
	$(BIN)/pybabel -q update -D diagnose -d diagnose/locale -i build/diagnose.pot \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -D diagnose -d diagnose/locale

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist

# Debian, as root: real mail servers for the tests that need them. Elsewhere those tests say what they miss.
servers:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		missing=""; \
		for package in $(SERVERS); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
		if [ -n "$$missing" ]; then \
			printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d; \
			apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
			status=$$?; rm -f /usr/sbin/policy-rc.d; exit $$status; \
		fi; \
	fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ ! -e $(ANNEX)/complete ]; then \
		mkdir -p $(ANNEX)/archives/partial && apt-get update -q && \
		apt-get install -qy --no-install-recommends --download-only \
			-o Dir::Cache::archives=$(CURDIR)/$(ANNEX)/archives $(ANNEXED) && \
		printf '%s\n' $(ANNEX)/archives/*.deb | xargs -I{} dpkg -x {} $(ANNEX) && \
		if [ -d $(ANNEX)/lib ]; then cp -a $(ANNEX)/lib/. $(ANNEX)/usr/lib/; fi && \
		touch $(ANNEX)/complete || echo "Courier and Exim could not be had; their tests say what they miss."; \
	fi

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(BIN)/diagnose: $(BIN)/python pyproject.toml $(CATALOGUES)
	$(BIN)/python -m pip install -q -e .
	@touch $@

$(VENV)/.dev: $(BIN)/diagnose pyproject.toml
	$(BIN)/python -m pip install -q -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
