"""The certificates that are trusted are loaded once, and anew where they changed."""

import os
from pathlib import Path

import pytest

from notelog.adapters.openai_connection import certificate_store


def test_certificates_are_loaded_again_only_where_they_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two requests share what was loaded; a folder with another time stamp is loaded anew."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    first = certificate_store()
    assert certificate_store() is first
    os.utime(tmp_path, ns=(1, 1))
    assert certificate_store() is not first


def test_a_certificate_file_that_is_missing_is_an_error_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was loaded before does not stand in for a file that cannot be read."""
    certificate_store()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            certificate_store()
