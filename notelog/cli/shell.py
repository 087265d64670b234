"""What the completion script of a shell asks the program for."""

COMPLETION_VARIABLE = "_NOTELOG_COMPLETE"
"""The environment variable by which the script asks; click's protocol."""


def answer_shell(instruction: str) -> int:
    """Prints the words that can complete a command line.

    Args:
        instruction: what the script asks, such as ``bash_complete``.

    Returns:
        The exit code.
    """
    from click.shell_completion import shell_complete

    from notelog.cli.main import tree

    return shell_complete(tree, {}, "notelog", COMPLETION_VARIABLE, instruction)
