"""Who else may open a folder that holds identities or keys.

On Linux and macOS such files are made with modes for their owner alone. On
Windows a mode says nothing: who may read is settled by the folder's access
list, which the workbook reads and never changes.
"""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

WINDOWS = os.name == "nt"
EVERYBODY = {  # in a Windows access list: two letters or the number of the group
    "WD": "Everyone",
    "S-1-1-0": "Everyone",
    "AU": "Authenticated Users",
    "S-1-5-11": "Authenticated Users",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "DU": "Domain Users",
}
PATH_ENV = "PHM_ACCESS_PATH"  # the path goes by the environment, so that nothing in it is run
READ_LIST = f"(Get-Acl -LiteralPath $env:{PATH_ENV}).Sddl"
SECONDS = 30


def warn_if_open(folder: Path) -> None:
    """Say on the error stream, once for each folder, where others may read what is about to be written there."""
    if WINDOWS and (sentence := open_to_others(folder.resolve())):
        print(f"phm: {sentence}", file=sys.stderr)


@cache
def open_to_others(folder: Path) -> str:
    """A sentence where a Windows folder's access list lets whole groups in or cannot be read; otherwise nothing."""
    try:
        sddl = _access_list(folder)
    except (OSError, subprocess.SubprocessError):
        return (
            f"The access list of {folder} could not be read. Check that only those who may see identities can open it."
        )
    groups = groups_let_in(sddl)
    if not groups:
        return ""
    return (
        f"{folder} can be opened by {' and '.join(groups)}, and Windows keeps no file modes. Choose a folder of your "
        "own, or remove the group from the folder's access list (Properties, Security)."
    )


def groups_let_in(sddl: str) -> list[str]:
    """Groups of everybody to whom an access list in Windows' notation (SDDL) allows anything."""
    access = sddl.partition("D:")[2].partition("S:")[0]
    allowed = re.findall(r"\(A;[^;)]*;[^;)]*;[^;)]*;[^;)]*;([^;)]+)", access)
    return sorted({EVERYBODY[who] for who in allowed if who in EVERYBODY})


def _access_list(folder: Path) -> str:
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", READ_LIST]
    environment = os.environ | {PATH_ENV: str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout.strip()
