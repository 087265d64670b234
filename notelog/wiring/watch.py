"""Watching vaults."""

import gc
import os
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notelog.wiring.parts import completing, load_config, open_journal, reading
from notelog.wiring.watch_device import pinned, take_over
from notelog.wiring.watch_journal import (
    Forgetting,
    day_began,
    lately,
    unlanded,
    vault_journal,
)
from notelog.wiring.watch_questions import agreed_backlog, choose_auto
from notelog.wiring.watch_reporter import JobReporter
from notelog.wiring.watch_requests import Requests
from notelog.wiring.watch_vaults import vault_root, watched_around

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from notelog.adapters.journal_pool import KeptJournals
    from notelog.adapters.quiet_notes import QuietNotes
    from notelog.adapters.vault_index import VaultIndex
    from notelog.adapters.watch_place import WatchFolder
    from notelog.adapters.watch_threads import Inbox
    from notelog.app.due import Completing
    from notelog.app.watch_questions import Questions
    from notelog.app.watch_tools import Watching
    from notelog.app.why import WhyNot
    from notelog.core.settings import Config
    from notelog.core.watch_names import Scope
    from notelog.errors import NotelogError
    from notelog.ports.journal import Journal
    from notelog.ports.notes import Snapshot
    from notelog.ports.watch_view import WatchView
    from notelog.ports.watch_work import JobResult, WatchJob


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchWishes:
    """What the command line says.

    Attributes:
        once: one pass.
        poll: no events.
        backlog: also what is old or too many.
        take_over: this machine answers from now on.
        auto: further globs of notes that are answered without a mark.
        live: show replies in their notes while they arrive.
    """

    once: bool = False
    poll: bool = False
    backlog: bool = False
    take_over: bool = False
    auto: tuple[str, ...] = ()
    live: bool = False


_TAKEN_OVER = "this machine answers the vault from now on; the watcher that runs here goes on"
_SWITCH_S = 0.0005
"""A thread that comes back from the disk waits that long for one that computes, not for 5 ms."""


def watch(vault: str, wishes: WatchWishes, view: "WatchView", questions: "Questions") -> int:
    """Watches a vault until told to stop; see ``app.watch``.

    Raises:
        NotelogError: there is no such folder, another watcher has it, or nobody agreed.
    """
    from notelog.adapters.desktop_notices import NotifyingView
    from notelog.adapters.journal_pool import KeptJournals
    from notelog.adapters.places import state_dir
    from notelog.adapters.sd_notify import SystemdNotices
    from notelog.adapters.stop_signals import stop_wishes
    from notelog.adapters.system_clock import SystemClock
    from notelog.adapters.watch_place import WatchFolder
    from notelog.adapters.watch_threads import Inbox
    from notelog.app.watch import Watcher
    from notelog.app.watch_loop import run_watcher
    from notelog.app.watch_tools import WatchOptions
    from notelog.ports.watch_work import StopWish

    sys.setswitchinterval(_SWITCH_S)
    gc.freeze()
    gc.enable()  # short commands never collect garbage; this one runs for months
    root = vault_root(vault)
    config = _config_for(wishes, view)
    place = WatchFolder(state_dir(), root)
    inbox = Inbox()
    release = _lock(place, root, config, wishes, view)
    if release is None:
        return 0
    try:
        choose_auto(root, config, questions, place=place, files=lambda: _files(root, config))
        config = _with_chosen_auto(config, place)
        if config.watch.notify:
            view = NotifyingView(view)
        journals = KeptJournals(state_dir())
        tools = _watching(root, config, wishes, view, place=place, inbox=inbox, journals=journals)
        backlog = None
        if wishes.backlog:  # with an index of its own: what it saw is still news to the watcher
            news = replace(tools, files=_files(root, config))
            backlog = agreed_backlog(news, _asking(config), questions)
        options = WatchOptions(once=wishes.once, backlog=backlog, since_s=place.last_pass_at())
        watcher = Watcher(tools, options)
        clock = SystemClock(sleep_counts=True)
        started = clock.now()
        with (
            closing(inbox),
            stop_wishes(lambda: inbox.post(StopWish())),
            journals,
            vault_journal(root),  # kept open: its last closing writes the whole journal anew
        ):
            code = run_watcher(watcher, inbox, view, clock, SystemdNotices(os.environ))
        tools.hints.stop()
        if wishes.once and not (options.since_s and watcher.leaves_some):
            place.keep_pass(started)
        return code
    finally:
        release()


def _lock(
    place: "WatchFolder", root: str, config: "Config", wishes: WatchWishes, view: "WatchView"
) -> "Callable[[], None] | None":
    """Keeps the vault to this watcher, once the machine is named that answers it.

    Gives how to let others have it; None where one has it that goes on, as the person's word was
    for that name.
    """
    from notelog.errors import ConflictError
    from notelog.ports.watch_view import Kind, Told

    if wishes.take_over:
        take_over(root, config.watch.device)
    try:
        return place.lock()
    except ConflictError:
        if not wishes.take_over or wishes.once:
            raise
    view.tell(Told(kind=Kind.NOTICE, sentence=_TAKEN_OVER))
    return None


def watch_view(vault: str, *, as_json: bool, quiet: bool, color: bool | None) -> "WatchView":
    """What shows what a watcher does: live in a terminal, else line by line."""
    from notelog.adapters.watch_view import JsonView, LiveView, PlainView

    if as_json:
        return JsonView()
    if sys.stdout.isatty() and not quiet:
        return LiveView(os.path.basename(os.path.realpath(vault)), color=color)  # noqa: PTH119
    return PlainView(quiet=quiet)


def why(note: str) -> "WhyNot":
    """Why a watcher would answer a note, or not; see ``app.why``."""
    import shlex
    from time import time

    from notelog.adapters.obsidian import has_chatgpt_md
    from notelog.adapters.places import state_dir, vault_of_real
    from notelog.adapters.watch_place import WatchFolder, watched_roots
    from notelog.app.watch_look import Looking
    from notelog.app.why import why_not

    config = load_config()
    state = state_dir()
    folder, name = os.path.split(os.path.abspath(note))  # noqa: PTH100
    path = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  # a symlinked note is one
    watching = max(watched_around(path), key=len, default="")
    root = watching or vault_of_real(path, lambda: watched_roots(state))
    place = WatchFolder(state, root)
    config = _with_chosen_auto(config, place)
    files = _files(root, config)
    looking = Looking(
        files=files,
        reading=reading(config),
        open_journal=open_journal,
        settings=config.watch,
        now=time,
        marks_itself=lambda: has_chatgpt_md(root),
    )
    found = why_not(looking, path, scope=_scope(root, config), place=place, now=time())
    return replace(found, hint=found.hint.replace("VAULT", shlex.quote(root)))


def _config_for(wishes: WatchWishes, view: "WatchView") -> "Config":
    from notelog.ports.watch_view import Kind, Told

    config = load_config()
    if wrong := _no_server(config):
        view.tell(Told(kind=Kind.WARNING, sentence=wrong.message, hint=wrong.hint))
    config = _with_watch(config, auto=(*config.watch.auto, *wishes.auto))
    live = config.watch.live or wishes.live
    return replace(config, watch=replace(config.watch, live=live))


def _no_server(config: "Config") -> "NotelogError | None":
    """Why a note that names no server cannot be answered: better known before one is marked."""
    from notelog.core.profiles import is_ready
    from notelog.core.route_refusals import not_ready
    from notelog.core.routing import default_choice
    from notelog.errors import ConfigurationError

    try:
        profile = default_choice(config).profile
    except ConfigurationError as error:
        return error
    return None if is_ready(profile) else not_ready(profile, config)


def _with_watch(config: "Config", *, auto: "tuple[str, ...]") -> "Config":
    from platform import node

    device = config.watch.device or node() or "this machine"
    return replace(config, watch=replace(config.watch, device=device, auto=auto))


def _with_chosen_auto(config: "Config", place: "WatchFolder") -> "Config":
    chosen = place.chosen_auto()
    return _with_watch(config, auto=(*config.watch.auto, chosen) if chosen else config.watch.auto)


def _files(root: str, config: "Config", *, quick: bool = False) -> "VaultIndex":
    from notelog.adapters.vault_index import VaultIndex
    from notelog.core.end_marks import end_marks_of

    return VaultIndex(
        root,
        _scope(root, config),
        size_limit_bytes=config.note_size_limit_bytes,
        end_marks=end_marks_of(config.watch.end_marks),
        quick=quick,
        quiet=_quiet_notes(root, config),
    )


def _quiet_notes(root: str, config: "Config") -> "QuietNotes":
    from pathlib import Path

    from notelog._version import __version__
    from notelog.adapters.places import cache_dir, name_for
    from notelog.adapters.quiet_notes import FOLDER_NAME, QuietNotes

    rules = "\n".join((__version__, *config.watch.end_marks))
    return QuietNotes(Path(cache_dir(), FOLDER_NAME, name_for(root)), rules.encode())


def _scope(root: str, config: "Config") -> "Scope":
    from notelog.adapters.obsidian import ignore_filters
    from notelog.core.watch_names import Scope

    settings = config.watch
    return Scope(include=settings.include, exclude=settings.exclude, hidden=ignore_filters(root))


def _watching(
    root: str,
    config: "Config",
    wishes: WatchWishes,
    view: "WatchView",
    *,
    place: "WatchFolder",
    inbox: "Inbox",
    journals: "KeptJournals",
) -> "Watching":
    from pathlib import Path

    from notelog.adapters.mounts import kind_of
    from notelog.adapters.obsidian import ignore_filters
    from notelog.adapters.places import state_dir, vault_of_real
    from notelog.adapters.system_clock import SystemClock
    from notelog.adapters.watch_place import watched_roots
    from notelog.adapters.watch_threads import beside, in_thread
    from notelog.adapters.watchdog_watcher import NoHints, WatchdogHints
    from notelog.app.watch_look import Looking
    from notelog.app.watch_tools import Watching
    from notelog.core.file_systems import gives_events
    from notelog.core.watching import Ending
    from notelog.ports.watch_view import Kind, Told
    from notelog.ports.watch_work import JobResult
    from notelog.ports.watching import Hint, Scan
    from notelog.wiring.watch_plugins import ChatGptMd

    for pattern in _scope(root, config).not_understood:
        sentence = f"this filter of Obsidian's excluded files is not used here: {pattern}"
        view.tell(Told(kind=Kind.WARNING, sentence=sentence))
    kind = kind_of(Path(root))
    quick = bool(kind) and gives_events(kind) and not wishes.poll
    files = _files(root, config, quick=quick)

    def journal_of(snapshot: "Snapshot") -> "AbstractContextManager[Journal]":
        return journals.open(vault_of_real(snapshot.real_path, lambda: watched_roots(state)))

    state = state_dir()
    clock = SystemClock(sleep_counts=True)
    forgetting = Forgetting(
        config.forget_after_days,
        lambda sentence: view.tell(Told(kind=Kind.WARNING, sentence=sentence)),
    )
    looking = Looking(
        files=files,
        reading=reading(config),
        open_journal=journal_of,
        settings=config.watch,
        now=clock.now,
        marks_itself=ChatGptMd(root, view, at_once=config.watch.marker).is_enabled,
    )
    device = config.watch.device
    tools = Requests(
        config,
        lambda: replace(_asking(config), open_journal=journal_of, device=device),
        view,
        lambda: inbox.post(Hint(configured=True)),
    )

    def scan() -> None:
        found = Scan(absent="to look through it failed")
        try:
            hidden = ignore_filters(root, files.scope.hidden)
            files.scope = replace(files.scope, hidden=hidden)
            found = files.scan()
        finally:
            inbox.post(found)  # else it would be waited for, for ever
        files.settle()
        forgetting.forget()
        if not wishes.once:
            tools.get()

    def warm_up() -> None:
        from notelog.adapters import openai_chat

        tools.get()
        openai_chat.warm_up()

    def start_job(job: "WatchJob", cancelled: "Callable[[], bool]") -> None:
        sentence = "its request failed to run: too little memory, or a defect of notelog"
        told = Told(kind=Kind.FAILED, note=job.relative, sentence=sentence)
        failed = JobResult(job=job, ending=Ending.FINAL, told=told, exit_code=1)
        in_thread(
            "turn",
            lambda: _run_job(tools.get(), job, cancelled, view, inbox),
            inbox.post,
            otherwise=failed,
        )

    return Watching(
        root=root,
        device=device,
        files=files,
        hints=NoHints() if wishes.poll else WatchdogHints(root, str(place.wishes)),
        looking=looking,
        place=place,
        tell=view.tell,
        clock=clock,
        post=inbox.post,
        start_scan=lambda: beside("scan", scan),
        start_job=start_job,
        pinned=lambda: pinned(root),
        unlanded=lambda: unlanded(root),
        lately=lambda since: lately(root, since),
        day_began=day_began,
        warm_up=lambda: beside("warm-up", warm_up),
        process=os.getpid(),
    )


def _asking(config: "Config") -> "Completing":
    from notelog.adapters.terminal import SilentReporter

    return completing(config, SilentReporter(), lambda: False)


def _run_job(
    tools: "Completing",
    job: "WatchJob",
    cancelled: "Callable[[], bool]",
    view: "WatchView",
    inbox: "Inbox",
) -> "JobResult":
    from notelog.app.watch_jobs import run_job

    return run_job(tools, job, JobReporter(job.relative, view, inbox), cancelled)
