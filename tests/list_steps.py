"""Steps that tests of lists take: ask, list, read the list, be refused."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from list_world import ASK, DAY, KEY, World

from phm_utils.errors import InputError
from phm_utils.privacy.audit_seal import read_entry
from phm_utils.requests.list_files import CSV
from phm_utils.requests.make import make_request
from phm_utils.requests.reidentify import reidentify

NEXT = DAY + timedelta(days=1)


def request_of(world: World, **changed):
    return make_request(world.workbook, replace(ASK, **changed), world.log()).request


def listed(world: World, request, key=KEY, day=NEXT):
    return reidentify(world.workbook, request.head.request, lambda: key, world.log(), day, "Data Manager")


def entries(world: World) -> list:
    """Every entry of the audit log, in order."""
    return [read_entry(line) for line in world.log().place.log.read_bytes().splitlines()]


def read_list(folder) -> pd.DataFrame:
    return pd.read_csv(folder / CSV, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def refused(world: World, request, says: str, key=KEY, day=NEXT, error=InputError) -> None:
    """Refused, no list anywhere below the identified root, and the attempt is in the audit."""
    with pytest.raises(error, match=says):
        listed(world, request, key, day)
    lists = world.identified / "lists"
    assert not lists.exists() or list(lists.iterdir()) == []
    last = entries(world)[-1]
    assert (last.kind, last.action) == ("outcome", "reidentify")
    assert last.facts["result"] in ("refused", "failed")
