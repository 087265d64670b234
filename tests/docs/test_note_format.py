"""What ``docs/note-format.md`` says of writing is what is written."""

import pytest
from doc_blocks import ROOT, table_after

from notelog.core.dialect import unescape_line
from notelog.core.inert import escape, normalise

PAGE = ROOT / "docs" / "note-format.md"


@pytest.mark.parametrize(("reply", "written"), table_after(PAGE, "What is written"))
def test_a_reply_is_escaped_as_the_table_says(reply: str, written: str) -> None:
    """Each line of a reply that would be structure is written as shown, and reads back."""
    assert escape(normalise(reply)).strip("\n") == written
    assert unescape_line(written.encode()).decode() == reply
