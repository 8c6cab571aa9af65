"""One tiny Demoshire in both forms, and one network of 30,000 people, for all tests of this room."""

from pathlib import Path

import pytest

from phm_utils.synthetic import simulate
from phm_utils.synthetic.added_rows import AddedRows
from phm_utils.synthetic.network import Network, make_network, make_tables
from phm_utils.synthetic.rows import Rows

TINY = {"pcns": 3, "people_per_pcn": 300, "seed": 7}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    return simulate(tmp_path_factory.mktemp("tiny") / "demoshire", **TINY, form="both", workers=1)


@pytest.fixture(scope="session")
def network() -> Network:
    """Network 1 offers the programme HIU; nothing is written."""
    return make_network(seed=11, pcn=1, registered=30_000, named=True)


@pytest.fixture(scope="session")
def tables(network) -> dict[str, Rows]:
    """Every table of that network, clean."""
    return dict(make_tables(11, network))


@pytest.fixture(scope="session")
def added(network, tables) -> AddedRows:
    """What comes below the tables of that network: it has planted support."""
    found = AddedRows(11, network)
    for table, rows in tables.items():
        found.below(table, rows)
    return found
