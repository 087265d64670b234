"""``notelog tokens``."""

import sys
from typing import TYPE_CHECKING, Any

import click

from notelog.cli.options import fitting_options, json_option, options_of
from notelog.cli.output import Output
from notelog.cli.sentences import error_lines
from notelog.errors import NotelogError, UsageError

if TYPE_CHECKING:
    from notelog.app.tokens import Tally


@click.command("tokens")
@click.argument("notes", type=click.Path(path_type=str), metavar="[NOTE]...", nargs=-1)
@json_option
@fitting_options
@click.pass_obj
def command(output: Output, /, notes: tuple[str, ...], *, as_json: bool, **shared: Any) -> int:
    """Count the tokens of notes, turn by turn, and show what would be sent.

    Several notes are a row each, with the total. A note that is no chat, and standard input
    (-, or no NOTE at all), are counted as plain text. Nothing is sent or written.
    """
    from notelog.wiring import notes as wiring

    if not notes and sys.stdin.isatty():
        raise UsageError(
            "name a note, or give text on standard input",
            hint="notelog tokens NOTE, or notelog tokens --model gpt-4o < FILE",
        )
    found = wiring.count_tokens(notes or ("-",), options_of(shared))
    tallies = [item for item in found if not isinstance(item, NotelogError)]
    errors = [item for item in found if isinstance(item, NotelogError)]
    if len(found) == 1 and errors:
        raise errors[0]
    if as_json:
        from notelog.cli.tokens_json import tokens_fields

        output.json(tokens_fields(tallies, errors))
    elif tallies:
        _show(output, tallies)
    for error in errors:
        for line in error_lines(error):
            output.error(line)
    return errors[0].exit_code if errors else 0


def _show(output: Output, tallies: "list[Tally]") -> None:
    alone = tallies[0] if len(tallies) == 1 and tallies[0].is_chat else None
    if sys.stdout.isatty():
        from notelog.cli.tokens_table import show_texts, show_turns

        if alone is not None:
            show_turns(alone, color=output.color)
        else:
            show_texts(tallies, output)
    else:
        from notelog.cli.tokens_sentences import text_lines, turn_lines

        for line in text_lines(tallies) if alone is None else turn_lines(alone):
            output.data(line)
    if alone is None:
        from notelog.cli.tokens_sentences import text_remarks

        for line in text_remarks(tallies):
            output.message(line)
