"""A full disk and a used-up quota are said as such, with the folder and exit code 1: no file is called damaged."""

import errno
import shutil

import duckdb
import pyarrow as pa
import pytest

from phm_utils import cli
from phm_utils.batch.execute import describe
from phm_utils.engine import guarded
from phm_utils.errors import DiskFull
from phm_utils.full_disk import full_disk
from phm_utils.runs import write_atomically

DUCKDB = (
    'IO Error: Async write failed for range [offset=1, size=2]: {"exception_type":"IO","exception_message":"Could not '
    'write file \\"/data/run/x.parquet\\": No space left on device","errno":"28"}'
)
FULL = [
    OSError(errno.ENOSPC, "No space left on device", "/data/run/x.csv"),
    OSError(errno.EDQUOT, "Disk quota exceeded", "/data/run/x.csv"),
    OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
    shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
    duckdb.IOException(DUCKDB),
    duckdb.IOException('Could not write to file "/data/run/x": Disk quota exceeded'),
    duckdb.OutOfMemoryException("failed to offload data block of size 256.0 KiB"),
    pa.ArrowException("No space left on device"),
]


@pytest.mark.parametrize("error", FULL, ids=range(len(FULL)))
def test_every_form_of_a_full_disk_is_known(error):
    said = full_disk(error)
    assert isinstance(said, DiskFull)
    assert "Make room there" in str(said)
    if "/data/run" in str(error):
        assert "the disk of /data/run" in str(said)
    with pytest.raises(DiskFull, match=r"^Checking death: the disk"), guarded("Checking death"):
        raise error if isinstance(error, OSError | duckdb.Error) else DiskFull(f"Checking death: {said}")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied"),
        ValueError("No space left on device"),
        duckdb.IOException("No such file"),
    ],
)
def test_another_error_is_none(error):
    assert full_disk(error) is None


@pytest.mark.parametrize("error", [FULL[0], FULL[4]])
def test_a_command_says_it_without_a_traceback_and_ends_with_1(monkeypatch, capsys, error):
    def fails(options):
        raise error

    monkeypatch.setattr(cli, "check", fails)
    assert cli.main(["check", "any.yml"]) == 1
    assert capsys.readouterr().err.startswith("phm: the disk of /data/run is full")
    assert describe(error).startswith("the disk of /data/run is full")


def test_half_a_file_is_not_left_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("phm_utils.runs.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "run.json", "{}")
    assert list(tmp_path.iterdir()) == []
