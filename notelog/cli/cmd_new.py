"""``notelog new``."""

import click

from notelog.cli.options import note_argument
from notelog.cli.output import Output
from notelog.cli.shown_paths import shell_path


@click.command("new")
@note_argument
@click.argument("question", required=False, default="")
@click.option("--model", "-m", metavar="MODEL", help="The model that the note names.")
@click.option("--profile", "-p", metavar="NAME", help="The profile that the note names.")
@click.option("--system", multiple=True, metavar="TEXT", help="A system message; may be repeated.")
@click.pass_obj
def command(
    output: Output,
    note: str,
    question: str,
    *,
    model: str | None,
    profile: str | None,
    system: tuple[str, ...],
) -> int:
    """Make a new chat note, with a box to tick when the QUESTION is finished.

    NOTE must not exist yet; .md is added to a name that does not end in it.
    """
    from notelog.wiring import notes as wiring

    path = wiring.new_note(note, question, model=model, profile=profile, system=system)
    output.data(path)
    first = "ask it with" if question else "write your question into it, then"
    output.message(f"{first}: notelog complete {shell_path(path)}")
    return 0
