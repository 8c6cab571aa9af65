"""Who else may open a folder with identities or keys.

On Linux and macOS such files are made with modes for their owner alone. On
Windows modes do not apply: the folder's access list decides who may read; the
workbook reads it and never changes it.
"""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

WINDOWS = os.name == "nt"
WIDE_GROUPS = {  # in a Windows access list: two letters or the number of the group
    "WD": "Everyone",
    "S-1-1-0": "Everyone",
    "AU": "Authenticated Users",
    "S-1-5-11": "Authenticated Users",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "DU": "Domain Users",
}
PATH_ENV = "PHM_ACCESS_PATH"  # the path is passed in the environment, so that it is never run
READ_LIST = f"(Get-Acl -LiteralPath $env:{PATH_ENV}).Sddl"
SECONDS = 30


def warn_if_open(folder: Path) -> None:
    """Warn on the error stream, once per folder, where others may read the folder."""
    if WINDOWS and (sentence := open_to_others(folder.resolve())):
        print(f"phm: {sentence}", file=sys.stderr)


@cache
def open_to_others(folder: Path) -> str:
    """A warning where a Windows folder is open to wide groups or its access list cannot be read; else ""."""
    try:
        sddl = _access_list(folder)
    except (OSError, subprocess.SubprocessError):
        return (
            f"The access list of {folder} could not be read. Check that only those who may see identities can open it."
        )
    groups = groups_with_access(sddl)
    if not groups:
        return ""
    return (
        f"{folder} can be opened by {' and '.join(groups)}, and Windows keeps no file modes. Choose another "
        "folder, or remove the group from the folder's access list (Properties, Security)."
    )


def groups_with_access(sddl: str) -> list[str]:
    """Wide groups to which an access list in Windows' notation (SDDL) allows anything."""
    access = sddl.partition("D:")[2].partition("S:")[0]
    allowed = re.findall(r"\(A;[^;)]*;[^;)]*;[^;)]*;[^;)]*;([^;)]+)", access)
    return sorted({WIDE_GROUPS[who] for who in allowed if who in WIDE_GROUPS})


def _access_list(folder: Path) -> str:
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", READ_LIST]
    environment = os.environ | {PATH_ENV: str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout.strip()
