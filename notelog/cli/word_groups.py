"""Groups of commands: a word that is no command is answered with the nearest one."""

import click

from notelog.core.suggest import did_you_mean
from notelog.core.visible import shortened
from notelog.errors import UsageError


class WordGroup(click.Group):
    """A group whose words are its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names.

        Raises:
            UsageError: there is none of that name.
        """
        word, known = args[0], self.list_commands(ctx)
        if word in known or word.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise UsageError(
            f"there is no command {shortened(word, 60)!r}",
            hint=did_you_mean(word, known, then=f"see {ctx.command_path} --help for the commands"),
        )
