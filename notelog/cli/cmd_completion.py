"""``notelog completion``."""

import click
from click.shell_completion import get_completion_class

from notelog.cli.output import Output
from notelog.cli.shell import COMPLETION_VARIABLE


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.pass_obj
def command(output: Output, shell: str) -> int:
    """Print the completion script for a shell.

    \b
    For bash:
    notelog completion bash > ~/.local/share/bash-completion/completions/notelog
    """  # noqa: D301  # click takes the backspace as: do not wrap the next lines
    from notelog.cli.main import tree

    kind = get_completion_class(shell)
    assert kind is not None
    output.raw(kind(tree, {}, "notelog", COMPLETION_VARIABLE).source())
    return 0
