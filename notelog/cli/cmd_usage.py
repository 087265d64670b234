"""``notelog usage``."""

import sys

import click

from notelog.cli.options import json_option
from notelog.cli.output import Output

DEFAULT_SINCE = "30d"


@click.command("usage")
@click.option(
    "--by",
    type=click.Choice(("day", "note", "model", "profile")),
    default="day",
    help="What is summed.  [default: day]",
)
@click.option(
    "--since",
    default=DEFAULT_SINCE,
    metavar="SPAN",
    help="From when on: 12h, 30d, 2w, or a day.  [default: 30d]",
)
@json_option
@click.pass_obj
def command(output: Output, /, *, by: str, since: str, as_json: bool) -> int:
    """Sum tokens and money by day, note, model or profile, over all vaults.

    What no server counted, such as what is in doubt, stands apart: it is up to that much.
    """
    from notelog.cli.spans import time_of
    from notelog.wiring import journal as wiring

    report = wiring.usage(by, time_of(since))
    if as_json:
        from notelog.cli.journal_json import usage_report_fields

        output.json(usage_report_fields(report))
        return 0
    from notelog.cli.styled import show_table
    from notelog.cli.usage_words import usage_bars, usage_cells, usage_columns, usage_remark

    if report.rows:
        show_table(
            output,
            usage_columns(report),
            [usage_cells(row, by) for row in report.rows],
            total=usage_cells(report.total, "") if len(report.rows) > 1 else None,
            bars=usage_bars(report) if sys.stdout.isatty() else (),
        )
    else:
        output.message(f"nothing was asked since {wiring.told_time(report.since)}")
    for line in (*usage_remark(report), *report.unread):
        output.message(line)
    return 0
