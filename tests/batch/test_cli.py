"""The command line: quick to help, one sentence for a refusal, exit codes that say what happened."""

import subprocess
import sys

import pytest

from phm_utils import cli
from phm_utils.errors import InputError, StepFailed


def exits(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    return left.value.code


@pytest.fixture
def run_raises(monkeypatch, tmp_path):
    """`phm run` on a fair parameter file, its run replaced by an error."""
    from phm_utils.batch import run as module

    path = tmp_path / "demo.yml"
    path.write_text("name: demo\ntitle: Demo\nics_code: QZZ\nsynthetic: true\nindex_date: 2025-03-31\nlanding: x\n")

    def once(error: BaseException | None) -> int:
        def run(*_, **__) -> int:
            if error:
                raise error
            return 0

        monkeypatch.setattr(module, "run", run)
        return cli.main(["run", str(path)])

    return once


def test_help_imports_no_heavy_library():
    code = "import sys, phm_utils.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: print(sorted(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "simulate" in output
    assert not any(
        f"'{name}'" in output for name in ("pandas", "numpy", "duckdb", "papermill", "pydantic", "matplotlib")
    )


def test_every_command_has_help(capsys):
    for command in ("simulate", "check", "link", "run", "doctor"):
        assert exits(command, "--help") == 0
        assert f"usage: phm {command}" in capsys.readouterr().out


def test_the_version_is_printed(capsys):
    assert exits("--version") == 0
    assert capsys.readouterr().out.startswith("phm ")


@pytest.mark.parametrize(
    "arguments", [(), ("runn", "x"), ("run",), ("run", "x", "--workers", "0"), ("simulate", "--pcns", "three")]
)
def test_a_command_that_cannot_be_read_is_refused(arguments, capsys):
    assert exits(*arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_an_absent_parameter_file_is_refused_in_one_sentence(capsys):
    assert cli.main(["run", "nowhere.yml"]) == 2
    output = capsys.readouterr().err
    assert output.startswith("phm: No file nowhere.yml.")
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (StepFailed("A step broke."), 1),
        (InputError("2 of 3 areas."), 2),
        (OSError(28, "No space left on device", "outputs/x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes_say_what_happened(run_raises, error, code, capsys):
    assert run_raises(error) == code
    output = capsys.readouterr().err
    assert output.startswith("phm: ") == (error is not None)
    assert "Traceback" not in output


def test_simulate_passes_on_what_was_asked_and_no_more(monkeypatch, tmp_path, capsys):
    import phm_utils.synthetic

    asked = {}
    monkeypatch.setattr(phm_utils.synthetic, "simulate", lambda root, **named: asked.update(named, root=root) or root)
    assert cli.main(["simulate", "--pcns", "2", "--form", "both", "--out", str(tmp_path)]) == 0
    asked.pop("progress")
    assert asked == {"root": tmp_path, "pcns": 2, "form": "both"}
    assert capsys.readouterr().out.strip() == str(tmp_path)


def test_identified_extracts_are_linked_before_they_are_run(tmp_path, capsys):
    path = tmp_path / "named.yml"
    path.write_text(
        "name: demo\ntitle: Demo\nics_code: QZZ\nsynthetic: true\nindex_date: 2025-03-31\nlanding: x\n"
        "form: identified\n"
    )
    assert cli.main(["run", str(path)]) == 2
    assert "Run `phm link`" in capsys.readouterr().err
    path.write_text(path.read_text().replace("form: identified", "form: pseudonymised"))
    assert cli.main(["link", str(path)]) == 2
    assert "linked on their pseudonym" in capsys.readouterr().err
