"""Electoral wards of a county: 4 to 8 neighbouring small areas each, with made-up names."""

from dataclasses import dataclass

import numpy as np
import shapely

from phm_utils.synthetic.counties import COUNTIES
from phm_utils.synthetic.geography import Geography

FEWEST = 4  # small areas of a ward
SIZES = (6, 5, 7)  # of one ward after another, before areas that are left over join them
_STARTS = ("Alder", "Amber", "Birch", "Black", "Brook", "Copper", "Crow", "Dove", "East", "Fair", "Green", "Hart",
           "High", "Kings", "Lark", "Long", "Marl", "Nether", "Otter", "Quarry", "Silver", "Stone", "Upper",
           "West")  # fmt: skip
_ENDS = ("bourne", "croft", "dale", "ford", "gate", "ham", "hurst", "mere", "moor", "stead", "wick", "wood")


@dataclass(frozen=True)
class Wards:
    """One entry per LSOA of a county, in its order: code and name of its ward."""

    code: np.ndarray
    name: np.ndarray


def wards(county: Geography) -> Wards:
    """The wards of a county: the same for every seed that draws the same map."""
    touching = neighbours(county.outline)
    ward = _grown(touching, county.point)
    _join_leftovers(ward, touching)
    first_word = COUNTIES[county.number].practices
    names = np.array([f"{first_word} {start}{end}" for end in _ENDS for start in _STARTS])
    codes = np.array([f"E05{999 - county.number:03d}{n + 1:03d}" for n in range(ward.max() + 1)])
    return Wards(codes[ward], names[: len(codes)][ward])


def neighbours(outlines: np.ndarray) -> list[np.ndarray]:
    """For each outline the positions of those that share a stretch of boundary with it: two corners or more."""
    corners, whose = shapely.get_coordinates(outlines, return_index=True)
    _, corner = np.unique(corners, axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([whose, corner.ravel()]), axis=0)  # a ring ends where it begins
    has = np.zeros((len(outlines), corner.max() + 1), np.float32)
    has[pairs[:, 0], pairs[:, 1]] = 1
    shared = has @ has.T
    np.fill_diagonal(shared, 0)
    return [np.flatnonzero(row >= 2) for row in shared]


def _grown(touching: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Wards of SIZES, from the rim inwards; -1 where too few free areas lie together."""
    ward = np.full(len(touching), -1)
    outermost = np.argsort(-np.linalg.norm(points - points.mean(axis=0), axis=1), kind="stable")
    for start in outermost:
        if ward[start] < 0:
            number = int(ward.max()) + 1
            members = _group(start, SIZES[number % len(SIZES)], ward, touching, points)
            if len(members) >= FEWEST:
                ward[members] = number
    return ward


def _group(start: int, size: int, ward: np.ndarray, touching: list[np.ndarray], points: np.ndarray) -> list[int]:
    """`size` free areas next to each other, one after another: whoever has fewest free neighbours, then the nearest."""
    members = [int(start)]
    while len(members) < size:
        near = {int(n) for member in members for n in touching[member] if ward[n] < 0} - set(members)
        if not near:
            break
        middle = points[members].mean(axis=0)
        free = {n: sum(ward[m] < 0 and m not in members for m in touching[n]) for n in near}
        members.append(min(near, key=lambda n: (min(free[n], 2), float(np.linalg.norm(points[n] - middle)), n)))
    return members


def _join_leftovers(ward: np.ndarray, touching: list[np.ndarray]) -> None:
    """Each area without a ward joins the smallest ward next to it, until none is left."""
    while (left := np.flatnonzero(ward < 0)).size:
        size = np.bincount(ward[ward >= 0])
        beside = {int(place): [int(ward[n]) for n in touching[place] if ward[n] >= 0] for place in left}
        place = min((p for p in beside if beside[p]), key=lambda p: (len(set(beside[p])), p))
        ward[place] = min(beside[place], key=lambda w: (int(size[w]), w))
