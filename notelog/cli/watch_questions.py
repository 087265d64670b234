"""What a person is asked before a vault is watched."""

import sys
from typing import TYPE_CHECKING

import click

from notelog.cli.agreement import agrees
from notelog.cli.usage_words import money_words
from notelog.core.numbers import counted
from notelog.core.visible import visible_line
from notelog.errors import NotAgreedError, UsageError

if TYPE_CHECKING:
    from notelog.app.watch_backlog import BacklogOffer
    from notelog.app.watch_questions import AutoOffer, Questions
    from notelog.cli.output import Output

_SHOWN = 5
_AUTO = """\
Asked once: may a folder be answered without a mark?
  Anywhere, a message is sent when you mark it: a ticked box `- [x] send`{line}.
  In a folder that you name here, a chat whose last message is yours is also
  sent without one, {settle} s after you stop typing. Each such message is a request
  that your provider may bill. The limits hold: {asks} requests an hour, and the caps
  of the profile. Notes that you do not edit are left alone, and a box that is not
  ticked holds its message back."""


def questions(output: "Output", *, yes: bool, mute: bool, auto: bool, anew: bool) -> "Questions":
    """The questions of ``notelog watch``.

    Args:
        output: where to ask.
        yes: the person agreed beforehand, and is asked nothing.
        mute: there are to be no questions.
        auto: the person may be asked for a folder that is answered without a mark.
        anew: ask that although it was asked before.

    Raises:
        UsageError: that is wished, and nobody can be asked.
    """
    from notelog.app.watch_questions import Questions

    able = sys.stdin.isatty() and sys.stdout.isatty() and not (yes or mute)
    if anew and not able:
        raise UsageError(
            "--choose-auto asks a question, and nobody can answer it here",
            hint="name the folder with --auto, or with watch.auto in the configuration",
        )

    def backlog(offer: "BacklogOffer") -> None:
        lines = backlog_lines(offer)
        if not agrees(output, lines, _unasked(offer), yes=yes, mute=mute):
            raise NotAgreedError(
                "nothing was sent", hint="without --backlog old notes are left alone"
            )

    def choose(offer: "AutoOffer") -> str:
        output.error("")
        for line in auto_lines(offer):
            output.error(line)
        return _chosen(output, offer)

    return Questions(backlog=backlog, auto=choose if able and (auto or anew) else None, anew=anew)


def auto_lines(offer: "AutoOffer") -> list[str]:
    """What a person is told before choosing a folder."""
    line = f",\n  or a line `{offer.end_mark}`" if offer.end_mark else ""
    words = _AUTO.format(settle=f"{offer.settle_s:g}", asks=offer.asks_per_hour, line=line)
    return words.split("\n")


def folder_question(suggestion: str) -> str:
    """What is asked, with a folder as an example where it is not the whole vault."""
    such = "" if suggestion == "." else f"such as {visible_line(suggestion)}; "
    return f"Which folder ({such}. for the whole vault; Enter for none)"


def _chosen(output: "Output", offer: "AutoOffer") -> str:
    words = folder_question(offer.suggestion)
    while True:
        folder: str = click.prompt(words, default="", show_default=False, err=True)
        if not folder.strip():
            return ""
        try:
            return offer.glob(folder.strip())
        except UsageError as error:
            output.error(error.message)


def backlog_lines(offer: "BacklogOffer") -> list[str]:
    """What a person agrees to: how many notes, where they go, and for how much at most."""
    about = "" if offer.exact else "about "
    most = offer.most
    servers = [f"{name} ({count:,})" for name, count in sorted(offer.servers.items())]
    rows = {
        "backlog": f"{counted(len(offer.notes), 'note')} marked and not answered",
        "requests": f"{most.requests:,}{_besides(offer)}",
        "models": ", ".join(servers) or "none",
        "tokens": f"at most {about}{most.prompt_tokens:,} in, {most.completion_tokens:,} out",
        "price": _price(offer),
        "pace": f"at most {counted(offer.asks_per_hour, 'request')} an hour;"
        " the caps of each profile hold",
    }
    lines = [f"{name + ':':<11} {visible_line(words)}" for name, words in rows.items()]
    refused = [visible_line(sentence) for sentence in offer.refused[:_SHOWN]]
    if (more := len(offer.refused) - _SHOWN) > 0:
        refused.append(f"and {more:,} more")
    return [*lines, *(f"{'not sent:':<11} {words}" for words in refused)]


def _besides(offer: "BacklogOffer") -> str:
    if not offer.summaries:
        return ""
    return f", and for {counted(offer.summaries, 'note')} a summary of what is left out besides"


def _price(offer: "BacklogOffer") -> str:
    if not offer.most.requests:
        return "nothing"
    if not offer.billed:
        return "nothing is billed"
    words = money_words(offer.most)
    if not offer.most.costs:
        return "unpriced: what it costs is not known"
    return f"at most {words}"


def _unasked(offer: "BacklogOffer") -> NotAgreedError:
    tokens = f"{offer.most.prompt_tokens:,} tokens in, {offer.most.completion_tokens:,} out"
    return NotAgreedError(
        f"--backlog takes {counted(offer.most.requests, 'request')} (at most {tokens}; "
        f"{_price(offer)}), and nobody agreed to them; nothing was sent",
        hint="say --yes to send them",
    )
