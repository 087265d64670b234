"""The options that several commands share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from notelog.cli.output import Output

if TYPE_CHECKING:
    from notelog.core.settings import Options

_Function = TypeVar("_Function", bound=Callable[..., Any])

_REQUEST_OPTIONS = (
    click.option(
        "--profile", "-p", metavar="NAME", help="Ask this profile, whatever the note says."
    ),
    click.option(
        "--model", "-m", metavar="MODEL", help="Ask this model; PROVIDER@MODEL also works."
    ),
    click.option(
        "--context-window",
        type=click.IntRange(min=1),
        metavar="TOKENS",
        help="The model's context window.",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="TOKENS",
        help="The most tokens the reply may have.",
    ),
    click.option(
        "--shorten/--no-shorten",
        default=None,
        help="Send beginning and end of a question that is too large.",
    ),
    click.option(
        "--temperature",
        type=click.FloatRange(0, 2),
        metavar="NUMBER",
        help="The sampling temperature, 0 to 2.",
    ),
    click.option(
        "--summary/--no-summary",
        default=None,
        help="Ask for a summary of what is left out, and send it along.",
    ),
    click.option(
        "--stream/--no-stream", default=None, help="Ask for the reply in parts, or whole."
    ),
)


def request_options(function: _Function) -> _Function:
    """Adds the options that say where a request goes and how it is made."""
    for option in reversed(_REQUEST_OPTIONS):
        function = option(function)
    return function


def fitting_options(function: _Function) -> _Function:
    """Adds those of the request options that say for which model and window is counted."""
    for option in reversed(_REQUEST_OPTIONS[:5]):
        function = option(function)
    return function


def note_argument(function: _Function) -> _Function:
    """Adds the argument NOTE: the path of one note."""
    return click.argument(
        "note", type=click.Path(path_type=str), metavar="NOTE", callback=_about_note
    )(function)


def _about_note(context: click.Context, _parameter: click.Parameter, note: str) -> str:
    context.ensure_object(Output).note = note
    return note


def map_reduce_options(function: _Function) -> _Function:
    """Adds ``--map-reduce`` and ``--yes``."""
    for option in (
        click.option("--yes", "-y", is_flag=True, help="Agree to the requests that this takes."),
        click.option(
            "--map-reduce",
            is_flag=True,
            help="Read a question that is too large in parts, if you agree.",
        ),
    ):
        function = option(function)
    return function


def json_option(function: _Function) -> _Function:
    """Adds ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)


def options_of(arguments: dict[str, Any]) -> "Options":
    """Takes the shared options out of a command's arguments."""
    from notelog.core.settings import Options

    names = (
        "profile", "model", "context_window", "max_tokens", "shorten", "temperature", "summary",
        "stream",
    )  # fmt: skip
    return Options(**{name: arguments.pop(name, None) for name in names})
