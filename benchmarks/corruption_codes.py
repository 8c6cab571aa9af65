"""Corruptions of codes: recoded, cut, in another system, of another place."""

from corruption_kinds import kind
from tiny_landing import Change

DIAGNOSES = tuple(f"diag_{n:02d}" for n in range(1, 13))
RECODED: dict[str, dict[str, dict[str, str]]] = {
    "sex": {
        "letters": {"1": "M", "2": "F"},
        "0 and 1": {"1": "0", "2": "1"},
        "words": {"1": "Male", "2": "Female"},
        "swapped": {"1": "2", "2": "1"},
        "9 for women": {"2": "9"},
    },
    "admimeth": {
        "words": {"11": "Elective", "12": "Elective", "13": "Elective", "21": "Emergency"},
        "next number": {"11": "12", "12": "13", "13": "21", "21": "22", "22": "23", "23": "24", "24": "25"},
        "old 28": {"21": "28", "22": "28", "24": "28", "2A": "28"},
        "first digit": {"11": "1", "12": "1", "13": "1", "21": "2", "22": "2"},
        "elective for emergency": {"21": "11", "11": "21"},
    },
    "classpat": {"from 0": {"1": "0", "2": "1", "5": "4"}, "swapped": {"1": "2", "2": "1"}},
    "attended": {
        "yes and no": {"5": "Y", "6": "Y", "3": "N", "2": "N", "4": "N", "7": "N"},
        "1 and 0": {"5": "1", "6": "1", "3": "0", "2": "0", "4": "0", "7": "0"},
        "seen for missed": {"5": "3", "3": "5"},
        "next number": {"2": "3", "3": "4", "4": "5", "5": "6", "6": "7"},
    },
    "firstatt": {"swapped": {"1": "2", "2": "1"}, "letters": {"1": "F", "2": "R"}},
    "department_type": {"one digit": {f"0{n}": str(n) for n in range(1, 6)}, "swapped": {"01": "03", "03": "01"}},
    "status": {"letters": {"Attended": "A", "DNA": "D"}, "small": {"Attended": "attended", "DNA": "dna"}},
    "mode": {"small": {"Face-to-face": "face to face", "Telephone": "telephone"}},
    "hcp_type": {"words": {"GP": "General Practitioner"}},
    "client_type": {"small": {"Service User": "service user"}, "swapped": {"Service User": "Carer"}},
    "event_type": {"plural": {"Request": "Requests", "Service": "Services"}, "swapped": {"Service": "Request"}},
    "service_type": {"short": {"Long Term Support: Community": "Community", "Short Term Support": "STS"}},
    "ethnicity": {
        "words": {"A": "White British", "J": "Pakistani"},
        "census 2021 numbers": {"A": "1", "C": "2", "J": "6", "H": "5", "N": "9"},
        "not stated": {"A": "Z"},
    },
    "type_1_opt_out": {
        "words": {"true": "Opted out", "false": "Not opted out"},
        "codes": {"true": "9Nu0.", "false": ""},
        "turned round": {"true": "false", "false": "true"},
        "none": {"true": "false"},
    },
    "is_repeat": {"words": {"true": "Repeat", "false": "Acute"}, "turned round": {"true": "false", "false": "true"}},
    "flag": {"other words": {"income": "INC", "mobility": "MOB", "food": "FOOD"}},
    "list_name": {"other words": {"blue_badge": "BlueBadge2025", "foodbank": "Food bank"}},
    "rural_urban": {"swapped": {"Urban": "Rural", "Rural": "Urban"}, "codes": {"Urban": "A1", "Rural": "D1"}},
    "lsoa_vintage": {"2011": {"2021": "2011"}, "1": {"2021": "1"}},
    "imd_version": {"old": {"IoD2025": "IMD2019"}, "word": {"IoD2025": "IMD 2025"}},
    "icb_code": {"neighbour": {"QZZ": "QYY"}, "ONS code": {"QZZ": "E54000099"}},
    "register": {"QOF codes": {"af": "AF001", "cancer": "CAN001"}, "upper": {"af": "AF", "cancer": "CANCER"}},
}
TABLES_OF = {
    "sex": ("gp_registration", "apc_episode", "op_attendance", "csds_contact", "asc_event"),
    "admimeth": ("apc_episode",), "classpat": ("apc_episode",), "department_type": ("ecds_attendance",),
    "attended": ("op_attendance", "csds_contact", "mhsds_contact"), "firstatt": ("op_attendance",),
    "status": ("gp_appointment",), "mode": ("gp_appointment",), "hcp_type": ("gp_appointment",),
    "client_type": ("asc_event",), "event_type": ("asc_event",), "service_type": ("asc_event",),
    "ethnicity": ("gp_registration",), "type_1_opt_out": ("gp_registration",), "is_repeat": ("gp_medication",),
    "flag": ("partner_list",), "list_name": ("partner_list",), "rural_urban": ("area",), "lsoa_vintage": ("area",),
    "imd_version": ("area",), "icb_code": ("practice",), "register": ("practice_register",),
}  # fmt: skip


def _recoded() -> list[tuple[str, str]]:
    return [(f"{t}.{c}", way) for c, ways in RECODED.items() for t in TABLES_OF[c] for way in ways]


def recoded(change: Change) -> None:
    """A code of another list than the standard's."""
    pairs = RECODED[change.column][change.option]
    change.each(lambda v: pairs.get(v, v))


for place, way in _recoded():
    kind(place, options=(way,))(recoded)


@kind("gp_registration.sex")
def sex_swapped_everywhere(change: Change) -> None:
    """Male and female changed round in the registrations and every other table."""
    for table in ("gp_registration", "apc_episode", "ecds_attendance", "op_attendance", "death", "csds_contact"):
        change.of(table)["sex"] = change.of(table)["sex"].replace({"1": "2", "2": "1"})


@kind(
    "apc_episode.diag_01", options=("dots", "small", "three characters", "ICD-9", "with words", "trailing X", "blank")
)
def diagnoses_rewritten(change: Change) -> None:
    """Diagnoses in another form or system; dots and small letters mean the same."""
    ways = {
        "dots": lambda v: f"{v[:3]}.{v[3:]}" if len(v) > 3 else v,
        "small": str.lower,
        "three characters": lambda v: v[:3],
        "ICD-9": lambda v: str(200 + sum(map(ord, v)) % 700),
        "with words": lambda v: f"{v} some disease",
        "trailing X": lambda v: f"{v[:3]}X",
        "blank": lambda v: f" {v} ",
    }
    for name in DIAGNOSES:
        change.each(ways[change.option], name)


@kind("apc_episode.diag_01")
def diagnoses_moved(change: Change) -> None:
    """The primary diagnosis is left out and the second stands in its place."""
    names = list(DIAGNOSES)
    change.frame[names[:-1]] = change.frame[names[1:]].to_numpy()


@kind("gp_event.snomed_code", shares=(1, 0.2),
      options=("float", "scientific", "description", "Read", "six digits", "words", "float text"))  # fmt: skip
def snomed_rewritten(change: Change) -> None:
    """SNOMED CT codes through a spreadsheet, as descriptions, or in another system."""
    ways = {
        "float": lambda v: (
            str(int(f"{int(v):.14e}".split("e")[0].replace(".", "")) * 10 ** (len(v) - 15)) if len(v) > 15 else v
        ),
        "scientific": lambda v: f"{float(v):.5E}",
        "description": lambda v: f"{v[:-2]}11{v[-1]}",
        "Read": lambda v: f"C{int(v) % 900 + 100}.",
        "six digits": lambda v: v[:6],
        "words": lambda v: "Diabetes mellitus",
        "float text": lambda v: f"{v}.0",
    }
    change.each(ways[change.option])


@kind("gp_medication.bnf_code", options=("small", "chapter", "names", "dots"))
def bnf_rewritten(change: Change) -> None:
    """BNF codes in small letters, cut to the chapter, as names, with dots."""
    ways = {
        "small": str.lower, "chapter": lambda v: v[:4], "names": lambda v: "Amlodipine 5mg tablets",
        "dots": lambda v: f"{v[:2]}.{v[2:4]}.{v[4:6]}",
    }  # fmt: skip
    change.each(ways[change.option])


PLACES = ("small", "blanks", "names", "neighbour", "2011 vintage", "MSOA", "cut")


@kind("gp_registration.lsoa", "area.lsoa", options=PLACES)
@kind("apc_episode.lsoa", options=("names", "neighbour", "MSOA"))
def areas_rewritten(change: Change) -> None:
    """Small areas in another form, of another place or vintage; small letters and blanks mean the same."""
    ways = {
        "small": str.lower,
        "blanks": lambda v: f" {v}",
        "names": lambda v: f"Demoshire {v[-3:]}A",
        "neighbour": lambda v: f"E010{int(v[-5:]) % 90_000 + 10_000:05d}"[:9],
        "2011 vintage": lambda v: f"E0101{v[-4:]}",
        "MSOA": lambda v: f"E02{v[3:]}",
        "cut": lambda v: v[:8],
    }
    change.each(ways[change.option])


@kind("gp_registration.practice_code", "gp_event.practice_code",
      options=("small", "blanks", "names", "neighbour", "PCN", "sites"))  # fmt: skip
@kind("gp_registration.practice_code", "gp_event.practice_code", shares=(1, 0.5, 0.1), options=("dummy",))
def practices_rewritten(change: Change) -> None:
    """Practice codes in another form, of another place, or the national dummy; small letters mean the same."""
    ways = {
        "small": str.lower,
        "blanks": lambda v: f"{v}  ",
        "names": lambda v: f"Demo Surgery {v[-2:]}",
        "neighbour": lambda v: f"B81{v[-3:]}",
        "PCN": lambda v: "U99001",
        "sites": lambda v: f"{v}001",
        "dummy": lambda v: "V81999",
    }
    change.each(ways[change.option])


@kind("practice.pcn_code",
      options=("two PCNs", "some without", "moved", "old codes", "closed", "neighbours", "half", "small"))  # fmt: skip
def practices_misplaced(change: Change) -> None:
    """The practice table has practices twice, in no PCN, in another's PCN, closed, or those of a neighbour."""
    frame = change.frame
    match change.option:
        case "two PCNs":
            again = frame.head(6).assign(pcn_code="U99003")
            change.set(type(frame)(frame.to_dict("records") + again.to_dict("records")))
        case "some without":
            frame.loc[frame.index % 3 == 0, "pcn_code"] = None
        case "moved":
            frame["pcn_code"] = frame["pcn_code"].to_numpy()[::-1]
        case "old codes":
            frame.loc[frame.index % 4 == 0, "practice_code"] = [f"B8{i:04d}" for i in range(0, len(frame), 4)]
        case "closed":
            frame["close_date"] = "2019-03-31"
        case "neighbours":
            frame["practice_code"] = "B81" + frame["practice_code"].str[-3:]
        case "half":
            frame.loc[frame.index % 2 == 0, "icb_code"] = "QYY"
        case "small":
            change.each(str.lower)


@kind("area.imd_decile", options=("reversed", "quintiles", "rank", "of the ICS", "10 first", "mixed"))
def deciles_wrong(change: Change) -> None:
    """Deciles with 1 the least deprived, fifths, ranks, ranked within the ICS, or beside another area."""
    frame = change.frame
    rank = frame["imd_rank"].astype(int)
    match change.option:
        case "reversed":
            change.each(lambda v: str(11 - int(v)))
        case "quintiles":
            change.each(lambda v: str((int(v) + 1) // 2))
        case "rank":
            frame["imd_decile"] = frame["imd_rank"]
        case "of the ICS":
            frame["imd_decile"] = ((rank.rank(pct=True) * 3).astype(int) + 1).astype(str)
        case "10 first":
            change.each(lambda v: str(int(v) % 10 + 1))
        case "mixed":
            frame["imd_decile"] = change.random.permutation(frame["imd_decile"].to_numpy())


@kind("area.imd_rank", options=("reversed", "of the ICS", "score"))
def ranks_wrong(change: Change) -> None:
    """Ranks with 1 the least deprived, within the ICS, or scores in their place."""
    rank = change.frame["imd_rank"].astype(int)
    ways = {"reversed": 33_756 - rank, "of the ICS": rank.rank().astype(int), "score": (80 - rank / 450).astype(int)}
    change.frame["imd_rank"] = ways[change.option].astype(str)


@kind("practice_register.published_count", options=("another year", "mixed", "per cent"))
def registers_wrong(change: Change) -> None:
    """Published registers of another year, of other practices, or as percentages."""
    frame = change.frame
    match change.option:
        case "another year":
            frame["as_at"] = "2019-03-31"
        case "mixed":
            frame["practice_code"] = frame["practice_code"].replace({"A99001": "A99017", "A99017": "A99001"})
        case "per cent":
            change.each(lambda v: str(min(int(v), 100) // 10))
