"""A terminal's screen, as far as the live view steers it: what a person sees there."""

import re

from notelog.cli.styled import cell_width

_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")


class Screen:
    """Takes what is written to a terminal; lines that are too long go on in the next row.

    Args:
        columns: its width.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.overlong = 0
        self._rows: list[str] = [""]
        self._row = 0
        self._taken = 0

    def write(self, text: str) -> int:
        """Shows what is written."""
        for steering, command, control, letter in _PIECES.findall(text):
            if command:
                self._steer(steering, command)
            elif control:
                self._row += control == "\n"
                self._taken = 0
                self._rows += [""] * (self._row + 1 - len(self._rows))
            else:
                self._put(letter)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """It is one."""
        return True

    @property
    def lines(self) -> list[str]:
        """What stands on it, without the blanks behind, and what is empty at its end."""
        shown = [row.rstrip() for row in self._rows]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    def _put(self, letter: str) -> None:
        if cell_width(self._rows[self._row][: self._taken] + letter) > self.columns:
            self.overlong += 1
            self.write("\n")
        row = self._rows[self._row]
        self._rows[self._row] = row[: self._taken] + letter + row[self._taken + 1 :]
        self._taken += 1

    def _steer(self, steering: str, command: str) -> None:
        match command:
            case "A":
                self._row = max(0, self._row - int(steering or 1))
            case "K":
                self._rows[self._row] = ""
            case "m" | "h" | "l":
                pass
            case _:
                raise AssertionError(f"what does {command!r} do?")
