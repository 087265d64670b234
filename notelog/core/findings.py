"""Collects diagnostics, with their lines, and keeps their number bounded."""

from collections import Counter

from notelog.errors import Diagnostic, Severity

MOST_OF_A_CODE = 100
"""How many diagnostics of one code are told one by one."""


class Lines:
    """The 1-based lines of offsets; asked in rising order it reads the text once."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._offset = 0
        self._line = 1

    def of(self, offset: int) -> int:
        """The line that holds the byte at ``offset``."""
        if offset < self._offset:
            self._line -= self._text.count(b"\n", offset, self._offset)
        else:
            self._line += self._text.count(b"\n", self._offset, offset)
        self._offset = offset
        return self._line


class Findings:
    """Diagnostics while they are gathered."""

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []
        self._counts: Counter[str] = Counter()
        self._last: dict[str, Diagnostic] = {}

    def add(
        self,
        code: str,
        line: int,
        message: str,
        *,
        severity: Severity = Severity.WARNING,
        hint: str = "",
    ) -> None:
        """Adds one; beyond the bound it is only counted."""
        self._counts[code] += 1
        if self._counts[code] <= MOST_OF_A_CODE:
            self._items.append(
                Diagnostic(code=code, line=line, message=message, severity=severity, hint=hint)
            )
        elif code not in self._last:
            self._last[code] = Diagnostic(
                code=code, line=line, message=message, severity=severity, hint=hint
            )

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All of them in the order of their lines, those over the bound as one each."""
        for code, first in self._last.items():
            rest = self._counts[code] - MOST_OF_A_CODE
            self._items.append(
                Diagnostic(
                    code=code,
                    line=first.line,
                    message=f"{rest} more like the {MOST_OF_A_CODE} before it",
                    severity=first.severity,
                    hint=first.hint,
                )
            )
        self._last.clear()
        return tuple(sorted(self._items, key=lambda item: item.line))
