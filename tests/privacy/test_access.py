"""On Windows, where modes do not apply, a warning names who else may read a folder of identities."""

import subprocess
from pathlib import Path

import pytest

from phm_utils.privacy import access
from phm_utils.privacy.pseudonyms import make_key

OWNER = "S-1-5-21-1-2-3-1001"
OWN = f"O:{OWNER}G:{OWNER}D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{OWNER})"


@pytest.fixture
def windows(monkeypatch):
    """A function that makes this machine a Windows one whose folders all have the access list given."""

    def of(sddl: str | Exception) -> None:
        def listed(_: Path) -> str:
            if isinstance(sddl, Exception):
                raise sddl
            return sddl

        monkeypatch.setattr(access, "_access_list", listed)
        monkeypatch.setattr(access, "WINDOWS", True)
        access.open_to_others.cache_clear()

    yield of
    access.open_to_others.cache_clear()


@pytest.mark.parametrize(
    ("sddl", "groups"),
    [
        (OWN, []),
        (f"{OWN}(A;OICI;0x1200a9;;;BU)", ["Users"]),
        (f"{OWN}(A;OICIID;FR;;;WD)(A;ID;FA;;;AU)", ["Authenticated Users", "Everyone"]),
        (f"{OWN}(A;;FR;;;S-1-1-0)", ["Everyone"]),
        (f"{OWN}(D;;FA;;;WD)", []),  # a denial lets nobody in
        (f"{OWN}S:(AU;SA;FA;;;WD)", []),  # what is audited is not what is allowed
    ],
)
def test_groups_of_everybody_are_read_from_an_access_list(sddl, groups):
    assert access.groups_with_access(sddl) == groups


def test_an_open_folder_is_named_once_with_what_to_do(windows, capsys):
    windows(f"{OWN}(A;;FR;;;BU)")
    folder = _Folder("C:/data")
    access.warn_if_open(folder)
    said = capsys.readouterr().err
    assert said.startswith("phm: C:/data can be opened by Users, and Windows keeps no file modes.")
    assert said.count("\n") == 1


def test_a_folder_of_ones_own_is_written_without_a_word(windows, capsys):
    windows(OWN)
    access.warn_if_open(_Folder("C:/data"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("fault", [FileNotFoundError("powershell"), subprocess.TimeoutExpired("powershell", 30)])
def test_a_list_that_cannot_be_read_gives_a_warning(windows, capsys, fault):
    windows(fault)
    access.warn_if_open(_Folder("C:/data"))
    assert "could not be read" in capsys.readouterr().err


def test_a_key_is_not_made_without_a_look_at_its_folder(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("phm_utils.privacy.pseudonyms.warn_if_open", seen.append)
    make_key(tmp_path / "phm.key")
    assert seen == [tmp_path]


class _Folder(str):
    """A path by its text: paths of Windows cannot be made elsewhere."""

    def resolve(self) -> str:
        return str(self)
