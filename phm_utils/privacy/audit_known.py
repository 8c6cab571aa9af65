"""Does the audit log know of a request? One that was made by hand, or changed, is not in it."""

from phm_utils.privacy.audit_log import DONE, AuditLog
from phm_utils.privacy.audit_seal import OUTCOME, read_entry


def made_request(log: AuditLog, request: str, sha256: str) -> bool:
    """Has the log an entry that this request was made? sha256: of its head, which has that of its people."""
    wanted = {"request": request, "sha256": sha256, "result": DONE}
    with log.place.held(), log.place.log.open("rb") as file:
        for line in file:
            if request.encode() not in line:  # a log is long, and reading an entry costs more than looking for a word
                continue
            entry = read_entry(line.rstrip(b"\n"))
            if (
                entry
                and (entry.kind, entry.action) == (OUTCOME, "request")
                and wanted.items() <= dict(entry.facts).items()
            ):
                return True
    return False
