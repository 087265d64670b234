"""What ``complete``, ``again`` and ``retry`` have in common: asking, and telling of it."""

from typing import TYPE_CHECKING, Any

from notelog.cli.digest_sentences import offer_lines
from notelog.cli.fit_sentences import plan_lines
from notelog.cli.json_fields import completed_fields
from notelog.cli.options import options_of
from notelog.cli.output import Output
from notelog.cli.sentences import completed_lines, remarks

if TYPE_CHECKING:
    from collections.abc import Callable

    from notelog.app.digest import DigestOffer


def run_completion(
    output: Output,
    note: str,
    shared: dict[str, Any],
    *,
    as_json: bool,
    dry_run: bool = False,
    again: bool = False,
    go_on: bool = False,
    agreed: "Callable[[DigestOffer], bool] | None" = None,
    retry: bool = False,
) -> int:
    """Completes a note and tells of it.

    Args:
        output: the command's streams.
        note: its path.
        shared: the arguments that say where a request goes.
        as_json: print one object.
        dry_run: write and send nothing.
        again: ask anew.
        go_on: let a reply that ended early go on.
        agreed: asks whether a question that is too large may be read in parts.
        retry: ask anew what is in doubt or failed, and nothing else.

    Returns:
        The exit code.
    """
    from notelog.wiring import notes as wiring

    options = options_of(shared)
    reporter = wiring.reporter(silent=as_json or output.quiet, color=output.color)
    try:
        done = wiring.complete(
            note,
            options,
            reporter,
            again=again,
            go_on=go_on,
            retry=retry,
            dry_run=dry_run,
            agreed=agreed,
        )
    finally:
        reporter.close()
    if as_json:
        output.json(completed_fields(done))
        return done.exit_code
    if done.offer is not None:
        for line in offer_lines(done.offer):
            output.data(line)
    elif dry_run and done.prepared is not None:
        for line in plan_lines(done.prepared):
            output.data(line)
    for line in remarks(done):
        output.message(line)
    say = output.message if done.exit_code == 0 else output.error
    for line in completed_lines(done, note):
        say(line)
    return done.exit_code
