"""One run a folder, where the file system can say so."""

import errno
import subprocess
import sys
import textwrap

import pytest

from inr_sae.errors import UserError
from inr_sae.folder import lock
from inr_sae.folder.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "run")


def test_a_second_run_is_kept_out_while_the_first_lives_and_not_after(store):
    code = textwrap.dedent(f"""
        from inr_sae.folder.store import Store
        with Store({str(store.root)!r}).lock():
            print("locked", flush=True)
            input()
    """)
    first = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "locked\n"
    with pytest.raises(UserError, match="in use by another run"), store.lock():
        pass
    first.kill()
    first.wait()
    with store.lock():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/run cannot be written"), Store(tmp_path / "file" / "run").lock():
        pass


def failing(number):
    """A flock that the operating system refuses with an error number."""

    def flock(*_):
        raise OSError(number, "refused")

    return flock


@pytest.mark.parametrize("name", ["EAGAIN", "EWOULDBLOCK"])
def test_what_says_that_somebody_holds_it_is_another_run(name, store, monkeypatch):
    monkeypatch.setattr(lock.fcntl, "flock", failing(getattr(errno, name)))
    with pytest.raises(UserError, match="in use by another run"), store.lock():
        pass


@pytest.mark.parametrize("name", ["ENOSYS", "EOPNOTSUPP", "ENOTSUP", "ENOLCK", "EINVAL", "EIO"])
def test_where_there_are_no_locks_the_run_goes_on_with_a_warning(name, store, monkeypatch, caplog):
    monkeypatch.setattr(lock.fcntl, "flock", failing(getattr(errno, name)))
    with store.lock():
        store.write_text("a.txt", "written")
    assert store.exists("a.txt") and f"{store.root} gives no lock (refused)" in caplog.text


def test_what_fails_within_the_lock_is_not_taken_for_the_locks_failure(store):
    with pytest.raises(OSError, match="within"), store.lock():
        raise OSError(errno.EAGAIN, "within")


def test_a_system_without_file_locks_is_told_so(store, monkeypatch):
    monkeypatch.setattr(lock, "fcntl", None)
    with pytest.raises(UserError, match="does not run on Windows.*WSL"), store.lock():
        pass
    assert not store.root.exists()
