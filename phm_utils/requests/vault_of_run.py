"""The vault of the linkage that a run was made from, opened for a list."""

import pandas as pd

from phm_utils.linkage.identities import SETTING, VAULT_FILE, Identities, open_identities
from phm_utils.params import Workbook
from phm_utils.runs import Store, resolve


def identities_of(workbook: Workbook, key: bytes) -> Identities:
    """Who pseudonyms of a run are. The linked landing lies beside the folder of its linkage.

    Raises InputError where the vault is not that of the run, or the key not the one that locked it.
    """
    root, landing = resolve(workbook.identified_root), resolve(workbook.landing)
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    settings = (
        store.read("linkage_setting") if store.files("linkage_setting") else pd.DataFrame({"name": [], "value": []})
    )
    digest = dict(zip(settings["name"], settings["value"], strict=True)).get(SETTING)
    path = root / "linking" / landing.parent.name / VAULT_FILE
    return open_identities(path, key, workbook.purpose, digest)
