"""Asking a person whether several requests may be sent."""

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from notelog.cli.digest_sentences import offer_lines, unasked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from notelog.app.digest import DigestOffer
    from notelog.cli.output import Output
    from notelog.errors import NotAgreedError


def agreement(output: "Output", *, yes: bool, as_json: bool) -> "Callable[[DigestOffer], bool]":
    """Shows what reading in parts takes, and asks; where nobody can be asked, ``yes`` counts."""

    def agreed(offer: "DigestOffer") -> bool:
        return agrees(output, offer_lines(offer), unasked(offer), yes=yes, mute=as_json)

    return agreed


def agrees(
    output: "Output", lines: "Sequence[str]", unasked: "NotAgreedError", *, yes: bool, mute: bool
) -> bool:
    """Shows what requests take, and asks whether they may be sent.

    Args:
        output: where to show it.
        lines: what they take.
        unasked: the error where nobody can be asked.
        yes: the person agreed beforehand.
        mute: there is to be no question.

    Raises:
        NotAgreedError: nobody can be asked.
    """
    if not yes and (mute or not sys.stdin.isatty()):
        raise unasked
    say = output.message if yes else output.error
    for line in lines:
        say(line)
    if yes:
        return True
    with _interruptible():
        return click.confirm("Send them?", default=False, err=True)


@contextmanager
def _interruptible() -> "Generator[None]":
    """Lets Ctrl-C end the question, which is otherwise a wish that is looked at later."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
