"""Asking a person whether several requests may be sent."""

import sys
from typing import TYPE_CHECKING

import click

from notelog.cli.digest_sentences import offer_lines, unasked

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.digest import DigestOffer
    from notelog.cli.output import Output


def agreement(output: "Output", *, yes: bool, as_json: bool) -> "Callable[[DigestOffer], bool]":
    """Shows what reading in parts takes, and asks; where nobody can be asked, ``yes`` counts."""

    def agreed(offer: "DigestOffer") -> bool:
        if not yes and (as_json or not sys.stdin.isatty()):
            raise unasked(offer)
        for line in offer_lines(offer):
            output.message(line)
        return yes or click.confirm("Send them?", default=False, err=True)

    return agreed
