"""The commands on notes."""

import os
import sys
from typing import TYPE_CHECKING

from notelog.wiring.parts import (
    completing,
    counter,
    learned,
    load_config,
    open_journal,
    plain_reading,
    reading,
    unsaid,
    usual_reading,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notelog.app.check import CheckedNote
    from notelog.app.digest import DigestOffer
    from notelog.app.outcome import Completed
    from notelog.app.show import Shown
    from notelog.app.tokens import Tally
    from notelog.core.note import Note
    from notelog.core.settings import Options
    from notelog.errors import NotelogError
    from notelog.ports.people import Showing


def parse_bytes(data: bytes, end_marks: "Iterable[str] | None") -> "Note":
    """Parses a note with the real front matter reader, and the usual end marks for None."""
    from notelog.adapters.yaml_frontmatter import read_front_matter
    from notelog.core.parse import parse_note
    from notelog.core.source import SourceText

    source = SourceText(data)
    if end_marks is None:  # an import takes 3 µs, of 140 for a note of a line
        return parse_note(source, read_front_matter)
    from notelog.core.end_marks import end_marks_of

    return parse_note(source, read_front_matter, end_marks=end_marks_of(end_marks))


def show(path: str) -> "Shown":
    """Reads a note; see ``app.show``.

    It does without the configuration, and the time to read it, where that cannot matter.
    """
    from notelog.app.show import show as show_note
    from notelog.core.turn import hangs_on_end_marks

    if _is_large(path):
        return show_note(reading(load_config()), path)
    shown = show_note(usual_reading(), path)
    return show_note(plain_reading(), path) if hangs_on_end_marks(shown.note) else shown


def show_as_sent(path: str, options: "Options") -> "Shown":
    """Reads a note and makes its request; see ``app.show``."""
    from notelog.app.show import show_as_sent as show_note_as_sent

    config = load_config()
    return show_note_as_sent(
        reading(config),
        path,
        config=config,
        options=options,
        count=counter().count,
        learned=learned(unsaid),
        open_journal=open_journal,
    )


def count_tokens(paths: "Sequence[str]", options: "Options") -> "list[Tally | NotelogError]":
    """Counts notes and standard input, each or why not; see ``app.tokens``."""
    from notelog.app.tokens import Tallying, tally
    from notelog.errors import NotelogError

    config = load_config()
    tools = Tallying(
        reading=reading(config),
        config=config,
        options=options,
        count=counter().count,
        learned=learned(unsaid),
        read_input=sys.stdin.buffer.read,
    )
    found: list[Tally | NotelogError] = []
    for path in paths:
        try:
            found.append(tally(tools, path))
        except NotelogError as error:
            found.append(error)
    return found


def check(vault: str) -> "Iterator[CheckedNote]":
    """Looks through a vault; see ``app.check``."""
    from notelog.adapters.vault_scan import find_notes
    from notelog.app.check import check as check_notes

    config = load_config()
    return check_notes(reading(config), find_notes(vault), config)


def complete(
    path: str,
    options: "Options",
    showing: "Showing",
    *,
    again: bool = False,
    go_on: bool = False,
    retry: bool = False,
    dry_run: bool = False,
    agreed: "Callable[[DigestOffer], bool] | None" = None,
) -> "Completed":
    """Completes a note; see ``app.complete``."""
    from notelog.adapters.stop_signals import stop_wishes
    from notelog.app.complete import complete as complete_note

    with stop_wishes() as cancelled:
        config = load_config()
        tools = completing(config, showing, cancelled)
        done = complete_note(
            tools,
            path,
            options,
            again=again,
            go_on=go_on,
            retry=retry,
            dry_run=dry_run,
            agreed=agreed,
        )
    if config.forget_after_days and not dry_run:
        from notelog.wiring.journal import forget_old

        forget_old(config.forget_after_days, showing.notice)
    return done


def reporter(*, silent: bool, color: bool | None) -> "Showing":
    """What shows a reply while it arrives."""
    from notelog.adapters.terminal import PlainReporter, SilentReporter, TerminalReporter

    if silent:
        return SilentReporter()
    if sys.stdout.isatty() and sys.stderr.isatty():
        return TerminalReporter(color=color)
    return PlainReporter()


def new_note(
    path: str, question: str, *, model: str | None, profile: str | None, system: tuple[str, ...]
) -> str:
    """Makes a new chat note and gives its path; see ``app.new``.

    Raises:
        UsageError: the path has no name for a note.
        NoteError: the note cannot be made.
    """
    from notelog.adapters.files import NoteFiles
    from notelog.adapters.vault_scan import NOTE_ENDINGS
    from notelog.app.new import render_new_note
    from notelog.errors import UsageError

    named = path if path.lower().endswith(NOTE_ENDINGS) else f"{path}.md"
    if not os.path.basename(named).rpartition(".")[0].strip("."):  # noqa: PTH119  # "x/" too
        raise UsageError(f"no note is named in {path!r}", hint="such as: notelog new Tea")
    text = render_new_note(question, model=model, profile=profile, system=system)
    NoteFiles().create(named, text.encode("utf-8"))
    return named


def _is_large(path: str) -> bool:
    """Whether a note is over the default limit, so that the configuration's has to be known."""
    from notelog.adapters.files import SIZE_LIMIT_BYTES

    try:
        return os.stat(path).st_size > SIZE_LIMIT_BYTES  # noqa: PTH116  # as in ``files``
    except (OSError, ValueError):
        return False  # reading it tells why
