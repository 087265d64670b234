"""Beginning a turn: the last thing before a request, and the one place that may say no to it."""

from notelog.app.prepare import Prepared
from notelog.core.caps import Planned, Spent, check_caps, reply_bound
from notelog.core.models import Cost, cost_of_usage
from notelog.core.records import Intent, TurnRecord
from notelog.core.reply import Usage
from notelog.core.settings import Config, Profile
from notelog.ports.journal import Journal
from notelog.ports.people import Clock, Reporter


def needs_exact_counts(config: Config) -> bool:
    """Whether a cap could say no to a prompt that was only bounded by its bytes."""
    caps = (cap for profile in config.profiles.values() for cap in profile.caps)
    return any(cap.unit != "requests" for cap in caps)


def intent_of(prepared: Prepared, *, turn_key: str, note: str, prompt: str) -> Intent:
    """What is about to be asked, with the most that it may take.

    Args:
        prepared: the request.
        turn_key: names the turn.
        note: the note's real path.
        prompt: the text of the user turn.
    """
    plan, request = prepared.plan, prepared.request
    return Intent(
        turn_key=turn_key,
        note=note,
        vault="",
        profile=prepared.settings.profile.name,
        model=request.model,
        prompt_tokens=plan.prompt_tokens,
        prompt=prompt,
        reply_tokens=reply_bound(
            request.max_tokens,
            spec=prepared.spec,
            window=plan.window,
            prompt_tokens=plan.prompt_tokens,
        ),
        price=prepared.spec.price,
    )


def begin(
    journal: Journal,
    intent: Intent,
    profile: Profile,
    config: Config,
    *,
    clock: Clock,
    reporter: Reporter,
) -> TurnRecord:
    """Records an intent, if the caps of its profile have room for it.

    Raises:
        BudgetError: they have not; nothing is recorded and nothing may be sent.
    """
    if not profile.caps:
        return journal.begin(intent)

    def allowed(spent: Spent) -> None:
        for sentence in spent.unread:
            reporter.notice(sentence)
        refusal = check_caps(
            profile.caps,
            spent,
            _planned(intent, profile),
            profile=profile.name,
            currency=profile.currency,
            now=clock.now(),
            origins=config.origins,
        )
        if refusal is not None:
            raise refusal

    return journal.begin(intent, allowed)


def _planned(intent: Intent, profile: Profile) -> Planned:
    most = Usage(prompt_tokens=intent.prompt_tokens, completion_tokens=intent.reply_tokens)
    free = None if profile.billed else Cost(amount=0.0, currency=profile.currency)
    return Planned(
        model=intent.model,
        tokens=most.prompt_tokens + most.completion_tokens,
        cost=cost_of_usage(intent.price, most) or free,
    )
