"""The entry point. It answers ``--version`` and ``--help`` before anything heavy is imported."""

import os
import sys

from notelog.cli.shell import COMPLETION_VARIABLE, answer_shell


def main() -> None:
    """Runs the command line and leaves the process with its exit code.

    Collection of garbage is off until the command has done its imports: they make hundreds of
    thousands of objects that live as long as the process. The process leaves by ``os._exit``,
    for taking down the modules of an HTTP client costs more than a short command itself; all
    files are closed and flushed by then.
    """
    import gc

    gc.disable()
    _open_missing_streams()
    try:
        code = run(sys.argv[1:])
    except MemoryError:  # while the command line itself was made ready, or an error was told
        sys.stderr.write("notelog: there is not enough memory\n")
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
            continue
        except OSError as error:
            code = code or _unwritten(error)
    os._exit(code)


def _open_missing_streams() -> None:
    """Gives closed standard streams a place where nothing arrives.

    Without it the next file that is opened, a note or the journal, would get the number of the
    closed stream, and what any library prints would land in it.
    """
    lowest = os.open(os.devnull, os.O_RDWR)
    while lowest <= 2:  # noqa: PLR2004  # standard error
        lowest = os.dup(lowest)
    os.close(lowest)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def _unwritten(error: OSError) -> int:
    """Says that what was asked for could not be printed, such as on a full disk."""
    try:
        sys.stderr.write(f"notelog: the output cannot be written: {error.strerror}\n")
        sys.stderr.flush()
    except OSError:  # there is nobody left to tell
        return 1
    return 1


def run(arguments: list[str]) -> int:
    """Runs one command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code; see ``docs/reference.md``.
    """
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        return answer_shell(instruction)
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
