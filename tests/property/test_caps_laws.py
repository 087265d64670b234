"""Caps hold at every instant, and waiting as long as told is enough."""

import math

from hypothesis import given
from hypothesis import strategies as st

from notelog.core.cap import Cap
from notelog.core.caps import Charge, Planned, Spent, check_caps
from notelog.core.models import Cost

SPANS = {"hour": 3_600, "day": 86_400, "month": 30 * 86_400}
NAMES = [f"{unit}_per_{span}" for unit in ("requests", "tokens", "cost") for span in SPANS]
CAPS = st.lists(
    st.builds(Cap, name=st.sampled_from(NAMES), most=st.integers(0, 9)),
    max_size=4,
)
# (seconds since the one before, the most it may take, the share of it that it takes)
ASKS = st.lists(
    st.tuples(st.integers(0, 40_000), st.integers(0, 4), st.sampled_from([0.0, 0.5, 1.0])),
    max_size=30,
)


def refused(caps: list[Cap], charges: list[Charge], most: int, now: float) -> float | None:
    """The wait that a refusal tells (infinite where none helps); None where it is sent."""
    cost = Cost(amount=most / 10, currency="USD")
    error = check_caps(
        caps,
        Spent(charges=tuple(charges)),
        Planned(model="m", tokens=most, cost=cost),
        profile="p",
        currency="USD",
        now=now,
        origins={},
    )
    if error is None:
        return None
    return math.inf if error.again_in_s is None else error.again_in_s


def taken(cap: Cap, charge: Charge) -> float:
    """What a charge counts for a cap."""
    money = 0.0 if charge.cost is None else charge.cost.amount
    return {"requests": 1.0, "tokens": float(charge.tokens), "cost": money}[cap.unit]


@given(CAPS, ASKS)
def test_no_window_ever_holds_more_than_its_cap(
    caps: list[Cap], asks: list[tuple[int, int, float]]
) -> None:
    """Over any stretch of time as long as a span, no more is taken than the cap says."""
    now, charges = 0.0, list[Charge]()
    for after_s, most, share in asks:
        now += after_s
        if refused(caps, charges, most, now) is None:
            tokens = int(most * share)
            cost = Cost(amount=most * share / 10, currency="USD")
            charges.append(Charge(at=now, tokens=tokens, cost=cost))
    for cap in caps:
        span = SPANS[cap.name.rpartition("_")[2]]
        for first in charges:
            window = [item for item in charges if first.at <= item.at < first.at + span]
            assert sum(taken(cap, item) for item in window) <= cap.most + 1e-9


@given(CAPS, ASKS, st.integers(0, 4))
def test_waiting_as_told_is_enough_and_needed(
    caps: list[Cap], asks: list[tuple[int, int, float]], most: int
) -> None:
    """After the wait the request is sent, a second before its end it is not."""
    now, charges = 0.0, list[Charge]()
    for after_s, tokens, _ in asks:
        now += after_s
        charges.append(Charge(at=now, tokens=tokens, cost=Cost(amount=tokens / 10, currency="USD")))
    wait_s = refused(caps, charges, most, now)
    if wait_s is None:
        return
    if wait_s == math.inf:
        assert refused(caps, [], most, now) is not None
        return
    assert refused(caps, charges, most, now + wait_s) is None
    assert refused(caps, charges, most, now + wait_s - 1) is not None
