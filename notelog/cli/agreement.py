"""Asking a person whether several requests may be sent."""

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from notelog.cli.digest_sentences import offer_lines, unasked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from notelog.app.digest import DigestOffer
    from notelog.cli.output import Output


def agreement(output: "Output", *, yes: bool, as_json: bool) -> "Callable[[DigestOffer], bool]":
    """Shows what reading in parts takes, and asks; where nobody can be asked, ``yes`` counts."""

    def agreed(offer: "DigestOffer") -> bool:
        if not yes and (as_json or not sys.stdin.isatty()):
            raise unasked(offer)
        say = output.message if yes else output.error
        for line in offer_lines(offer):
            say(line)
        if yes:
            return True
        with _interruptible():
            return click.confirm("Send them?", default=False, err=True)

    return agreed


@contextmanager
def _interruptible() -> "Generator[None]":
    """Lets Ctrl-C end the question, which is otherwise a wish that is looked at later."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
