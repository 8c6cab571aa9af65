"""One report in a kernel of its own: nothing of the user's gets in, no person's row gets out."""

import json
import os
from dataclasses import replace

import pytest

from phm_utils.batch.execute import Job, run_report
from phm_utils.batch.run import run
from phm_utils.linkage.topic import LinkageParams

NAME = "Mrs Jones, 12 Mill Lane"


@pytest.fixture
def job(house, workbook, route, alone, monkeypatch) -> Job:
    """The report 01_linkage of the ICS, its stages done."""
    with monkeypatch.context() as patched:
        patched.setattr("phm_utils.batch.report_steps.run_reports", lambda *_: None)
        run(workbook, route=route, executor=alone)
    outputs = house / "outputs" / "demo"
    return Job(
        step="QZZ/01_linkage",
        area="QZZ",
        notebook="01_linkage",
        source=house / "notebooks" / "01_linkage.ipynb",
        parameters=LinkageParams.of(workbook).model_dump(mode="json"),
        root=house,
        outputs=outputs,
        temp=outputs / "temp",
        sockets=outputs / "no-such-folder",
        memory="600MB",
        threads=1,
        facts=json.loads((outputs / "run.json").read_text()),
    )


def test_a_report_is_made_and_its_temporary_files_go(job):
    outcome = run_report(job)
    assert (outcome.ok, outcome.error) == (True, None)
    assert "125 people are counted." in job.html.read_text()
    assert list(job.temp.iterdir()) == []
    assert job.executed.exists()


def test_the_same_notebook_gives_the_same_bytes(job):
    run_report(job)
    first = job.html.read_bytes()
    job.html.unlink()
    run_report(job)
    assert job.html.read_bytes() == first


def test_a_failed_notebook_is_kept_without_the_librarys_words_and_its_old_page_goes(job, put_notebook):
    job.html.parent.mkdir(parents=True, exist_ok=True)
    job.html.write_text("last month's page")
    put_notebook(f"int({NAME!r})")
    outcome = run_report(job)
    assert outcome.error == "ValueError in code cell [5]"
    assert not job.html.exists()
    kept = json.loads(job.failed.read_text())
    [error] = [o for c in kept["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert error["ename"] == "ValueError"
    assert NAME not in json.dumps(error)
    assert "  this cell, line 1" in error["traceback"]
    assert not any("error" in str(c["metadata"].get("tags")) for c in kept["cells"])
    put_notebook()
    assert run_report(job).ok
    assert not job.failed.exists()


def test_a_chain_of_errors_tells_none_of_their_words(job, put_notebook):
    put_notebook(f"try:\n    int({NAME!r})\nexcept ValueError as e:\n    raise KeyError(str(e)) from e")
    assert run_report(job).error == "KeyError in code cell [5]"
    kept = json.loads(job.failed.read_text())
    errors = [o for c in kept["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert "Jones" not in json.dumps(errors)


def test_our_own_messages_are_shown(job, put_notebook):
    put_notebook("from phm_utils.errors import InputError\nraise InputError('3 of 5 areas lack a row.')")
    assert run_report(job).error == "code cell [5]: 3 of 5 areas lack a row."


def test_a_notebook_that_does_not_close_its_run_fails(job):
    content = json.loads(job.source.read_text())
    content["cells"].pop()
    job.source.write_text(json.dumps(content))
    assert "run.close" in run_report(job).error


def test_a_kernel_that_dies_is_said_to_have_died(job, put_notebook):
    put_notebook("import os\nos._exit(9)")
    outcome = run_report(job)
    assert not outcome.ok
    assert "kernel died" in outcome.error
    assert list(job.temp.iterdir()) == []


def test_a_page_that_breaks_a_rule_of_reports_does_not_leave(job, put_notebook):
    put_notebook("from IPython.display import display, HTML\ndisplay(HTML('<script>1</script>'))")
    assert "<script>" in run_report(job).error
    assert not job.html.exists()
    put_notebook("print(run.folder)")
    assert "path of this machine" in run_report(job).error


def test_each_kernel_has_its_workers_limits(job, put_notebook):
    cell = "import os\nNAMES = ('PHM_MEMORY', 'PHM_THREADS', 'OMP_NUM_THREADS')\n"
    cell += "note(Finding(' '.join(os.environ[n] for n in NAMES)))"
    put_notebook(cell, "assert str(run.folder) in os.environ['PHM_TEMP']")
    assert run_report(job).ok
    assert "600MB 1 1" in job.html.read_text()


def test_start_up_files_history_and_other_kernels_of_the_user_have_no_part(job, put_notebook, tmp_path, monkeypatch):
    user = tmp_path / "user"
    startup = user / "ipython" / "profile_default" / "startup" / "00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("raise SystemExit('a start-up file ran')\nplanted = 1\n")
    (user / "start.py").write_text("planted = 1\n")
    (user / "matplotlib").mkdir()
    (user / "matplotlib" / "matplotlibrc").write_text("figure.figsize: 1, 1\n")
    spec = user / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/nowhere/python"], "display_name": "Other", "language": "python"}))
    for name, value in {
        "IPYTHONDIR": user / "ipython",
        "PYTHONSTARTUP": user / "start.py",
        "MATPLOTLIBRC": user / "matplotlib",
        "JUPYTER_PATH": user / "jupyter",
        "JUPYTER_DATA_DIR": user / "jupyter",
    }.items():
        monkeypatch.setenv(name, str(value))
    before = sorted(os.walk(user))
    put_notebook(
        "import sys\nassert 'planted' not in globals()",
        "import matplotlib\nassert matplotlib.rcParams['figure.figsize'] == [6.4, 4.8]",
        "note(Finding(f'Version {sys.version_info.major}.'))",
    )
    assert run_report(job).error is None
    assert sorted(os.walk(user)) == before


def test_a_folder_that_cannot_be_written_is_named_without_its_path(job):
    blocked = replace(job, temp=job.source / "no-folder")
    outcome = run_report(blocked)
    assert not outcome.ok
    assert outcome.error.startswith("NotADirectoryError: ")
