"""What ``notelog usage`` says, and how sums of money and tokens are told."""

from typing import TYPE_CHECKING

from notelog.cli.shown_paths import shown_path
from notelog.cli.styled import Column
from notelog.cli.tokens_sentences import money
from notelog.core.models import Cost
from notelog.core.numbers import counted
from notelog.core.usage import Sum

if TYPE_CHECKING:
    from notelog.app.usage import UsageReport
    from notelog.core.usage import UsageRow

_TITLES = ("requests", "in", "cached", "out", "cost", "up to")


def money_words(total: Sum) -> str:
    """What was spent: ``0.1200 USD``, in each currency, or ``unpriced``."""
    amounts = [money(Cost(amount=total.costs[name], currency=name)) for name in sorted(total.costs)]
    if total.unpriced:
        amounts.append("unpriced" if not amounts else f"{total.unpriced:,} unpriced")
    return " + ".join(amounts) or "nothing"


def usage_columns(report: "UsageReport") -> list[Column]:
    """The columns of the table."""
    first = Column(title=report.by, gives=report.by in {"note", "model"}, path=report.by == "note")
    return [first, *(Column(title=title, right=True) for title in _TITLES)]


def usage_cells(row: "UsageRow", by: str) -> list[str]:
    """One row of the table."""
    known, up_to = row.known, row.up_to
    return [
        shown_path(row.name) if by == "note" else row.name,
        f"{known.requests + up_to.requests:,}",
        f"{known.prompt_tokens:,}",
        f"{known.cached_tokens:,}",
        f"{known.completion_tokens:,}",
        money_words(known) if known.requests else "-",
        _up_to_cell(up_to),
    ]


def usage_bars(report: "UsageReport") -> list[tuple[float, float]]:
    """Of each row the tokens that are known and those that may be, as shares of the most."""
    most = max((row.known.tokens + row.up_to.tokens for row in report.rows), default=0) or 1
    return [(row.known.tokens / most, row.up_to.tokens / most) for row in report.rows]


def usage_remark(report: "UsageReport") -> list[str]:
    """What is said beside the table."""
    doubt = report.total.up_to.requests
    if not doubt:
        return []
    return [f"up to: {counted(doubt, 'request')} that no server counted, with the most it can be"]


def _up_to_cell(up_to: Sum) -> str:
    if not up_to.requests:
        return ""
    cost = "" if not up_to.costs else f", {money_words(up_to)}"
    return f"{up_to.tokens:,}{cost}"
