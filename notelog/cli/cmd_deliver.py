"""``notelog deliver``."""

import click

from notelog.cli.options import json_option, note_argument
from notelog.cli.output import Output
from notelog.errors import UsageError


@click.command("deliver")
@note_argument
@click.option("--print", "printed", is_flag=True, help="Print kept replies; leave the note alone.")
@click.option("--at-end", is_flag=True, help="Where the question is gone: below the note's end.")
@click.option("--reply", "number", type=int, metavar="N", help="Only reply N of notelog log.")
@json_option
@click.pass_obj
def command(
    output: Output, /, note: str, *, printed: bool, at_end: bool, number: int | None, as_json: bool
) -> int:
    """Put a kept reply into its note, directly below its question.

    Newer text stays below it. What a crash left half done is finished. No request is sent. Where
    the question is gone or was changed, nothing is put anywhere by guess.
    """
    from notelog.wiring import journal as wiring

    if printed and at_end:
        raise UsageError("--print leaves the note alone, and --at-end does not: choose one")
    if printed:
        return _print(output, note, number, as_json=as_json)
    report = wiring.deliver(note, at_end=at_end, number=number)
    code = report.left[0].exit_code if report.left else 0
    if as_json:
        from notelog.cli.journal_json import delivered_fields

        output.json(delivered_fields(report))
        return code
    from notelog.cli.journal_sentences import delivered_lines
    from notelog.cli.sentences import error_lines

    for line in delivered_lines(report.delivered, note):
        output.message(line)
    for error in report.left:
        for line in error_lines(error):
            output.error(line)
    if not (report.delivered or report.left):
        output.message(f"{note}: no reply is kept that is not in the note")
    return code


def _print(output: Output, note: str, number: int | None, *, as_json: bool) -> int:
    from notelog.wiring import journal as wiring

    kept = wiring.kept(note, number)
    if as_json:
        from notelog.cli.journal_json import kept_fields

        output.json({"replies": [kept_fields(item) for item in kept]})
    for item in () if as_json else kept:
        output.message(f"{note}: the reply to {item.record.intent.prompt!r}")
        output.data(item.reply.text)
        if item.judgement.mark:
            output.message(f"  {item.judgement.mark}")
    if not kept:
        output.message(f"{note}: no reply is kept that is not in the note")
    return 0
