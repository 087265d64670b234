"""Looking through a vault: which notes are chats, due, in error. Nothing is sent or written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from notelog.app.reading import Reading, parse_snapshot
from notelog.core.note import Diagnostic, Note, Severity
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, Options
from notelog.core.turn import State, state_of
from notelog.errors import ConfigurationError, NoteError, NotelogError

SMALL_MAX_TOKENS = 512
"""A reply limit under which a person is likely to see cut replies, in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedNote:
    """What ``check`` found in one note.

    Attributes:
        path: relative to the vault.
        state: None where the note could not be read or is in error.
        findings: what its author should know, in the order of the lines.
        messages: how many it would send.
    """

    path: str
    state: State | None
    findings: tuple[Diagnostic, ...]
    messages: int = 0

    @property
    def in_error(self) -> bool:
        """Whether something stops it from being sent."""
        return any(item.severity is Severity.ERROR for item in self.findings)


def check(
    reading: Reading, paths: Iterable[tuple[str, str]], config: Config
) -> Iterator[CheckedNote]:
    """Looks through notes, one after the other; reads only.

    Args:
        reading: where the notes are.
        paths: of each note the path to read and the one to show.
        config: decides which models have a profile.
    """
    for path, shown_path in paths:
        yield _check_note(reading, path, shown_path, config)


def _check_note(reading: Reading, path: str, shown_path: str, config: Config) -> CheckedNote:
    try:
        note = parse_snapshot(reading, reading.store.read(path))
    except NoteError as error:
        return CheckedNote(path=shown_path, state=None, findings=(_finding(error),))
    state = state_of(note)
    if state is State.NOT_A_CHAT:
        return CheckedNote(path=shown_path, state=state, findings=())
    findings = (*note.diagnostics, *_settings_findings(note, config))
    return CheckedNote(
        path=shown_path,
        state=None if note.errors else state,
        findings=tuple(sorted(findings, key=lambda item: item.line)),
        messages=len(note.conversation),
    )


def _settings_findings(note: Note, config: Config) -> Iterator[Diagnostic]:
    try:
        settings = resolve_settings(config, note, Options())
    except ConfigurationError as error:
        yield _finding(error, Severity.WARNING)
        return
    except NotelogError as error:
        yield _finding(error)
        return
    if settings.max_tokens is not None and settings.max_tokens < SMALL_MAX_TOKENS:
        yield Diagnostic(
            code="small-max-tokens",
            line=note.front_matter.lines.get("max_tokens", 1),
            message=f"max_tokens is {settings.max_tokens}: longer replies will be cut",
            hint='raise it, or set ignore_note_keys = ["max_tokens"] in the configuration',
        )


def _finding(error: NotelogError, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic(
        code=error.code,
        line=error.line or 1,
        message=error.message,
        severity=severity,
        hint=error.hint,
    )
