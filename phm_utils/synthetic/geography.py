"""The simulated ICS's map, county by county: small areas, deprivation, networks and practices.

All of it is invented, in code ranges that hold no real place, and the same
for any number of simulated PCNs: towns of small dense areas, country of
large ones, deprivation that clusters. Networks 1 to 15 are Demoshire's; each
further fifteen are another county's, laid out like it but drawn anew.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from phm_utils.synthetic.counties import COUNTIES, County
from phm_utils.synthetic.draws import stream

LSOAS, PRACTICES, PCNS = 490, 80, 15  # of one county
MOST_PCNS = 80
PEOPLE = 817_000  # registered in a county's fifteen networks
ENGLAND_LSOAS = 33_755
WALES = 5  # areas across the border, where a few patients live
CENTRE = (350_000.0, 250_000.0)
ICB_CODE = "QZZ"
# Town centre (km from the county's), spread of its areas (km), age tilt, deprivation, share of minorities, size
_PROFILES = (
    ((-9.0, 5.5), 1.5, -0.4, 0.45, 0.30, 1.01),
    ((-5.8, 2.0), 4.5, 0.1, 0.20, 0.16, 1.00),
    ((-6.0, 8.0), 2.6, -0.3, 0.40, 0.24, 0.99),
    ((2.0, -4.0), 1.6, -0.1, 0.15, 0.18, 1.02),
    ((14.0, -6.0), 1.4, -0.1, 0.55, 0.10, 0.97),
    ((-3.0, -14.0), 7.5, 0.6, -0.55, 0.02, 0.98),
    ((-10.0, 2.6), 1.4, -0.5, 0.70, 0.40, 1.03),
    ((-2.0, 6.6), 2.0, 0.2, -0.60, 0.08, 1.00),
    ((16.5, -4.5), 1.5, -0.3, 0.60, 0.20, 0.99),
    ((4.5, -5.5), 1.8, 0.2, -0.20, 0.06, 1.01),
    ((4.0, 4.5), 1.5, -0.7, 0.35, 0.28, 1.00),
    ((-19.0, -6.0), 7.0, 0.6, -0.10, 0.02, 0.98),
    ((19.0, 6.0), 7.0, 0.5, -0.35, 0.02, 1.02),
    ((12.0, -9.5), 3.0, 0.4, -0.70, 0.05, 1.00),
    ((9.0, 15.0), 8.0, 0.3, 0.10, 0.04, 1.00),
)
_TREES = ("Alder", "Ash", "Beech", "Birch", "Cedar", "Elm", "Hazel", "Holly", "Juniper", "Larch", "Lime", "Maple",
          "Oak", "Poplar", "Rowan", "Willow")  # fmt: skip
_KINDS = ("Surgery", "Medical Centre", "Practice", "Health Centre", "House Surgery")
MARCHES = 12  # which of a county's networks is on the Welsh border
RURAL_AREA = 4_000_000.0  # square metres of an area with about 1,670 people


@dataclass(frozen=True)
class Geography:
    """One county. Arrays are in the order of the LSOAs, or of the PCNs' practices."""

    number: int  # 0 for Demoshire
    lsoa: np.ndarray
    name: np.ndarray
    outline: np.ndarray
    point: np.ndarray  # x, y in metres
    pcn: np.ndarray  # numbers of networks, of the whole ICS
    rank: np.ndarray
    decile: np.ndarray
    rural: np.ndarray
    minority: np.ndarray
    population: np.ndarray
    practice_pcn: np.ndarray
    practice_code: np.ndarray
    practice_name: np.ndarray
    practice_point: np.ndarray
    practice_size: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """Codes that a resident may have: the county's LSOAs, then Wales."""
        return np.concatenate([self.lsoa, [f"W01999{n:03d}" for n in range(1, WALES + 1)]])

    @property
    def deprivation(self) -> np.ndarray:
        """1 in decile 1, the most deprived; -1 in decile 10."""
        return (5.5 - self.decile) / 4.5

    def practices_of(self, pcn: int) -> np.ndarray:
        """Positions of a network's practices."""
        return np.flatnonzero(self.practice_pcn == pcn)


def pcn_code(pcn: int) -> str:
    """ODS-like code of a network, 1 to 80."""
    return f"U99{pcn:03d}"


def pcn_name(pcn: int) -> str:
    """Name of a network."""
    county = county_of(pcn)
    return f"{county.name} {county.networks[place_in_county(pcn)]} PCN"


def county_of(pcn: int) -> County:
    """The county of a network."""
    return COUNTIES[(pcn - 1) // PCNS]


def place_in_county(pcn: int) -> int:
    """0 to 14: which of its county's networks it is."""
    return (pcn - 1) % PCNS


def age_tilt(pcn: int) -> float:
    """-1 a town of the young, 1 a country of the old."""
    return _PROFILES[place_in_county(pcn)][2]


def at_the_border(pcn: int) -> bool:
    """Is the network next to Wales?"""
    return place_in_county(pcn) == MARCHES - 1


def pcn_size(pcn: int) -> int:
    """People registered with a network of real size."""
    return round(PEOPLE * _PROFILES[place_in_county(pcn)][5] / sum(p[5] for p in _PROFILES))


@lru_cache(maxsize=2)
def _geography(seed: int, number: int) -> Geography:
    county = COUNTIES[number]
    rng = stream(seed, 0, county.stream)
    outline = _outline(county)
    pcn, points = _centres(rng, county, outline)
    cells = _cells(points, outline)
    points = np.column_stack([shapely.get_x(c := shapely.centroid(cells)), shapely.get_y(c)])
    profile = np.array([p[1:5] for p in _PROFILES])[pcn - 1]
    rank, decile = _deprivation(rng, points, profile[:, 2])
    size = rng.lognormal(0, 0.15, LSOAS)
    total = np.bincount(pcn, size)
    planned = np.array([0] + [pcn_size(p) for p in range(1, PCNS + 1)])
    return Geography(
        number=number,
        lsoa=np.array([f"E01{999 - number}{n:03d}" for n in range(1, LSOAS + 1)]),
        name=np.array([f"{county.name} {n // 5 + 1:03d}{'ABCDE'[n % 5]}" for n in range(LSOAS)]),
        outline=_natural(cells),
        point=points,
        pcn=pcn + number * PCNS,
        rank=rank,
        decile=decile,
        rural=shapely.area(cells) > RURAL_AREA,
        minority=np.clip(profile[:, 3] * rng.lognormal(-0.1, 0.45, LSOAS), 0.005, 0.85),
        population=np.rint(size / total[pcn] * planned[pcn]).astype(int),
        **_practices(rng, number, pcn, points),
    )


def geography(seed: int, pcn: int) -> Geography:
    """The county of a network, as a seed draws it."""
    return _geography(seed, (pcn - 1) // PCNS)


def geographies(seed: int, pcns: int) -> list[Geography]:
    """The counties that the networks 1 to `pcns` lie in."""
    return [geography(seed, first) for first in range(1, pcns + 1, PCNS)]


def _centre(county: County) -> np.ndarray:
    """Its middle, in metres."""
    return np.array(CENTRE) + np.array(county.offset_km) * 1_000


def _outline(county: County) -> shapely.Polygon:
    """The county's outline: a rough oval of about 2,300 square kilometres."""
    east, north = _centre(county)
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    radius = 27_000 * (1 + 0.10 * np.sin(2 * angle + 0.6) + 0.06 * np.sin(3 * angle + 2) + 0.03 * np.sin(7 * angle))
    return shapely.Polygon(np.column_stack([east + radius * np.cos(angle), north + radius * np.sin(angle)]))


def _centres(rng: np.random.Generator, county: County, outline: shapely.Polygon) -> tuple[np.ndarray, np.ndarray]:
    """A point for each LSOA: near its town's centre, or scattered over the country."""
    per_pcn = LSOAS // PCNS + (np.arange(PCNS) < LSOAS % PCNS)
    groups, points = [], []
    for number, (centre, spread, *_rest) in enumerate(_PROFILES, start=1):
        middle = _centre(county) + np.array(centre) * 1_000
        drawn = middle + rng.normal(0, spread * 1_000, (per_pcn[number - 1] * 6, 2))
        inside = drawn[shapely.contains_xy(outline.buffer(-500), drawn)]
        points.append(inside[: per_pcn[number - 1]])
        groups.append(np.full(per_pcn[number - 1], number))
    return np.concatenate(groups), np.concatenate(points)


def _cells(points: np.ndarray, outline: shapely.Polygon) -> np.ndarray:
    """Voronoi cells in the points' order, relaxed twice so that none is a sliver."""
    for _ in range(3):
        diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline, ordered=True)
        cells = shapely.intersection(shapely.get_parts(diagram), outline)
        centre = shapely.centroid(cells)
        points = np.column_stack([shapely.get_x(centre), shapely.get_y(centre)])
    return cells


def _natural(cells: np.ndarray) -> np.ndarray:
    """Bend straight boundaries, alike for both neighbours, and round to the metre."""

    def bend(xy: np.ndarray) -> np.ndarray:
        x, y = (xy / 1_000).T
        dx = 160 * np.sin(1.7 * y + 0.9 * np.sin(0.8 * x)) + 60 * np.sin(4.1 * x + 2.3 * y)
        dy = 160 * np.sin(1.5 * x + 1.1 * np.sin(0.9 * y)) + 60 * np.sin(3.7 * y - 2.9 * x)
        return np.rint(xy + np.column_stack([dx, dy]))

    return shapely.transform(shapely.segmentize(cells, 500), bend)


def _deprivation(rng: np.random.Generator, points: np.ndarray, leaning: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank and decile in England from a field that varies smoothly over the towns."""
    bumps = points[rng.integers(0, len(points), 40)]
    height = rng.normal(0, 0.8, 40)
    apart = np.linalg.norm(points[:, None] - bumps[None], axis=2)
    field = (np.exp(-((apart / 1_500) ** 2)) * height).sum(axis=1)
    order = np.argsort(np.argsort(-(leaning * 1.3 + field * 0.7 + rng.normal(0, 0.25, len(points)))))
    share = (order + 0.5) / len(points)
    rank = np.ceil(ENGLAND_LSOAS * share**1.06).astype(int)  # a little more deprived than England
    return rank, np.ceil(rank / (ENGLAND_LSOAS / 10)).astype(int)


def _practices(rng: np.random.Generator, county: int, pcn: np.ndarray, points: np.ndarray) -> dict[str, np.ndarray]:
    """80 practices: five or six to a network, each in one of its LSOAs."""
    number = np.repeat(np.arange(1, PCNS + 1), PRACTICES // PCNS + (np.arange(PCNS) < PRACTICES % PCNS))
    home = np.concatenate(
        [rng.choice(np.flatnonzero(pcn == p), (number == p).sum(), replace=False) for p in range(1, PCNS + 1)]
    )
    names = [f"{COUNTIES[county].practices} {_TREES[n % 16]} {_KINDS[n // 16]}" for n in range(PRACTICES)]
    first = county * PRACTICES + 1
    return {
        "practice_pcn": number + county * PCNS,
        "practice_code": np.array([f"A99{n:03d}" for n in range(first, first + PRACTICES)]),
        "practice_name": np.array(names),
        "practice_point": points[home],
        "practice_size": rng.lognormal(0, 0.35, PRACTICES),
    }
