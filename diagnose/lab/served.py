"""How an estate that stays up is reached: as options, as variables of the environment, as values for programs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping

import msgspec

from diagnose.lab.estate import Estate
from diagnose.lab.scenario import PASSWORD, SERVICES

PASSWORD_VARIABLE, TOKEN_VARIABLE, OTHER_VARIABLE = "LAB_PASSWORD", "LAB_TOKEN", "LAB_OTHER_PASSWORD"


class ServedService(msgspec.Struct, frozen=True, kw_only=True):
    """One service of the estate, as DNS announces it."""

    name: str
    """The label of its SRV record, or its protocol's name."""
    protocol: str
    host: str
    port: int


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """All that a diagnosis from outside needs, of the domain and of the account alike."""

    scenario: str
    pid: int
    """A signal to this process ends the estate."""
    domain: str
    address: str
    username: str | None
    password: str
    resolver: str
    """``ADDRESS:PORT``."""
    ca_file: str
    webmail: str | None
    services: tuple[ServedService, ...]
    options: tuple[str, ...]
    """Words of the command line for the domain."""
    account_options: tuple[str, ...]
    """For the account; the secrets are in `secrets`."""
    secrets: Mapping[str, str]
    """Variable to value. The accounts exist on loopback alone, until the estate ends."""
    environment: Mapping[str, str]
    """The same as `options`, as the variables that set them for every run."""


def served(estate: Estate) -> Served:
    """How *estate*, which is up, is reached."""
    scenario = estate.scenario
    settings = {"--resolver": estate.resolver, "--ca-file": str(estate.ca_file), "--webmail": estate.webmail_url}
    words = [word for name, value in settings.items() if value for word in (name, value)]
    options = (*words, "--no-third-party", "--no-history")
    secrets, account = {}, list(options)
    if estate.access_token:
        secrets[TOKEN_VARIABLE] = estate.access_token
        account += ["--access-token-env", TOKEN_VARIABLE]
    elif estate.password:
        secrets[PASSWORD_VARIABLE] = estate.password
        account += ["--password-env", PASSWORD_VARIABLE]
    else:
        account += ["--no-login"]
    if estate.username:
        account += ["--username", estate.username]
    for message in scenario.seen:
        account += ["--seen", message]
    if scenario.other_mailbox:
        secrets[OTHER_VARIABLE] = PASSWORD
        account += ["--activation-mailbox", scenario.other_mailbox, "--activation-password-env", OTHER_VARIABLE]
    return Served(
        scenario=scenario.id,
        pid=os.getpid(),
        domain=scenario.domain,
        address=estate.address,
        username=estate.username,
        password=estate.password,
        resolver=estate.resolver,
        ca_file=str(estate.ca_file),
        webmail=estate.webmail_url,
        services=tuple(
            ServedService(name=name, protocol=SERVICES[name][0].name, host=scenario.host(name), port=port)
            for name, port in estate.ports.items()
        ),
        options=options,
        account_options=tuple(account),
        secrets=secrets,
        environment={
            **{_variable(name): value for name, value in settings.items() if value},
            **{_variable(name): "1" for name in options if name not in settings and name.startswith("--no-")},
        },
    )


def _variable(option: str) -> str:
    return "DIAGNOSE_" + option.removeprefix("--").replace("-", "_").upper()


def variables(one: Served) -> dict[str, str]:
    """*one* as variables: those that set options for every run, and what else a script needs as ``LAB_…``."""
    own = {
        "SCENARIO": one.scenario,
        "PID": str(one.pid),
        "DOMAIN": one.domain,
        "ADDRESS": one.address,
        **{service.name.upper(): f"{service.host}:{service.port}" for service in one.services},
    }
    return {**one.environment, **{f"LAB_{name}": value for name, value in own.items()}, **one.secrets}


def as_variables(one: Served) -> str:
    """*one* as lines ``NAME=value`` that a POSIX shell reads with ``.``, values quoted where they have to be."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables(one).items())


def as_command_lines(one: Served) -> Iterator[str]:
    """The diagnosis of the domain and that of the account, each as one line for a POSIX shell."""
    yield shlex.join(["diagnose", one.domain, *one.options])
    secrets = [f"{name}={shlex.quote(value)}" for name, value in one.secrets.items()]
    yield " ".join([*secrets, shlex.join(["diagnose", one.address, *one.account_options])])


def beyond(estate: Estate) -> bool:
    """Whether the scenario also sets up the person's computer, of which nothing is seen from outside."""
    one = estate.scenario
    return bool(
        not one.online or one.hosts_file or one.proxy or one.known_answers or one.registration or one.rejected_before
    )
