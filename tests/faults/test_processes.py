"""Two processes with two devices each: the single process's answer, stopping, and what happens when one dies."""

import signal

import numpy as np
import pytest

from inr_sae.folder.checkpoints import read_arrays
from inr_sae.folder.store import Store
from tests.helpers import results
from tests.processes import SMALL, events, start_two, wait_for


@pytest.fixture(scope="module")
def one_and_two(alone, tmp_path_factory):
    """Folders of the same study by one process with one device, and by two with two devices each."""
    folder = tmp_path_factory.mktemp("runs")
    processes = start_two(folder / "two", folder)
    assert [process.wait(300) for process in processes] == [0, 0], (folder / "1.log").read_text()
    return alone, folder / "two"


def test_fits_do_not_depend_on_the_number_of_devices_or_processes(one_and_two):
    one, two = one_and_two
    for name in ("freeze_sweep/phantom/fits.csv", "freeze_sweep/phantom/curves.csv", "rank/stable_rank.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    for path in (one / "freeze_sweep/phantom/example").iterdir():
        assert path.read_bytes() == (two / "freeze_sweep/phantom/example" / path.name).read_bytes()


def test_dictionaries_are_the_single_processs_up_to_rounding(one_and_two):
    one, two = (read_arrays(folder / "dictionary/checkpoints/12") for folder in one_and_two)
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-5, atol=1e-5 * np.abs(one[name]).max(), err_msg=name)


def test_every_number_is_the_single_processs_up_to_rounding(one_and_two):
    one, two = map(Store, one_and_two)
    names = [name for name in results(one.root) if name.endswith(".csv") and not name.startswith("report")]
    assert len(names) > 8
    for name in names:
        for ours, theirs in zip(one.read_csv(name), two.read_csv(name), strict=True):
            for key, value in ours.items():
                if isinstance(value, float):
                    assert theirs[key] == pytest.approx(value, rel=1e-5, abs=1e-5, nan_ok=True), (name, key)
                else:
                    assert theirs[key] == value, (name, key)


def test_one_process_alone_touches_the_folder(one_and_two):
    assert results(one_and_two[0]).keys() == results(one_and_two[1]).keys()
    assert events(one_and_two[1]).count(("stage done", "dictionary")) == 1


def test_sigterm_of_both_saves_and_the_same_command_goes_on(tmp_path):
    settings = SMALL | {
        "stages": ("cohort", "rank", "freeze_sweep", "dictionary"),
        "fit.steps": 400,
        "fit.log_every": 8,
    }
    settings |= {"dictionary.topk.steps": 800, "dictionary.topk.log_every": 10}
    settings |= {"runtime.checkpoint_seconds": 3600}  # only what a stop saves
    for stage in ("freeze_sweep", "dictionary"):
        processes = start_two(tmp_path / "run", tmp_path, settings=settings)
        wait_for(("stage begins", stage), tmp_path / "run", processes, more=0.3)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in processes] == [75, 75], (tmp_path / "0.log").read_text()
        assert "the same command goes on" in (tmp_path / "0.log").read_text()
        assert "Traceback" not in (tmp_path / "0.log").read_text() + (tmp_path / "1.log").read_text()
        assert not (tmp_path / f"run/{stage}/done.json").exists()
        assert ("resumed", "dictionary") not in events(tmp_path / "run")
    processes = start_two(tmp_path / "run", tmp_path, settings=settings)
    assert [process.wait(120) for process in processes] == [0, 0], (tmp_path / "0.log").read_text()
    assert ("resumed", "dictionary") in events(tmp_path / "run")


def test_where_one_dies_the_other_says_so_within_a_minute(tmp_path):
    """Of two pairs at once: in one the first dies, in the other the second."""
    settings, pairs = SMALL | {"dictionary.topk.steps": 200000, "stages": "('cohort','dictionary')"}, []
    for dies in (0, 1):
        folder = tmp_path / str(dies)
        folder.mkdir()
        pairs.append((dies, folder, start_two(folder / "run", folder, settings=settings)))
    for dies, folder, processes in pairs:
        wait_for(("stage begins", "dictionary"), folder / "run", processes, more=1.0)
        processes[dies].kill()
    for dies, folder, processes in pairs:
        # 134 as a shell has it, which is SIGABRT; JAX's own threads may fault while it aborts.
        assert processes[1 - dies].wait(60) in (134, -signal.SIGABRT, -signal.SIGSEGV)
        log = (folder / f"{1 - dies}.log").read_text()
        assert "inr_sae: " in log and "the same command goes on" in log
