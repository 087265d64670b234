"""Looking through a vault: which notes are chats, due, in error. Nothing is sent or written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from notelog.app.reading import Reading, parse_snapshot
from notelog.core.note import Note
from notelog.core.resolve import resolve_settings
from notelog.core.settings import Config, Options, Settings
from notelog.core.turn import State, state_of
from notelog.errors import ConfigurationError, Diagnostic, NoteError, NotelogError, Severity

SMALL_MAX_TOKENS = 512
"""A reply limit under which a person is likely to see cut replies, in tokens."""

_CALLED_CHAT = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n(?:(?!---).*\n){0,200}?notelog:")
"""Front matter with a line ``notelog:``, where it cannot be read and so does not make a chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedNote:
    """What ``check`` found in one note.

    Attributes:
        path: relative to the vault.
        state: None where the note could not be read or is in error.
        findings: what its author should know, in the order of the lines.
        messages: how many it would send.
        unconfigured: what the configuration lacks for it, through no fault of the note.
    """

    path: str
    state: State | None
    findings: tuple[Diagnostic, ...]
    messages: int = 0
    unconfigured: Diagnostic | None = None

    @property
    def in_error(self) -> bool:
        """Whether something stops it from being sent."""
        return any(item.severity is Severity.ERROR for item in self.findings)

    @property
    def is_chat(self) -> bool:
        """Whether it is a chat, as far as it could be read."""
        return self.messages > 0 if self.state is None else self.state is not State.NOT_A_CHAT


def check(
    reading: Reading, paths: Iterable[tuple[str, str] | NoteError], config: Config
) -> Iterator[CheckedNote]:
    """Looks through notes, one after the other; reads only.

    Args:
        reading: where the notes are.
        paths: of each note the path to read and the one to show; or why a folder cannot be read.
        config: decides which models have a profile.
    """
    for found in paths:
        if isinstance(found, NoteError):
            yield CheckedNote(path=found.path or "", state=None, findings=(_finding(found),))
        else:
            yield _check_note(reading, *found, config)


def _check_note(reading: Reading, path: str, shown_path: str, config: Config) -> CheckedNote:
    try:
        snapshot = reading.store.read(path)
        note = parse_snapshot(reading, snapshot)
    except NoteError as error:
        return CheckedNote(path=shown_path, state=None, findings=(_finding(error),))
    state = state_of(note)
    if state is State.NOT_A_CHAT and not (note.errors and _CALLED_CHAT.match(snapshot.data)):
        return CheckedNote(path=shown_path, state=state, findings=())
    findings, unconfigured = list(note.diagnostics), None
    try:
        findings += _small_limit(note, resolve_settings(config, note, Options()))
    except ConfigurationError as error:
        if error.line is None:
            unconfigured = _finding(error, Severity.WARNING)
        else:
            findings.append(_finding(error, Severity.WARNING))
    except NotelogError as error:
        findings += error.diagnostics or (_finding(error),)
    in_error = any(item.severity is Severity.ERROR for item in findings)
    return CheckedNote(
        path=shown_path,
        state=None if in_error else state,
        findings=tuple(sorted(findings, key=lambda item: item.line)),
        messages=len(note.conversation),
        unconfigured=unconfigured,
    )


def _small_limit(note: Note, settings: Settings) -> Iterator[Diagnostic]:
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
        line=error.line or 0,  # 0: the whole file
        message=error.message,
        severity=severity,
        hint=error.hint,
    )
