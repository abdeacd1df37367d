"""How well the reader does on the corpus: ``python -m tests.replies.score``."""

from __future__ import annotations

import time

import click

from diagnose.replies import load_knowledge, read_reply
from tests.replies.corpus import (
    CLIENTS,
    CORPUS,
    DESKTOP,
    FIELD,
    FURTHER,
    PORTALS,
    PROGRAMS,
    SERVERS,
    THREADS,
    WEBMAIL,
    Judged,
    Told,
    judge,
    labelled,
)


def shares(judged: list[Judged]) -> str:
    """One line: how many, how many right, how many confidently wrong."""
    total = len(judged)
    right = sum(one.right for one in judged)
    wrong = sum(one.confidently_wrong for one in judged)
    return f"{total:4} replies, {right / total:6.1%} right, {wrong / total:5.1%} confidently wrong"


@click.command()
def main() -> None:
    """Print shares as a whole and by protocol, what was missed, and the speed."""
    started = time.perf_counter()
    load_knowledge()
    loaded = time.perf_counter() - started
    replies = labelled()
    judged = judge(replies)
    click.echo(f"all        {shares(judged)}")
    click.echo(f"held out   {shares([one for one in judged if one.labelled.held_out])}")
    told: tuple[Told, ...] = ("all", "no provider", "nothing")
    for file in (CORPUS, FURTHER, WEBMAIL, SERVERS, PROGRAMS, CLIENTS, THREADS, DESKTOP, PORTALS):
        for much in told:
            click.echo(f"{file.name:16}told {much:12}{shares(judge(labelled(file), told=much))}")
    for much in told:
        click.echo(f"{FIELD.name:16}told {much:12}{shares(judge(labelled(FIELD), told=much, as_message=True))}")
    for protocol in sorted({str(reply.protocol) for reply in replies}):
        click.echo(f"{protocol:11}{shares([one for one in judged if one.labelled.protocol == protocol])}")
    for one in judged:
        if not one.right:
            click.echo(str(one))
    started = time.perf_counter()
    for reply in replies:
        read_reply(reply.reply, protocol=reply.protocol, stage=reply.stage)
    click.echo(
        f"loading {loaded * 1000:.0f} ms, reading {len(replies) / (time.perf_counter() - started):.0f} replies/s"
    )


if __name__ == "__main__":
    main()
