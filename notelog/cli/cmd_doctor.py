"""``notelog doctor``."""

import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from notelog.cli.doctor_sentences import doctor_summary, remark_fields, remark_lines, show_remark
from notelog.cli.options import json_option
from notelog.cli.output import Output

if TYPE_CHECKING:
    from notelog.core.checkup import Remark

EXIT_FAILED = 3


@click.command("doctor")
@click.argument("vault", type=click.Path(path_type=str), metavar="[VAULT]", required=False)
@click.option("--profile", "-p", metavar="NAME", help="Look at this profile, not the default one.")
@click.option("--model", "-m", metavar="MODEL", help="Look whether the server has this model.")
@click.option("--offline", is_flag=True, help="Ask no server.")
@json_option
@click.pass_obj
def command(
    output: Output,
    vault: str | None,
    *,
    profile: str | None,
    model: str | None,
    offline: bool,
    as_json: bool,
) -> int:
    """Look whether all is well: configuration, key, server, vault, journal.

    Without VAULT it is the one that the current folder lies in, if any. Of a
    server only the list of its models is asked, which costs nothing. In the
    vault two hidden files are made and removed at once. The exit code is 3
    where something fails.
    """
    from notelog.app.doctor import Wish
    from notelog.core.checkup import Verdict
    from notelog.wiring import doctor

    vault = vault or doctor.vault_here()
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    remarks: list[Remark] = []
    for remark in doctor.examine(Wish(vault=vault, profile=profile, model=model, offline=offline)):
        remarks.append(remark)
        if width is not None and not as_json:
            show_remark(remark, width, color=output.color)
        elif not as_json:
            for line in remark_lines(remark, None):
                output.data(line)
    failed = any(remark.verdict is Verdict.FAIL for remark in remarks)
    if as_json:
        output.json(
            {
                "vault": vault,
                "offline": offline,
                "checks": [remark_fields(remark) for remark in remarks],
            }
        )
    else:
        for line in doctor_summary(remarks, vault=vault, offline=offline):
            output.message(line)
    return EXIT_FAILED if failed else 0
