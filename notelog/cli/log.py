"""The log on standard error: what ``-v`` shows."""

import logging

from notelog.core.visible import visible_line


class VisibleFormatter(logging.Formatter):
    """One line a record; what would steer a terminal is spelt out."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        return visible_line(super().format(record))


def start_log() -> None:
    """Sends notelog's log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(VisibleFormatter("%(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("notelog")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
