"""Caps: what a profile may take, checked before a request is made (``docs/promises.md``, P7).

Spans roll: an hour is the last 60 minutes, a day the last 24 hours, a month the last 30 days. So a
cap holds at every instant, knows no time zone, and no midnight allows twice of it. A request counts
with the most it can take until its server has said what it took; for one in doubt that is for good.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notelog.core.cap import Cap, Unit
from notelog.core.waits import told_wait
from notelog.errors import BudgetError

if TYPE_CHECKING:
    from notelog.core.models import Cost, ModelSpec

_MONEY_DIGITS: Final = 9  # sums of prices are compared to a billionth: 0.1 + 0.2 is 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request took, or may have taken.

    Attributes:
        at: when it was made, in seconds since the epoch.
        tokens: prompt and reply together.
        cost: None where its model was unpriced.
        of_note: whether it was for the note that is asked about.
        in_doubt: whether nobody knows what it took: it counts with the most it can have been.
    """

    at: float
    tokens: int
    cost: "Cost | None"
    of_note: bool = False
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the journals know of a profile's requests.

    Attributes:
        charges: those of the last 30 days.
        unread: a sentence for each journal of another vault that could not be read.
    """

    charges: tuple[Charge, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The most that the next request may take, or several that are planned together.

    Attributes:
        model: which it asks, for sentences.
        tokens: prompt and reply together.
        cost: None where the model is unpriced.
        requests: how many there are.
    """

    model: str
    tokens: int
    cost: "Cost | None"
    requests: int = 1

    @property
    def words(self) -> str:
        """How it is called in a sentence, with its verb."""
        return "this one may" if self.requests == 1 else f"these {self.requests:,} requests may"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    """A cap that the next request would break.

    Attributes:
        cap: which.
        taken: what counts against it now.
        in_doubt: how much of that is in doubt.
        again_in_s: when the request will fit; None where no waiting helps.
    """

    cap: Cap
    taken: float
    in_doubt: float
    again_in_s: float | None


def reply_bound(
    max_tokens: int | None, *, spec: "ModelSpec", window: int, prompt_tokens: int
) -> int:
    """The most tokens a reply can have: what was asked for, else what the model can give.

    Args:
        max_tokens: as the request has it.
        spec: the model.
        window: its context window.
        prompt_tokens: what the prompt takes of it.
    """
    if max_tokens is not None:
        return max_tokens
    room = max(0, window - prompt_tokens)
    return room if spec.output_limit is None else min(room, spec.output_limit)


def check_caps(
    caps: Sequence[Cap],
    spent: Spent,
    planned: Planned,
    *,
    profile: str,
    currency: str,
    now: float,
    origins: Mapping[str, str],
) -> BudgetError | None:
    """Whether the next request fits all caps of its profile.

    Args:
        caps: the profile's.
        spent: what the profile took so far.
        planned: the request.
        profile: the profile's name.
        currency: the profile's, in which caps on money are.
        now: seconds since the epoch.
        origins: where each setting comes from, by dotted name.

    Returns:
        None where it fits, else the error to raise: of the cap that frees last.
    """
    told = _Telling(profile=profile, currency=currency, origins=origins, planned=planned)
    for cap in caps:
        if cap.unit == "cost" and (why := _unpriced(planned, currency)):
            return told.unpriced(cap, why)
    found = (_breach(cap, spent, planned, currency=currency, now=now) for cap in caps)
    broken = [item for item in found if item is not None]
    return told.broken(max(broken, key=_freed_at)) if broken else None


def _freed_at(breach: _Breach) -> float:
    return math.inf if breach.again_in_s is None else breach.again_in_s


def _unpriced(planned: Planned, currency: str) -> str:
    if planned.cost is None:
        return f"no price is known for {planned.model}"
    if planned.cost.currency != currency:
        return f"the price of {planned.model} is in {planned.cost.currency}, not in {currency}"
    return ""


def _breach(
    cap: Cap, spent: Spent, planned: Planned, *, currency: str, now: float
) -> _Breach | None:
    """What stands in the way of a request; None where the cap has room for it."""
    counted = _counted(cap, spent, now)
    taken = [_amount(cap.unit, item, currency) for item in counted]
    wanted = _amount(cap.unit, planned, currency)
    if _fits(math.fsum(taken) + wanted, cap):
        return None
    doubtful = (_amount(cap.unit, item, currency) for item in counted if item.in_doubt)
    return _Breach(
        cap=cap,
        taken=math.fsum(taken),
        in_doubt=math.fsum(doubtful),
        again_in_s=_again_in_s(cap, counted, wanted, currency=currency, now=now),
    )


def _counted(cap: Cap, spent: Spent, now: float) -> list[Charge]:
    """What counts against a cap."""
    # a clock that was once set wrong must not count for years: the span reaches both ways
    return [
        item
        for item in spent.charges
        if abs(now - item.at) < cap.span.seconds and (item.of_note or not cap.span.of_note)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUse:
    """How far a cap is used.

    Attributes:
        cap: which.
        taken: what counts against it now.
        in_doubt: how much of that is in doubt.
        frees_in_s: in how many seconds the oldest of it counts no more; None where nothing counts.
    """

    cap: Cap
    taken: float
    in_doubt: float
    frees_in_s: float | None

    @property
    def is_full(self) -> bool:
        """Whether there is no room at all."""
        return self.taken >= self.cap.most


def cap_use(cap: Cap, spent: Spent, *, currency: str, now: float) -> CapUse:
    """How far a cap is used now.

    Args:
        cap: one with a span.
        spent: what the profile took so far.
        currency: the profile's.
        now: seconds since the epoch.
    """
    counted = _counted(cap, spent, now)
    oldest = min((item.at for item in counted), default=None)
    return CapUse(
        cap=cap,
        taken=math.fsum(_amount(cap.unit, item, currency) for item in counted),
        in_doubt=math.fsum(_amount(cap.unit, item, currency) for item in counted if item.in_doubt),
        frees_in_s=None if oldest is None else max(0.0, oldest + cap.span.seconds - now),
    )


def _fits(total: float, cap: Cap) -> bool:
    return round(total - cap.most, _MONEY_DIGITS) <= 0


def _amount(unit: Unit, item: Charge | Planned, currency: str) -> float:
    match unit:
        case "requests":
            return float(item.requests) if isinstance(item, Planned) else 1.0
        case "tokens":
            return float(item.tokens)
        case "cost":
            counts = item.cost is not None and item.cost.currency == currency
            return item.cost.amount if item.cost is not None and counts else 0.0


def _again_in_s(
    cap: Cap, counted: Sequence[Charge], wanted: float, *, currency: str, now: float
) -> float | None:
    """How long until enough of what counts is older than the span; None: it never is."""
    kept = wanted
    if not _fits(kept, cap):
        return None
    for item in sorted(counted, key=lambda item: item.at, reverse=True):
        kept += _amount(cap.unit, item, currency)
        if not _fits(kept, cap):
            return max(0.0, item.at + cap.span.seconds - now)
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """What the sentences about a cap have in common."""

    profile: str
    currency: str
    origins: Mapping[str, str]
    planned: Planned

    def unpriced(self, cap: Cap, why: str) -> BudgetError:
        """A cap on money without a price that it could be counted by."""
        return BudgetError(
            f"{self._name(cap)} cannot be kept: {why}; nothing was sent",
            hint=f"set price = [PROMPT, REPLY], in {self.currency} for 1,000,000 tokens, "
            f"in [profiles.{self.profile}]",
            cap=cap.name,
        )

    def broken(self, breach: _Breach) -> BudgetError:
        """A cap that the request would break."""
        cap = breach.cap
        doubt = f", {self._said(cap, breach.in_doubt)} of it in doubt" if breach.in_doubt else ""
        taken = f"{self._said(cap, breach.taken)} {cap.span.words}{doubt}"
        match cap.unit:
            case "requests":
                more = f"would be exceeded: {taken}, and {self.planned.requests:,} are planned"
                why = more if self.planned.requests > 1 else f"is reached: {taken}"
            case "tokens":
                wanted = f"{self.planned.words} take {self.planned.tokens:,}"
                why = f"would be exceeded: {taken}, and {wanted}"
            case "cost":
                amount = 0.0 if self.planned.cost is None else self.planned.cost.amount
                why = f"would be exceeded: {taken}, and {self.planned.words} cost {amount:.4f}"
        return BudgetError(
            f"{self._name(cap)} {why}; nothing was sent",
            hint=_way_out(breach, self.planned),
            cap=cap.name,
            again_in_s=breach.again_in_s,
        )

    def _name(self, cap: Cap) -> str:
        origin = self.origins.get(f"profiles.{self.profile}.caps.{cap.name}", "")
        place = f" ({origin})" if origin else ""
        return f"the cap {cap.name} = {cap.most:.10g} of profile {self.profile}{place}"

    def _said(self, cap: Cap, amount: float) -> str:
        if cap.unit == "cost":
            return f"{amount:.4f} {self.currency}"
        thing = "request" if cap.unit == "requests" else "token"
        return f"{amount:,.0f} {thing}{'' if amount == 1 else 's'}"


def _way_out(breach: _Breach, planned: Planned) -> str:
    if breach.again_in_s is not None:
        return f"again in {told_wait(breach.again_in_s)}, or raise the cap"
    if planned.requests > 1:
        return (
            "these requests alone are over it, so waiting does not help: raise it, or ask a model "
            "with a larger window, which needs fewer"
        )
    if breach.cap.unit == "requests":
        return "it allows no request at all: raise it"
    return (
        "this request alone is over it, so waiting does not help: raise it, "
        "set a smaller max_tokens, or ask in a shorter note"
    )
