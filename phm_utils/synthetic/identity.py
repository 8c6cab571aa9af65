"""NHS numbers of the test range, and the pseudonyms that national sets carry instead.

The test range has numbers for one county. Further networks are simulated in
pseudonymised form alone: their pseudonyms stand for numbers too long for the NHS.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from phm_utils.errors import InputError
from phm_utils.privacy.pseudonyms import demo_key, pseudonyms
from phm_utils.synthetic import geography
from phm_utils.synthetic.people import People

MOST_REGISTERED = 53_000  # per network, where a size is asked for: what the smallest block has numbers for
PREFIX = 999  # the range kept for tests: no person has such a number
STAND_INS = 999_000_000_000  # of twelve digits: no NHS number
UPRN_BASE = 999_000_000_000  # of twelve digits; no property has such a number
EMPTY_SHARE = 0.025  # dwellings in which nobody lives or lived, of those with people; assumed


@dataclass(frozen=True)
class Identities:
    """Numbers and pseudonyms of one network's people, in their order.

    nhs_number: of twelve digits, so none, beyond the networks that the test range has numbers for.
    spare: valid NHS numbers that belong to nobody.
    address_token: of every dwelling: the households' in their order, then those in which nobody lives.
    """

    nhs_number: np.ndarray
    spare: np.ndarray
    token: pa.Array
    household_token: pa.Array
    address_token: pa.Array


def make_identities(rng: np.random.Generator, people: People, seed: int) -> Identities:
    """Distinct numbers from the network's own block, and their pseudonyms."""
    number = shuffled_numbers(rng, people)
    key = demo_key(seed)
    households = int(people.household[-1]) + 1
    addresses = pseudonyms(uprns(people.pcn, households + round(households * EMPTY_SHARE)).astype(str), key)
    return Identities(
        nhs_number=number[: len(people)],
        spare=number[len(people) :],
        token=pa.array(pseudonyms(number[: len(people)].astype(str), key)),
        household_token=pa.array(addresses[:households]),
        address_token=pa.array(addresses),
    )


def shuffled_numbers(rng: np.random.Generator, people: People) -> np.ndarray:
    """Valid NHS numbers of the network's own block in random order: one for each person, then those of nobody.

    Beyond the networks that the test range has numbers for, numbers of twelve digits.
    """
    if people.pcn > geography.PCNS:
        return rng.permutation(STAND_INS + people.pcn * 1_000_000 + np.arange(len(people), dtype=np.int64))
    valid = valid_numbers(people.pcn)
    if len(valid) < len(people):
        raise InputError(
            f"The test range of NHS numbers holds {len(valid)} for a network, and {len(people)} people were asked for. "
            f"Ask for at most {MOST_REGISTERED:,} registered people per network."
        )
    return rng.permutation(valid)


def valid_numbers(pcn: int) -> np.ndarray:
    """The numbers of a network's block that pass the modulo 11 check; blocks are as large as networks of real size."""
    share = np.cumsum([0] + [geography.pcn_size(p) for p in range(1, geography.PCNS + 1)]) / geography.PEOPLE
    edges = np.minimum(share * 1_000_000, 1_000_000).astype(np.int64)
    middle = np.arange(edges[pcn - 1], edges[pcn], dtype=np.int64)
    first_nine = PREFIX * 1_000_000 + middle
    digits = first_nine[:, None] // 10 ** np.arange(8, -1, -1, dtype=np.int64) % 10
    check = (11 - (digits * np.arange(10, 1, -1)).sum(axis=1) % 11) % 11
    return (first_nine * 10 + check)[check != 10]


def uprns(pcn: int, households: int) -> np.ndarray:
    """Property numbers of a network's households."""
    return UPRN_BASE + pcn * 1_000_000 + np.arange(1, households + 1, dtype=np.int64)
