"""``notelog log``."""

from typing import TYPE_CHECKING

import click

from notelog.cli.options import json_option, note_argument
from notelog.cli.output import Output
from notelog.errors import ConflictError

if TYPE_CHECKING:
    from notelog.core.records import TurnRecord


@click.command("log")
@note_argument
@click.option("--full", is_flag=True, help="Show each question and the reply that is kept.")
@click.option("--reply", "number", type=int, metavar="N", help="Print only the text of reply N.")
@json_option
@click.pass_obj
def command(output: Output, /, note: str, *, full: bool, number: int | None, as_json: bool) -> int:
    """List every turn that was ever asked for a note.

    When, which model, tokens, cost and what came of it. The number before each is what --reply
    means, here and in undo and deliver.
    """
    from notelog.wiring import journal as wiring

    turns = wiring.log(note)
    reply = "" if number is None else _reply(turns, number, note)
    if as_json:
        from notelog.cli.journal_json import log_fields

        shown = [item for item in turns if number in {None, item.record_id}]
        output.json({"note": note, "turns": [log_fields(item) for item in shown]})
    elif number is not None:
        output.data(reply)
    elif not turns:
        output.message(f"{note}: nothing was ever asked for this note")
    else:
        _show(output, turns, full=full)
    return 0


def _reply(turns: "tuple[TurnRecord, ...]", number: int, note: str) -> str:
    found = next((item for item in turns if item.record_id == number), None)
    if found is None or found.reply is None or not found.reply.text:
        why = "no turn has that number" if found is None else "no text of it is kept"
        raise ConflictError(
            f"there is no reply {number}: {why}", hint="notelog log NOTE lists them", path=note
        )
    return found.reply.text


def _show(output: Output, turns: "tuple[TurnRecord, ...]", *, full: bool) -> None:
    from notelog.cli.journal_sentences import full_lines, log_cells, log_columns
    from notelog.cli.styled import show_lines, show_table
    from notelog.wiring.journal import told_time

    if full:
        for item in turns:
            show_lines(output, [[line] for line in full_lines(item, told_time)])
        return
    show_table(output, log_columns(), [log_cells(item, told_time) for item in turns])
