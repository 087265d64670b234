"""``notelog service``."""

from typing import TYPE_CHECKING

import click

from notelog.cli.output import Output
from notelog.cli.word_groups import WordGroup
from notelog.core.service import Action
from notelog.core.services import SERVICE_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from notelog.app.service import ServicePlan

    _Function = Callable[..., Any]

EXIT_NOT_RUNNING = 3


def _vault_argument(function: "_Function") -> "_Function":
    named = click.Path(path_type=str)
    return click.argument("vault", type=named, metavar="[VAULT]", required=False)(function)


@click.group("service", cls=WordGroup, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Have a vault watched always, by systemd, launchd or the Task Scheduler.

    Without VAULT it is the one that the current folder lies in.
    """


@command.command("install")
@_vault_argument
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for scripts.")
@click.pass_obj
def install(output: Output, vault: str | None, *, yes: bool) -> int:
    """Show the service's file, ask, write it, and start the service."""
    from notelog.cli.service_sentences import plan_lines
    from notelog.wiring import service

    def agreed(plan: "ServicePlan") -> bool:
        for line in plan_lines(plan):
            output.message(line)
        return yes or click.confirm("Install it?", default=True, err=True)

    done = service.install_service(vault, agreed)
    output.message("installed, and running" if done else "nothing was installed")
    return 0


@command.command("uninstall")
@_vault_argument
@click.pass_obj
def uninstall(output: Output, vault: str | None) -> int:
    """Stop the service and take its file away; notes and journal stay."""
    from notelog.wiring import service

    output.message(f"removed {service.uninstall_service(vault).path}")
    return 0


@command.command("start")
@_vault_argument
@click.pass_obj
def start(output: Output, vault: str | None) -> int:
    """Start the service."""
    from notelog.wiring import service

    service.act_on_service(vault, Action.START)
    output.message("started")
    return 0


@command.command("stop")
@_vault_argument
@click.pass_obj
def stop(output: Output, vault: str | None) -> int:
    """Stop the service until it is started again, or you log in anew."""
    from notelog.wiring import service

    service.act_on_service(vault, Action.STOP)
    output.message("stopped")
    return 0


@command.command("status")
@_vault_argument
@click.pass_obj
def status(output: Output, vault: str | None) -> int:
    """Show what the service manager says of it.

    The exit code is 3 where it does not run.
    """
    from notelog.wiring import service

    ran = service.act_on_service(vault, Action.STATUS)
    _show(output, ran.out, ran.err)
    return EXIT_NOT_RUNNING if ran.code else 0


@command.command("logs")
@_vault_argument
@click.pass_obj
def logs(output: Output, vault: str | None) -> int:
    """Print the last lines that the service said."""
    from notelog.wiring import service

    ran = service.act_on_service(vault, Action.LOGS)
    _show(output, ran.out, ran.err)
    return EXIT_NOT_RUNNING if ran.code else 0


@command.command("print")
@_vault_argument
@click.option(
    "--manager", type=click.Choice(list(SERVICE_KINDS)), help="For this one, not this system's."
)
@click.pass_obj
def print_file(output: Output, vault: str | None, *, manager: str | None) -> int:
    """Print the service's file; nothing is written."""
    from notelog.wiring import service

    output.data(service.show_service(vault, manager).rstrip("\n"))
    return 0


def _show(output: Output, out: str, err: str) -> None:
    if out.strip():
        output.data(out.rstrip())
    for line in err.strip().split("\n"):
        if line:
            output.message(line)
