"""How long a request and its list take: about 5,000 people of an ICS, and a vault of everybody registered with it.

    python benchmarks/lists.py PARAMETERS     (make bench-lists: Demoshire with 15 PCNs, 805,000 people)

The run must have been made. Names and the vault are made up for the landing's pseudonyms; agreements, governance and
audit are those of a temporary folder. Times are wall seconds and CPU seconds of this process, the imports apart.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd
import yaml

from phm_utils.engine import Model, parquet_source, read_sql, session
from phm_utils.linkage.identities import SETTING, VAULT_FILE, seal_identities
from phm_utils.params import Workbook
from phm_utils.privacy.audit_log import AuditLog, begin
from phm_utils.privacy.audit_place import place_of
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.requests.make import make_request
from phm_utils.requests.reidentify import reidentify
from phm_utils.requests.terms import Ask
from phm_utils.requests.timeline import timeline
from phm_utils.runs import Store, resolve
from phm_utils.topics.registry import load_workbook

T = TypeVar("T")
KEY, STAGE = demo_key(0), "made_up_vault"
COHORT = "severe_mental_illness_check_incomplete"  # some 5,000 people of an ICS of 805,000


def registrations(store: Store) -> pd.DataFrame:
    """The rows of a vault: those of the run's registrations, with names made up from their numbers."""
    with session() as con:
        return read_sql(
            con,
            "SELECT token_person_id AS token, printf('999%07d', row_number() OVER ()) AS nhs_number, "
            "'SURNAME' || (row_number() OVER () % 30000) AS surname, 'FORENAME' || (row_number() OVER () % 5000) AS "
            "forename, birth_month AS date_of_birth, sex, 'ZA1 1AA' AS postcode, 'letter' AS contact_preference, "
            "practice_code, registered_from, registered_to, false AS unreadable, false AS type_1_opt_out, "
            "false AS national_data_opt_out, false AS sensitive, NULL::DATE AS date_of_death "
            f"FROM {parquet_source(store.files('gp_registration'))} ORDER BY token, registered_from",
        )


def with_agreement(workbook: Workbook, store: Store, folder: Path) -> Workbook:
    """The workbook with an agreement that names every practice of the ICS, and an audit log."""
    practices = store.read("practice")
    codes = sorted(practices.loc[practices["of_ics"], "practice_code"])
    fields = ["nhs_number", "surname", "forename", "date_of_birth", "sex", "practice_code", "why", "last_contact"]
    team = {
        "recipient": "Everybody's team",
        "kind": "team",
        "practices": codes,
        "roles": ["gp"],
        "purposes": ["direct_care"],
        "fields": fields,
        "signed": "2024-04-01",
        "expires": "2035-03-31",
    }
    path = folder / "agreements.yml"
    path.write_text(yaml.safe_dump({"agreements": {"ALL": team}}), encoding="utf-8")
    audit = {"log": str(folder / "log"), "head": str(folder / "head")}
    changed = workbook.model_dump(exclude_unset=True) | {"agreements": str(path), "audit": audit}
    found = Workbook.model_validate(changed)
    begin(place_of(found), KEY, root=resolve(found.identified_root), synthetic=True)
    return found


def timed(what: str, does: Callable[[], T]) -> T:
    """Call, print wall and CPU seconds, and give its answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = does()
    print(f"{what:<60} {time.perf_counter() - wall:6.2f} s {time.process_time() - cpu:6.2f} CPU s", flush=True)
    return answer


def main() -> None:
    """Print a line per step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parameters", type=Path)
    workbook = load_workbook(parser.parse_args().parameters)
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    vault = resolve(workbook.identified_root) / "linking" / resolve(workbook.landing).parent.name / VAULT_FILE
    if vault.exists():
        raise SystemExit(f"{vault} exists: this benchmark writes a made-up one, and would replace it.")
    with tempfile.TemporaryDirectory() as name:
        workbook = with_agreement(workbook, store, Path(name))
        rows = registrations(store)
        vault.parent.mkdir(parents=True, exist_ok=True)
        try:
            seal = partial(seal_identities, vault, rows, KEY, workbook.purpose)
            sealed = timed(f"vault of {len(rows):,} registrations written", seal)
            with session() as con, store.stage(STAGE, "0" * 12) as writer:
                frame = pd.DataFrame({"name": [SETTING], "value": [sealed]})
                writer.add(con, Model("linkage_setting", ("name",), frame=frame))
            measure(workbook)
        finally:
            vault.unlink(missing_ok=True)
            store.keep_stages(set(store.manifest()["stages"]) - {STAGE})
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def measure(workbook: Workbook) -> None:
    """A request, its list twice, and one timeline."""
    log, day = AuditLog.of(workbook), workbook.index_date + timedelta(days=1)
    ask = Ask(COHORT, "gp", "direct_care", "Benchmark", agreement="ALL", day=day)
    made = timed("request", lambda: make_request(workbook, ask, log))
    request = made.request
    for _ in range(2):
        name = f"list of {request.head.people:,} people"
        timed(name, lambda: reidentify(workbook, request.head.request, lambda: KEY, log, day, "Benchmark"))
    reference = request.people()["reference"].iloc[0]
    timed(
        "timeline of one",
        lambda: timeline(workbook, request.head.request, reference, lambda: KEY, log, day, "Benchmark"),
    )


if __name__ == "__main__":
    main()
