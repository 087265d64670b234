"""What ``config.toml`` may hold: every key with its type. msgspec decodes into these, strictly."""

from dataclasses import dataclass
from typing import Literal

from notelog.core.settings import Continuation


@dataclass(frozen=True, slots=True, kw_only=True)
class TopTable:
    """The keys outside any table; see ``core.settings.Config`` for their meaning."""

    default_profile: str | None = None
    ignore_note_keys: tuple[str, ...] | None = None
    system_commands: tuple[str, ...] | None = None
    reasoning: Literal["drop", "callout"] | None = None
    model_suffix: Literal["auto", "always", "never"] | None = None
    inert_replies: bool | None = None
    partial_replies: Literal["note", "journal"] | None = None
    note_size_limit_bytes: int | None = None
    forget_after_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTable:
    """The keys of ``[watch]``; see ``core.watch_settings`` for their meaning."""

    mode: Literal["mark", "auto", "off"] | None = None
    end_marks: tuple[str, ...] | None = None
    auto: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    marker: bool | None = None
    device: str | None = None
    notify: bool | None = None
    settle_s: float | None = None
    auto_settle_s: float | None = None
    sync_wait_s: float | None = None
    sync_spread_s: float | None = None
    at_once: int | None = None
    asks_per_hour: int | None = None
    scan_s: float | None = None
    poll_s: float | None = None
    grace_s: float | None = None
    claim: bool | None = None
    live: bool | None = None
    live_every_s: float | None = None
    live_rest_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsTable:
    """The keys of ``[profiles.NAME.caps]``; see ``core.caps`` for their meaning."""

    requests_per_hour: int | None = None
    requests_per_day: int | None = None
    requests_per_month: int | None = None
    requests_per_note_per_day: int | None = None
    tokens_per_request: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None
    tokens_per_month: int | None = None
    tokens_per_note_per_day: int | None = None
    cost_per_request: float | None = None
    cost_per_hour: float | None = None
    cost_per_day: float | None = None
    cost_per_month: float | None = None
    cost_per_note_per_day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTable:
    """The keys of ``[profiles.NAME]``; see ``core.settings.Profile`` for their meaning."""

    base_url: str | None = None
    model: str | None = None
    serves: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    billed: bool | None = None
    embedded: bool | None = None
    model_path: str | None = None
    context_window: int | None = None
    max_tokens: int | None = None
    api_version: str | None = None
    connect_timeout_s: float | None = None
    read_timeout_s: float | None = None
    deadline_s: float | None = None
    price: tuple[float, float] | None = None
    currency: str | None = None
    continuation: Continuation | None = None
    requests_at_once: int | None = None
    key_environment: str | None = None
    key_file: str | None = None
    key_keyring: str | None = None
    key_command: tuple[str, ...] | None = None
    key_required: bool | None = None
    caps: CapsTable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTable:
    """The keys of ``[context]``; see ``core.settings.ContextSettings`` for their meaning."""

    shorten: bool | None = None
    notice: bool | None = None
    mark_left_out: bool | None = None
    summary: bool | None = None


TABLES = ("context", "defaults", "model_aliases", "profiles", "watch")
"""The tables of the file."""
