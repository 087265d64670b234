"""``notelog completion``."""

import click
from click.shell_completion import get_completion_class

from notelog.cli.output import Output


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.pass_obj
def command(output: Output, shell: str) -> int:
    """Print the completion script for a shell.

    For bash: notelog completion bash > ~/.local/share/bash-completion/completions/notelog
    """
    from notelog.cli.main import tree

    kind = get_completion_class(shell)
    assert kind is not None
    output.raw(kind(tree, {}, "notelog", "_NOTELOG_COMPLETE").source())
    return 0
