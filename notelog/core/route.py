"""What is settled on the way to a route: the model wanted, the profile chosen, and the route."""

from dataclasses import dataclass

from notelog.core.settings import Profile
from notelog.core.visible import shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request goes.

    Attributes:
        profile: the server.
        model: its name for the model.
        profile_origin: what chose the profile, for a person.
        model_origin: what chose the model, for a person.
    """

    profile: Profile
    model: str
    profile_origin: str
    model_origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The model that is asked for: its provider and name, either of which may be empty."""

    provider: str
    name: str
    origin: str
    line: int | None

    def __str__(self) -> str:
        full = f"{self.provider}@{self.name}" if self.provider else self.name
        return repr(shortened(full, 80))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A profile and what chose it.

    Attributes:
        profile: the server.
        origin: what chose it, for a person.
        line: the line of the note that did.
        vouched: whether that names the model too, so that ``serves`` is not asked.
        url_key: the url key of the note that chose it; empty where none did.
    """

    profile: Profile
    origin: str
    line: int | None = None
    vouched: bool = False
    url_key: str = ""
