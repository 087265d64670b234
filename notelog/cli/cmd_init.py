"""``notelog init``."""

import sys
from functools import partial

import click

from notelog.cli.output import Output
from notelog.errors import UsageError


@click.command("init")
@click.option("-p", "--profile", metavar="NAME", default="", help="The server that is asked.")
@click.option("-m", "--model", metavar="MODEL", default="", help="The model that it is asked for.")
@click.option("--key", "with_key", is_flag=True, help="Ask for its key, and keep it in a file.")
@click.pass_obj
def command(output: Output, /, profile: str, model: str, *, with_key: bool) -> int:
    """Write a commented configuration file.

    With --profile (openai, deepseek, ollama, local, ...) that server is asked by default. With
    --key its key is asked for, or read from standard input, and kept in a file that only you can
    read, where a service finds it too. An existing file is left as it is.
    """
    from notelog.wiring import config as wiring

    if not profile and (model or with_key):
        raise UsageError("--model and --key belong to a profile", hint="name it with --profile")
    ask_key = partial(_key, profile) if with_key else None
    output.data(wiring.init_config(profile, model, ask_key))
    output.message(
        "every setting is in it, commented; notelog config show --origin tells what holds"
    )
    return 0


def _key(profile: str) -> str:
    """The key, which is never shown."""
    if sys.stdin.isatty():
        key: str = click.prompt(f"The key for {profile}", hide_input=True, err=True)
    else:
        key = sys.stdin.readline()
    if not key.strip():
        raise UsageError("there is no key on standard input", hint="give it in one line")
    return key.strip()
