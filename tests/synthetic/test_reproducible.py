"""The same seed gives the same bytes, whoever does the work; an interrupted run changes nothing."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from phm_utils.errors import InputError
from phm_utils.synthetic import ics, simulate

SMALL = {"people_per_pcn": 300, "seed": 7, "form": "both"}


def digests(root: Path, part: str = "") -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and part in p.name)
    return {p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_any_number_of_workers_writes_the_same_bytes(tiny, tmp_path):
    with_two = simulate(tmp_path / "demoshire", pcns=3, workers=2, **SMALL)
    assert digests(with_two) == digests(tiny)


def test_a_network_is_the_same_whatever_others_are_made(tiny, tmp_path):
    alone = simulate(tmp_path / "demoshire", pcns=1, workers=1, **SMALL)
    assert digests(alone, "U99001") == digests(tiny, "U99001")
    for name in ("area.parquet", "boundary.gpkg"):
        assert (alone / "pseudonymised" / name).read_bytes() == (tiny / "pseudonymised" / name).read_bytes()


def test_one_form_alone_is_what_it_is_in_both(tiny, tmp_path):
    alone = simulate(tmp_path / "demoshire", pcns=1, workers=1, people_per_pcn=300, seed=7)
    assert digests(alone / "pseudonymised", "U99001") == digests(tiny / "pseudonymised", "U99001")
    assert not (alone / "identified").exists()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the feature that is switched off is x86's")
def test_a_processor_without_vector_instructions_gives_the_same_extracts(tiny, tmp_path):
    # numpy sorts and selects in another order of its own where a processor lacks them.
    made = tmp_path / "demoshire"
    asked = ["simulate", "--pcns", "1", "--seed", "7", "--people-per-pcn", "300", "--out", made]
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-m", "phm_utils.cli", *asked], env=environment, check=True, capture_output=True)
    assert digests(made / "pseudonymised", "U99001") == digests(tiny / "pseudonymised", "U99001")


def test_another_seed_gives_other_people(tiny, tmp_path):
    other = simulate(tmp_path / "demoshire", pcns=1, workers=1, people_per_pcn=300, seed=8)
    mine, theirs = (digests(root / "pseudonymised", "U99001") for root in (tiny, other))
    assert not set(mine.values()) & set(theirs.values())


def test_the_card_states_what_was_asked_for_and_no_time(tiny):
    card = json.loads((tiny / "simulation.json").read_text())
    assert card == {
        "pcns": 3,
        "seed": 7,
        "people_per_pcn": 300,
        "form": "both",
        "format": "parquet",
        "version": ics.VERSION,
    }


def test_an_interrupted_run_leaves_the_old_one_whole(tmp_path, monkeypatch):
    root = simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=100, workers=1)
    before = digests(root)

    def stop(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(ics, "write_references", stop)
    with pytest.raises(KeyboardInterrupt):
        simulate(root, pcns=1, people_per_pcn=120, workers=1)
    assert digests(root) == before
    assert [p.name for p in tmp_path.iterdir()] == ["demoshire"]


def test_a_run_replaces_the_one_before_it(tmp_path):
    root = simulate(tmp_path / "demoshire", pcns=2, people_per_pcn=100, workers=1)
    simulate(root, pcns=1, people_per_pcn=100, workers=1)
    assert not list(root.rglob("*U99002*"))


def test_progress_hears_of_each_network(tmp_path):
    heard = []
    simulate(tmp_path / "demoshire", pcns=2, people_per_pcn=100, workers=1, progress=heard.append)
    assert heard == ["U99001", "U99002"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"pcns": 81}, "pcns is 81: ask for 1 to 80"),
        ({"pcns": 16, "form": "both"}, "has enough for 15; more are simulated in the form pseudonymised alone"),
        ({"people_per_pcn": 5}, "ask for 100 or more"),
        ({"people_per_pcn": 90_000}, r"ask for 53000 or fewer \(the test range of NHS numbers\)"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path, wrong, words):
    with pytest.raises(InputError, match=words):
        simulate(tmp_path / "demoshire", **wrong)


def test_a_folder_of_other_files_is_never_replaced(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(InputError, match="no simulation wrote"):
        simulate(tmp_path, pcns=1, people_per_pcn=100, workers=1)
    assert (tmp_path / "thesis.docx").exists()


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "demoshire").write_text("a file")
    with pytest.raises(InputError, match="demoshire is a file"):
        simulate(tmp_path / "demoshire", pcns=1, people_per_pcn=100, workers=1)
