"""The command tree. A command's module is imported when that command runs."""

from importlib import import_module

import click

from notelog._version import __version__
from notelog.cli.json_fields import error_fields
from notelog.cli.output import Output
from notelog.cli.sentences import error_lines
from notelog.cli.word_groups import WordGroup
from notelog.core.memory import MORE_MEMORY, NO_MEMORY, lacks_memory
from notelog.core.suggest import did_you_mean
from notelog.errors import InterruptedByUserError, NotelogError, ReplyNotKeptError, UsageError

COMMANDS = {
    "complete": "Answer the question in a chat note, in the note.",
    "again": "Ask the last question once more, for another answer.",
    "stop": "Stop the request that runs for a note.",
    "watch": "Answer the notes of a vault by itself, whenever a message is finished.",
    "why": "Say why the watcher answers a note, or why it does not.",
    "pause": "Let watchers ask nothing for a time.",
    "resume": "Let watchers go on.",
    "show": "Show what a note would send, message by message.",
    "tokens": "Count the tokens of notes, and show what fits the window.",
    "check": "Look through a vault: which notes are chats, due, in error.",
    "status": "Show what needs you: in doubt, kept, failed; and what was spent.",
    "deliver": "Put a kept reply into its note, below its question.",
    "retry": "Ask anew what is in doubt or failed.",
    "undo": "Take a reply out of its note again.",
    "log": "List every turn that was ever asked for a note.",
    "usage": "Sum tokens and money by day, note, model or profile.",
    "forget": "Remove what was said from the journal.",
    "new": "Make a new chat note.",
    "init": "Write a commented configuration file.",
    "config": "Show the configuration and where each value comes from.",
    "model": "Install, list and remove the embedded local model.",
    "service": "Have a vault watched always, by systemd, launchd or the Task Scheduler.",
    "doctor": "Look whether all is well: configuration, key, server, vault, journal.",
    "completion": "Print the completion script for a shell.",
}
"""The commands in the order of the help, with the line each has there."""


class CommandTree(WordGroup):
    """A group that imports ``notelog.cli.cmd_NAME`` only to run or describe that command."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"notelog.cli.cmd_{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=CommandTree,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Each command has its own help: notelog COMMAND --help",
)
@click.version_option(__version__, prog_name="notelog", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Show the log, and where a defect is.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--color/--no-color", default=None, help="Use colours, or none.")
@click.pass_context
def tree(ctx: click.Context, *, verbose: bool, quiet: bool, color: bool | None) -> None:
    """Answer the chat notes of a Markdown vault, in place."""
    output = ctx.ensure_object(Output)
    output.quiet, output.verbose, output.color = quiet, verbose, color
    if verbose:
        from notelog.cli.log import start_log

        start_log()


def run_command(arguments: list[str]) -> int:
    """Runs one command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code; see ``docs/reference.md``.
    """
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    output = Output(
        quiet=not {"-q", "--quiet"}.isdisjoint(words),
        verbose=not {"-v", "--verbose"}.isdisjoint(words),
    )
    try:
        return _invoke(arguments, output)
    except NotelogError as error:
        found = error
    except (KeyboardInterrupt, click.Abort):
        found = InterruptedByUserError("stopped by you")
    except Exception as error:  # noqa: BLE001  # the boundary: nobody is shown a bare traceback
        found = _defect(error, output)
    return _report(found, output, as_json="--json" in words)


def _invoke(arguments: list[str], output: Output) -> int:
    try:
        with tree.make_context("notelog", list(arguments), obj=output) as context:
            code: object = tree.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        output.data(asked.format_message())
        return 0
    except click.ClickException as error:
        raise _usage_error(error) from error
    return code if isinstance(code, int) else 0


def _usage_error(error: click.ClickException) -> UsageError:
    command = getattr(getattr(error, "ctx", None), "command_path", "notelog")
    see = f"see {command} --help for what it takes"
    if isinstance(error, click.NoSuchOption):
        question = did_you_mean(error.option_name, error.possibilities or ())
        hint = f"{question} {see}" if question else see
        return UsageError(f"there is no option {error.option_name!r}", hint=hint)
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=see)


def _report(error: NotelogError, output: Output, *, as_json: bool) -> int:
    reply = error.reply if isinstance(error, ReplyNotKeptError) else ""
    if as_json:
        output.json({"errors": error_fields(error), **({"reply": reply} if reply else {})})
    elif reply and output.quiet:
        output.data(reply)
    for line in error_lines(error):
        output.error(line)
    return error.exit_code


def _defect(error: Exception, output: Output) -> NotelogError:
    if output.verbose:
        import traceback

        for line in "".join(traceback.format_exception(error)).rstrip().split("\n"):
            output.error(line)
    if lacks_memory(error):
        return NotelogError(NO_MEMORY, hint=MORE_MEMORY)
    return NotelogError(
        f"a defect of notelog itself: {type(error).__name__}",
        hint="notelog -v shows where; the note is as it was, or holds the whole reply",
    )
