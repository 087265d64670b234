"""The entry point. It answers ``--version`` and ``--help`` before anything heavy is imported."""

import sys


def main() -> None:
    """Runs the command line and leaves the process with its exit code.

    Collection of garbage is off until the command has done its imports: they make hundreds of
    thousands of objects that live as long as the process. The process leaves by ``os._exit``,
    for taking down the modules of an HTTP client costs more than a short command itself; all
    files are closed and flushed by then.
    """
    import gc
    import os

    gc.disable()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # the reader of a pipe has gone: there is nobody left to tell
        code = code or 1
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code; see ``docs/reference.md``.
    """
    if arguments == ["--version"]:
        from notelog._version import __version__

        sys.stdout.write(f"notelog {__version__}\n")
        return 0
    if arguments in ([], ["--help"], ["-h"]):
        from notelog.cli.help_text import HELP

        sys.stdout.write(HELP)
        return 0
    from notelog.cli.main import run_command

    return run_command(arguments)


if __name__ == "__main__":
    main()
