"""Where words leave the program: data to standard output, messages to standard error."""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from re import compile as regex
from typing import TextIO

from notelog.core.json_value import JsonValue
from notelog.core.visible import CONTROLS, visible_line, visible_text
from notelog.errors import NotelogError

JSON_VERSION = 1
_OF_NOTE = regex(r"(notelog [a-z]+ (?:--[a-z-]+ (?:\d+ |N )?)*)NOTE\b")


class Output:
    """The two streams of a command.

    Args:
        quiet: say nothing but errors.
        verbose: show the log, and where a defect is.
        color: None lets the terminal and ``NO_COLOR`` decide.

    Attributes:
        note: the note that the command is about, as it was named; None where it is about none.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, color: bool | None = None
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.color = color
        self.note: str | None = None
        self._reader_gone = False
        for stream in (sys.stdout, sys.stderr):
            _never_fail_to_encode(stream)

    def data(self, text: str) -> None:
        """Writes text that was asked for; controls in it are made visible."""
        self.raw(f"{visible_text(text)}\n")

    def raw(self, text: str) -> None:
        """Writes text that another program reads, unchanged.

        A reader that has seen enough, such as ``head``, is no error: the exit code still tells
        what the command did.

        Raises:
            NotelogError: it cannot be written, such as to a full disk.
        """
        if self._reader_gone:
            return
        try:
            sys.stdout.write(text)
        except BrokenPipeError:
            self._reader_gone = True
        except OSError as error:
            raise NotelogError(
                f"the output cannot be written: {error.strerror}",
                hint="look at where it is sent to",
            ) from error

    def json(self, fields: Mapping[str, JsonValue]) -> None:
        """Writes one JSON object, the versioned envelope around ``fields``.

        Characters outside ASCII are written as they are where the stream is UTF-8, but for
        those that could steer a terminal.
        """
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        envelope = {"notelog": JSON_VERSION, **fields}
        text = json.dumps(envelope, ensure_ascii=ascii_only, indent=2)
        self.raw(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")

    def message(self, sentence: str) -> None:
        """Says something on standard error, one line."""
        if not self.quiet:
            self.error(sentence)

    def error(self, sentence: str) -> None:
        """Says something on standard error that even ``--quiet`` does not silence."""
        with suppress(OSError):  # told when the program ends
            sys.stdout.flush()
        with suppress(OSError):  # there is nobody left to tell
            sys.stderr.write(f"{visible_line(self.naming(sentence))}\n")
            sys.stderr.flush()

    def naming(self, sentence: str) -> str:
        """A sentence whose commands name the note, so that they can be copied as they stand."""
        if self.note is None or not _OF_NOTE.search(sentence):
            return sentence
        from notelog.cli.shown_paths import shell_path

        argument = shell_path(self.note)
        return _OF_NOTE.sub(lambda found: found[1] + argument, sentence)


def _never_fail_to_encode(stream: TextIO) -> None:
    """A terminal in GBK or ASCII shows what it cannot encode as an escape, not as a traceback."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
