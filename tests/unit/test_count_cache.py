"""Counts on disk: what was counted once is not counted again, and no fault there is one here."""

import os
import random
import stat
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path

import pytest
from program import Program

from notelog.adapters import tiktoken_counter
from notelog.adapters.count_cache import BUCKET_RECORDS, BUCKETS, CountCache
from notelog.adapters.tiktoken_counter import TiktokenCounter

MOST_BYTES = BUCKETS * BUCKET_RECORDS * 24
SECRET = "A secret that is nobody's business."


def key_of(number: int) -> bytes:
    """Some key."""
    return blake2b(str(number).encode(), digest_size=16).digest()


def file_in(folder: Path) -> Path:
    """The one file of the cache."""
    (file,) = folder.iterdir()
    return file


def test_what_was_kept_is_found_by_the_next_process(tmp_path: Path) -> None:
    """A second cache on the same folder gives the counts of the first."""
    first = CountCache(str(tmp_path / "cache"))
    for number in range(3_000):
        first.put(key_of(number), number)
    second = CountCache(str(tmp_path / "cache"))
    assert [second.get(key_of(number)) for number in range(3_000)] == list(range(3_000))
    assert second.get(key_of(3_001)) is None


def test_no_text_and_no_stranger(tmp_path: Path) -> None:
    """The file holds no text, and only its owner can open it or its folder."""
    TiktokenCounter(CountCache(str(tmp_path / "cache"))).count(SECRET, "o200k_base")
    file = file_in(tmp_path / "cache")
    assert b"secret" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_known_text_needs_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder is called for a new text only, and the encodings are kept apart."""
    folder = str(tmp_path / "cache")
    counts = [
        TiktokenCounter(CountCache(folder)).count(SECRET, name)
        for name in ("cl100k_base", "o200k_base")
    ]

    def never(_block: str, _encoding: str) -> int:
        raise AssertionError

    monkeypatch.setattr(tiktoken_counter, "count_block", never)
    again = TiktokenCounter(CountCache(folder))
    assert [again.count(SECRET, name) for name in ("cl100k_base", "o200k_base")] == counts
    with pytest.raises(AssertionError):
        again.count(SECRET + "!", "o200k_base")


def test_the_ranks_are_not_loaded_for_a_note_that_is_known(program: Program) -> None:
    """The next command on a note imports no tiktoken; with a new turn it counts that turn only."""
    note = program.home / "note.md"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_bytes(b"role::user\n\nWhat?\n\nrole::assistant\n\nThat.\n\nrole::user\n\nWhy?\n")
    code = (
        "import sys\nfrom notelog.adapters import tiktoken_counter as counter\n"
        "encode, counted = counter.count_block, []\n"
        "counter.count_block = lambda text, name: counted.append(text) or encode(text, name)\n"
        "from notelog.__main__ import run\nrun(['tokens', '--json', sys.argv[1]])\n"
        "print(counted, 'tiktoken' in sys.modules, file=sys.stderr)\n"
    )

    def counted() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, note],
            env=program.environment, capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stderr.decode().strip()

    assert counted() == "['What?', 'That.', 'Why?'] True"
    assert counted() == "[] False"
    with note.open("ab") as file:
        file.write(b"\nrole::assistant\n\nBecause.\n")
    assert counted() == "['Because.'] True"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with folders of its own."""
    return Program(tmp_path / "home")


def test_it_never_grows_over_its_bound(tmp_path: Path) -> None:
    """More counts than there is room for push others out; those found are right."""
    cache = CountCache(str(tmp_path / "cache"))
    crowded = [key_of(1)[:4] + key_of(number)[4:] for number in range(40)]
    for number, key in enumerate(crowded):
        cache.put(key, number)
    assert cache.get(crowded[-1]) == 39
    found = [number for number, key in enumerate(crowded) if cache.get(key) is not None]
    assert len(found) == BUCKET_RECORDS
    assert all(cache.get(crowded[number]) == number for number in found)
    cache.put(b"\xff" * 16, 1)
    assert file_in(tmp_path / "cache").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("seed", range(5))
def test_damage_is_never_read_as_a_count(tmp_path: Path, seed: int) -> None:
    """Whatever bytes are overwritten or cut off, a key gives its count or nothing."""
    dice = random.Random(seed)
    cache = CountCache(str(tmp_path / "cache"))
    for number in range(500):
        cache.put(key_of(number), number)
    file = file_in(tmp_path / "cache")
    data = bytearray(file.read_bytes())
    for _ in range(2_000):
        data[dice.randrange(len(data))] = dice.randrange(256)
    for place in range(0, len(data), 7):
        data[place] ^= dice.randrange(2)
    file.write_bytes(data[: dice.randrange(len(data))])
    assert all(cache.get(key_of(number)) in {number, None} for number in range(500))
    cache.put(key_of(7), 7)
    assert cache.get(key_of(7)) == 7


def test_a_table_of_nothing_holds_nothing(tmp_path: Path) -> None:
    """Places that were never written are empty, whatever the key."""
    (tmp_path / "token-counts-1").write_bytes(bytes(MOST_BYTES))
    assert CountCache(str(tmp_path)).get(bytes(16)) is None


@pytest.mark.parametrize("kind", ["file for folder", "folder for file", "fifo", "link", "no right"])
def test_where_it_cannot_be_kept_it_is_counted_anew(tmp_path: Path, kind: str) -> None:
    """A cache that cannot be opened costs time and nothing else; what it is not is left alone."""
    folder, other = tmp_path / "cache", tmp_path / "other"
    other.write_bytes(b"mine")
    if kind == "file for folder":
        folder.write_bytes(b"mine")
    else:
        folder.mkdir()
    place = folder / "token-counts-1"
    if kind == "folder for file":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to(other)
    elif kind == "no right":
        folder.rmdir()
        folder = Path("/proc/none/cache")
    for _ in range(2):
        assert TiktokenCounter(CountCache(str(folder))).count("a b", "o200k_base") == 2
    assert other.read_bytes() == b"mine"


def test_processes_that_write_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    """Four processes fill the same few places; every count that is found is the right one."""
    code = (
        "import sys\nfrom hashlib import blake2b\n"
        "from notelog.adapters.count_cache import CountCache\n"
        "cache = CountCache(sys.argv[1])\n"
        "for number in range(4_000):\n"
        "    rest = blake2b(b'%d' % (number % 60), digest_size=12).digest()\n"
        "    key = bytes([number % 60 % 5, 0, 0, 0]) + rest\n"
        "    assert cache.get(key) in (None, number % 60)\n"
        "    cache.put(key, number % 60)\n"
    )
    folder = str(tmp_path / "cache")
    running = [
        subprocess.Popen([sys.executable, "-c", code, folder], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in running:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0


def test_a_closed_cache_knows_nothing(tmp_path: Path) -> None:
    """After it is closed it neither finds nor keeps, and closing twice is no error."""
    cache = CountCache(str(tmp_path / "cache"))
    cache.put(key_of(1), 1)
    cache.close()
    cache.close()
    cache.put(key_of(2), 2)
    assert (cache.get(key_of(1)), cache.get(key_of(2))) == (None, None)
    cache.put(key_of(3), 2**32)
    assert CountCache(str(tmp_path / "cache")).get(key_of(3)) is None
