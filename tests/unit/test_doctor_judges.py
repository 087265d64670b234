"""What the checks of ``doctor`` make of what was found: ok, warn or fail, and what to do."""

from dataclasses import replace

import pytest

from notelog.core.checkup import Remark, Verdict
from notelog.core.conflict_copies import is_conflict_copy, twin_of
from notelog.core.model_list import (
    ModelList,
    judge_answer,
    judge_clock,
    judge_model,
    parse_model_list,
)
from notelog.core.privacy_checks import Permission, judge_config_permission, judge_state
from notelog.core.settings import KeySource, Profile
from notelog.core.vault_checks import (
    FileSystem,
    Room,
    Survey,
    WatcherSeen,
    WatchLimits,
    judge_conflicts,
    judge_file_system,
    judge_linked,
    judge_room,
    judge_vault,
    judge_watcher,
    judge_watches,
)
from notelog.errors import ProviderRefusedError, ProviderUnavailableError

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
PROFILE = Profile(name="p", base_url="https://a.example/v1", key=KeySource(), model="gpt-4o")
MINE = Permission(path="/s/journal", mode=0o700, mine=True)


def is_well_said(remark: Remark) -> bool:
    """A remark that is not ok says what to do."""
    return bool(remark.message) and bool(remark.hint) == (remark.verdict is not OK)


@pytest.mark.parametrize(
    ("listed", "asked", "known"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("GPT-4o", "gpt-4o", True),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
        ("llama3:latest", "llama3", True),
        ("llama3:8b", "llama3", False),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5", True),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet-latest", True),
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-05-13", False),
        ("deepseek/deepseek-r1", "deepseek/deepseek-r1:free", True),
        ("gpt-4o-mini", "gpt-4o", False),
        ("gpt-4o", "gpt-4", False),
    ],
)
def test_names_of_models(listed: str, asked: str, *, known: bool) -> None:
    """A server lists some models by other names than requests may use."""
    remark = judge_model(ModelList(names=(listed,)), asked, PROFILE)
    assert remark.verdict is (OK if known else FAIL)


def test_a_model_that_is_missing_gets_a_suggestion() -> None:
    """The nearest name is named, and some of what there is."""
    names = ("gpt-4o", "gpt-4o-mini", "o3", "a", "b", "c")
    remark = judge_model(ModelList(names=names), "gpt-4o-mimi", PROFILE)
    assert remark.verdict is FAIL
    assert "did you mean 'gpt-4o-mini'?" in remark.hint
    assert remark.hint.endswith("the server has: gpt-4o, gpt-4o-mini, o3, a, b, ...")
    assert judge_model(ModelList(names=()), "x", PROFILE).hint == "the server has: none"


def test_a_profile_without_a_model() -> None:
    """It works where every note names one: a warning, with the server's models."""
    remark = judge_model(ModelList(names=("llama3",)), "", PROFILE)
    assert remark.verdict is WARN
    assert "llama3" in remark.hint


def test_a_server_that_answers_any_name() -> None:
    """llama.cpp has one model and looks at no name."""
    data = b'{"data": [{"id": "/models/a.gguf", "owned_by": "llamacpp"}]}'
    listed = parse_model_list(data, 5.0)
    assert listed == ModelList(names=("/models/a.gguf",), any_name=True, server_time=5.0)
    assert judge_model(listed, "default", PROFILE).verdict is OK


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"\xff", b"{}", b'"x"', b'{"data": {}}', b"[" * 100_000, b'{"error": {}}'],
)
def test_what_is_no_list(data: bytes) -> None:
    """Anything else than a list is told apart from an empty one."""
    with pytest.raises(ValueError):  # noqa: PT011  # whatever its words
        parse_model_list(data)


def test_a_list_may_be_bare_or_odd() -> None:
    """A bare list is taken too; entries without a name are passed over."""
    data = b'[{"id": "a"}, 7, {"id": 8}, {"id": ""}, {"name": "b"}]'
    assert parse_model_list(data).names == ("a",)
    assert parse_model_list(b'{"data": []}').names == ()


def test_the_answer_of_a_server() -> None:
    """A list is well; every error is a failure by its own words; Azure has no list to give."""
    assert judge_answer(ModelList(names=("a",)), PROFILE).message.endswith("lists 1 model")
    refused = ProviderRefusedError("p does not accept the key (401)", status=401, hint="check it")
    assert judge_answer(refused, PROFILE) == Remark(
        check="server", verdict=FAIL, message="p does not accept the key (401)", hint="check it"
    )
    unreached = ProviderUnavailableError("no name (DNS)", hint="look")
    assert judge_answer(unreached, PROFILE).message == "no name (DNS)"
    missing = ProviderRefusedError("", status=404)
    remark = judge_answer(missing, PROFILE)
    assert (remark.verdict, "(404)" in remark.message) == (FAIL, True)
    assert "/v1" in remark.hint
    azure = replace(PROFILE, api_version="2024-10-21")
    assert judge_answer(missing, azure).verdict is WARN


@pytest.mark.parametrize(
    ("now", "verdict", "words"),
    [
        (1_000_000.0, OK, "within"),
        (1_000_119.0, OK, "within"),
        (1_000_121.0, WARN, "2 minutes ahead of"),
        (999_000.0, WARN, "17 minutes behind"),
        (1_010_000.0, WARN, "3 hours ahead of"),
        (100_000.0, WARN, "10 days behind"),
    ],
)
def test_clocks(now: float, verdict: Verdict, words: str) -> None:
    """More than two minutes between the clocks are worth a word."""
    remark = judge_clock(1_000_000.0, now)
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


@pytest.mark.parametrize(
    ("survey", "verdict", "words"),
    [
        (Survey(folders=1, notes=1), OK, "1 note in 1 folder"),
        (Survey(folders=1_234, notes=0), OK, "0 notes in 1,234 folders"),
        (Survey(unreadable=("a", "b", "c", "d")), WARN, "a, b, c and 1 more"),
        (Survey(read_only=("x\x1b[2J",)), WARN, "x\\x1b[2J"),
    ],
)
def test_vaults(survey: Survey, verdict: Verdict, words: str) -> None:
    """What cannot be read or written is named, harmlessly."""
    remark = judge_vault(survey)
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        (FileSystem(kind="ext4", leases=True), OK, "ext4: writable"),
        (FileSystem(), OK, "writable"),
        (FileSystem(kind="ext4", refused="Permission denied"), FAIL, "Permission denied"),
        (FileSystem(kind="ext4", leases=False), WARN, "leases"),
        (FileSystem(kind="fuse.sshfs", leases=True), WARN, "other machines"),
        (FileSystem(kind="nfs4", leases=False, exchange=False), WARN, "exchange two files"),
        (FileSystem(leases=True, silent="in a trial"), WARN, "tells of no change (in a trial)"),
    ],
)
def test_file_systems(found: FileSystem, verdict: Verdict, words: str) -> None:
    """What a file system lacks is said with what follows from it."""
    remark = judge_file_system(found)
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


@pytest.mark.parametrize(
    ("limits", "folders", "verdict", "words"),
    [
        ((8_192, 0, 128, 0), 8_192, OK, "8,192 folders"),
        ((8_192, 1, 128, 0), 8_192, WARN, "8,191 are left"),
        ((8_192, 9_000, 128, 0), 1, WARN, "0 are left"),
        ((8_192, 0, 128, 128), 1, WARN, "all 128 inotify instances"),
    ],
)
def test_watches(
    limits: tuple[int, int, int, int], folders: int, verdict: Verdict, words: str
) -> None:
    """One watch a folder, of those that other programs left, and one instance."""
    watches, used, instances, instances_used = limits
    remark = judge_watches(
        WatchLimits(
            watches=watches,
            watches_used=used,
            instances=instances,
            instances_used=instances_used,
        ),
        folders,
    )
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


@pytest.mark.parametrize(
    ("free_bytes", "free_files", "verdict", "words"),
    [
        (5 * 10**9, None, OK, "5.0 GB free for the vault"),
        (100 << 20, 1, OK, "105 MB"),
        ((100 << 20) - 1, 9, WARN, "105 MB"),
        ((1 << 20) - 1, 9, FAIL, "no more bytes"),
        (10**12, 0, FAIL, "no more files"),
    ],
)
def test_disks(free_bytes: int, free_files: int | None, verdict: Verdict, words: str) -> None:
    """A full disk keeps no reply; a disk may be full of files, too."""
    room = Room(place="the vault", free_bytes=free_bytes, free_files=free_files)
    remark = judge_room([Room(place="x", free_bytes=10**10, free_files=None), room])
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ([], OK, "made when it is needed"),
        ([MINE], OK, "yours alone"),
        ([MINE, replace(MINE, path="/s/journal/a", mode=0o640)], FAIL, "/s/journal/a (mode 0640)"),
        ([replace(MINE, mine=False)], FAIL, "another user"),
    ],
)
def test_the_state_folder(found: list[Permission], verdict: Verdict, words: str) -> None:
    """Whoever else may read the journals reads the chats."""
    remark = judge_state(found, "/s x")
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)
    assert "mode" not in words or remark.hint.endswith("chmod -R go= '/s x'")


@pytest.mark.parametrize(
    ("item", "is_open"),
    [
        (Permission(path="c", mode=0o644, mine=True), False),
        (Permission(path="c", mode=0o644, mine=False, of_root=True), False),
        (Permission(path="c", mode=0o664, mine=True, own_group=True), False),
        (Permission(path="c", mode=0o664, mine=True), True),
        (Permission(path="c", mode=0o666, mine=True, own_group=True), True),
        (Permission(path="c", mode=0o600, mine=False), True),
    ],
)
def test_who_may_change_the_configuration(item: Permission, *, is_open: bool) -> None:
    """Reading it is harmless; changing it is the power over where keys go."""
    remark = judge_config_permission([item])
    assert (remark is not None) == is_open
    assert remark is None or (remark.verdict is WARN and is_well_said(remark))


@pytest.mark.parametrize(
    "name",
    [
        "Tea.sync-conflict-20240131-101112-ABCDEFG.md",
        "Tea (Mary's conflicted copy 2024-01-31).md",
        "Tea (conflicted copy 2024-01-31 101112).md",
        "Tea (Conflicted copy iPhone 202401311011).md",
        "茶 (小明 的冲突副本 2024-01-31).md",
        "Tea-safeBackup-0001.md",
        "Tea-DESKTOP-4F2K9QX.md",
        "Tea-LAPTOP-AB12CD34-2.md",
        "Tea (SFConflict mary@example.org 2024-01-31-10-11-12).md",
        "Tea_DiskStation_Jan-31-101112-2024_Conflict.md",
    ],
)
def test_names_of_conflict_copies(name: str) -> None:
    """Each service has its own way to name the losing side."""
    assert is_conflict_copy(name)


@pytest.mark.parametrize(
    "name", ["Tea.md", "my-desktop-review.md", "Tea 2.md", "A conflict.md", "conflicted.md", ""]
)
def test_names_of_ordinary_notes(name: str) -> None:
    """A note about conflicts is none."""
    assert not is_conflict_copy(name)


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (WatcherSeen(runs=False), OK, "none runs"),
        (WatcherSeen(runs=True), OK, "alive"),
        (WatcherSeen(runs=True, silent_s=720.0), FAIL, "12 minutes"),
    ],
)
def test_watchers(seen: WatcherSeen, verdict: Verdict, words: str) -> None:
    """One that has the vault and says nothing is stuck."""
    remark = judge_watcher(seen)
    assert remark.verdict is verdict
    assert words in remark.message
    assert is_well_said(remark)


def test_twins() -> None:
    """``Tea 2.md`` is a twin beside ``Tea.md``, and only there."""
    assert twin_of("Tea 2.md", {"Tea.md", "Tea 2.md"}) == "Tea.md"
    assert twin_of("Tea 2.md", {"Tea 2.md"}) == ""
    assert twin_of("Tea 12.md", {"Tea.md", "Tea 1.md"}) == ""


def test_linked_folders() -> None:
    """Some are named, with what to do."""
    remark = judge_linked(Survey(linked=("Work", "Home")))
    assert remark.verdict is WARN
    assert remark.message.endswith("Work, Home")
    assert is_well_said(remark)


def test_conflict_copies() -> None:
    """They are counted, and some are named."""
    assert judge_conflicts(Survey()).verdict is OK
    assert judge_conflicts(Survey(conflicts=("a",))).message.startswith("1 copy ")
    remark = judge_conflicts(Survey(conflicts=("a", "b")))
    assert remark.message.startswith("2 copies ")
    assert is_well_said(remark)
