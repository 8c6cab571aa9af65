"""Hostile parameter and definition files: is each refused with its name, or accepted and valid?

    python benchmarks/hostile_definitions.py [--seed 2025] [--each 3]    (make benchmark-hostile-definitions)

Every kind of file that people write is taken from parameters/, changed in every way of CHANGES (`--each` times where a
way has a choice of place), and read in this process through the function that reads it in a run. It is

    refused    InputError (exit code 2) that names the file
    accepted   read, and valid: its model, and its columns or concepts where it has them
    unnamed    InputError that does not name the file
    let in     accepted, though the change is one that must be refused, such as a name that stands twice
    crashed    any other error: a traceback
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.inputs.governance import load_governance
from phm_utils.inputs.mapping import load_mapping
from phm_utils.linkage.model import load_model
from phm_utils.measures.cohort_definitions import read_cohort
from phm_utils.measures.cohort_run import static_words
from phm_utils.measures.definitions import check_segmentation, load_segmentation
from phm_utils.params import Workbook
from phm_utils.persons.hospital_diagnoses import charlson_groups, hfrs_weights
from phm_utils.persons.medicines import polypharmacy_scope
from phm_utils.reports.voices import read_voice
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import load_registers, load_score, person_columns
from phm_utils.rules.restricted_codes import restricted_codes
from phm_utils.rules.unit_costs import unit_costs
from phm_utils.rules.units import unit_rules
from phm_utils.topics.evaluation.interventions import load_interventions
from phm_utils.topics.registry import load_workbook

PARAMETERS = Path("parameters")
OUTCOMES = ("refused", "accepted", "unnamed", "let in", "crashed")
LARGE = 50_000_000
Change = Callable[[str, random.Random], str | bytes | None]


def _workbook(**named: str) -> Workbook:
    return Workbook(name="trial", title="Trial", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31),
                    landing="none", **named)  # fmt: skip


def _cohort(path: Path) -> None:
    read_cohort(path, static_words(None, {}))


def _segments(path: Path) -> None:
    check_segmentation(load_segmentation(path.stem, path.parent), person_columns(concepts()), path.name)


def _voice(path: Path) -> None:
    read_voice(path.stem, path.parents[2])


@dataclass(frozen=True)
class Kind:
    """A kind of file. read: the function that reads it in a run, given its path. sample: a file of it."""

    name: str
    sample: Path
    read: Callable[[Path], object]

    @property
    def form(self) -> str:
        return {".yml": "yaml", ".json": "json", ".md": "words"}.get(self.sample.suffix, "csv")


KINDS = (
    Kind("parameter file", PARAMETERS / "demo.yml", load_workbook),
    Kind("governance", PARAMETERS / "governance.yml", lambda p: load_governance(_workbook(governance=str(p)))),
    Kind("mapping", PARAMETERS / "mappings" / "artificial_hes.yml", lambda p: load_mapping(_workbook(mapping=str(p)))),
    Kind("cohort", PARAMETERS / "cohorts" / "frequent_ed_attenders.yml", _cohort),
    Kind("cohort of events", PARAMETERS / "cohorts" / "valproate_under_55.yml", _cohort),
    Kind("cohort of a season", PARAMETERS / "cohorts" / "covid_vaccination_autumn_2024.yml", _cohort),
    Kind("cohort of parameters", PARAMETERS / "cohorts" / "neighbourhood_team.yml", _cohort),
    Kind("segments", PARAMETERS / "segments" / "bridges_to_health.yml", _segments),
    Kind("registers", PARAMETERS / "registers" / "qof.yml", load_registers),
    Kind("score", PARAMETERS / "scores" / "efi.yml", lambda p: load_score(p.stem, p.parent)),
    Kind(
        "programme",
        PARAMETERS / "interventions" / "telephone_check_in.yml",
        lambda p: list(load_interventions(p.parent)),
    ),
    Kind("concepts", PARAMETERS / "concepts.csv", concepts),
    Kind("units", PARAMETERS / "units.csv", lambda p: unit_rules(concepts(), p)),
    Kind("restricted codes", PARAMETERS / "restricted_codes.csv", restricted_codes),
    Kind("unit costs", PARAMETERS / "reference" / "unit_costs.csv", unit_costs),
    Kind("hospital frailty", PARAMETERS / "reference" / "hfrs_weights.csv", hfrs_weights),
    Kind("Charlson groups", PARAMETERS / "reference" / "charlson_uk_shmi.csv", charlson_groups),
    Kind("polypharmacy", PARAMETERS / "reference" / "polypharmacy_scope.csv", polypharmacy_scope),
    Kind("code list", PARAMETERS / "codelists" / "asthma.csv", lambda p: load(p.stem, p.parent)),
    Kind("linkage model", PARAMETERS / "linkage" / "demoshire.json", load_model),
    Kind("local words", Path("local.md"), _voice),
)
WORDS = "author: Ann\ndate: 2025-03-31\n\nThe bus stopped.\n"

# By form: name of the change, whether it must be refused, and the change. None: it does not apply to this text.
ANY: dict[str, tuple[bool, Change]] = {
    "as it is": (False, lambda text, _: text),
    "byte order mark": (False, lambda text, _: "\ufeff" + text),
    "Windows ends of lines": (False, lambda text, _: text.replace("\n", "\r\n")),
    "empty": (False, lambda text, _: ""),
    "NUL byte": (True, lambda text, rng: _insert(text, rng, "\0")),
    "cut short": (False, lambda text, rng: text[: rng.randrange(len(text))]),
    "a line left out": (False, lambda text, rng: _without_line(text, rng)),
    "two lines changed round": (False, lambda text, rng: _swapped(text, rng)),
    "a sign changed": (False, lambda text, rng: _sign_changed(text, rng)),
    "500 letters more": (False, lambda text, rng: _insert(text, rng, "x" * 500)),
    "bytes of no encoding": (
        False,
        lambda text, rng: _insert(text, rng, "\u0192").encode().replace(b"\xc6\x92", b"\xff"),
    ),
}
MARKED = {"mark of direction": (True, lambda text, rng: _insert(text, rng, "\u202e"))}
UTF16 = {"UTF-16": (True, lambda text, _: text.encode("utf-16"))}
YAML: dict[str, tuple[bool, Change]] = {
    "a name twice": (True, lambda text, rng: _name_twice(text, rng)),
    "a second `disclosure`": (True, lambda text, _: text + "\ndisclosure: {round_to: 5}\ndisclosure: {round_to: 1}\n"),
    "5,000 levels": (True, lambda text, _: text + "\ndeep: " + "[" * 5_000 + "]" * 5_000 + "\n"),
    "60 levels": (True, lambda text, _: text + "\ndeep: " + "[" * 60 + "]" * 60 + "\n"),
    "5,000 digits": (True, lambda text, rng: _value(text, rng, "9" * 5_000)),
    "alias within alias": (True, lambda text, _: text + "\na1: &a [x, x]\nb1: &b [*a, *a]\nc1: *b\n"),
    "alias of itself": (True, lambda text, _: text + "\na1: &a [*a]\n"),
    "tag of Python": (True, lambda text, rng: _value(text, rng, "!!python/object/apply:os.system [ls]")),
    "tag of a set": (True, lambda text, rng: _value(text, rng, "!!set {a, b}")),
    "merge key": (True, lambda text, _: text + "\nm1: &m {x: 1}\nm2: {<<: *m, x: 2}\n"),
    "tab": (True, lambda text, rng: _line_after(text, rng, "\t- x")),
    "name that is a number": (True, lambda text, _: text + "\n7: x\n"),
    "name that is yes": (True, lambda text, _: text + "\nyes: x\n"),
    "two documents": (True, lambda text, _: text + "\n---\nname: x\n"),
    "30 February": (True, lambda text, rng: _value(text, rng, "2025-02-30")),
    "infinity": (True, lambda text, rng: _value(text, rng, ".inf")),
    "no number": (True, lambda text, rng: _value(text, rng, ".nan")),
    "octal": (True, lambda text, rng: _value(text, rng, "010")),
    "yes for a value": (False, lambda text, rng: _value(text, rng, "yes")),
    "0 for a value": (False, lambda text, rng: _value(text, rng, "0")),
    "nothing for a value": (False, lambda text, rng: _value(text, rng, "")),
    "a list for a value": (False, lambda text, rng: _value(text, rng, "[1, a, {b: c}]")),
    "names for a value": (False, lambda text, rng: _value(text, rng, "{a: 1}")),
    "a name misspelt": (False, lambda text, rng: _misspelt(text, rng)),
}
CSV: dict[str, tuple[bool, Change]] = {
    "heading twice": (True, lambda text, _: _rows(text, lambda cells: [*cells, cells[0]])),
    "a row twice": (False, lambda text, rng: _line_twice(text, rng)),
    "a cell too many": (True, lambda text, rng: _line_changed(text, rng, lambda line: line + ",x,x,x,x,x,x,x")),
    "open quotation mark": (True, lambda text, rng: _line_changed(text, rng, lambda line: line + ',"x')),
    "minus": (False, lambda text, rng: _line_changed(text, rng, lambda line: re.sub(r"\d+", "-5", line))),
    "5,000 digits": (False, lambda text, rng: _line_changed(text, rng, lambda line: re.sub(r"\d+", "9" * 5_000, line))),
    "nan": (False, lambda text, rng: _line_changed(text, rng, lambda line: re.sub(r"\d+", "nan", line))),
    "inf": (False, lambda text, rng: _line_changed(text, rng, lambda line: re.sub(r"\d+", "inf", line))),
    "semicolons": (False, lambda text, _: text.replace(",", ";")),
}
JSON: dict[str, tuple[bool, Change]] = {
    "a name twice": (True, lambda text, _: text.replace("{", '{"found": 0.9, "found": 0.9,', 1)),
    "100,000 levels": (True, lambda text, _: "[" * 100_000),
    "5,000 digits": (True, lambda text, rng: _number(text, rng, "9" * 5_000)),
    "no number": (True, lambda text, rng: _number(text, rng, "NaN")),
    "infinity": (True, lambda text, rng: _number(text, rng, "Infinity")),
    "400 digits": (True, lambda text, rng: _number(text, rng, "9" * 400)),
    "minus": (False, lambda text, rng: _number(text, rng, "-1")),
    "text for a number": (True, lambda text, rng: _number(text, rng, '"x"')),
    "null for a number": (False, lambda text, rng: _number(text, rng, "null")),
    "a list": (True, lambda text, _: f"[{text}]"),
}
CHANGES: dict[str, dict[str, tuple[bool, Change]]] = {
    "yaml": ANY | MARKED | UTF16 | YAML,
    "json": ANY | UTF16 | JSON,
    "csv": ANY | CSV,
    "words": ANY | UTF16,
}


def _insert(text: str, rng: random.Random, sign: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + sign + text[at:]


def _line_changed(text: str, rng: random.Random, change: Callable[[str], str]) -> str:
    lines = text.splitlines()
    at = rng.choice([n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")][1:])
    return "\n".join([*lines[:at], change(lines[at]), *lines[at + 1 :]]) + "\n"


def _without_line(text: str, rng: random.Random) -> str:
    lines = text.splitlines()
    lines.pop(rng.randrange(len(lines)))
    return "\n".join(lines) + "\n"


def _swapped(text: str, rng: random.Random) -> str:
    lines = text.splitlines()
    a, b = rng.sample(range(len(lines)), 2)
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines) + "\n"


def _sign_changed(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("\"'{}[]:,#&*!|>%@`\\-?=0a\t\n") + text[at + 1 :]


def _line_after(text: str, rng: random.Random, line: str) -> str:
    return _line_changed(text, rng, lambda own: f"{own}\n{line}")


def _line_twice(text: str, rng: random.Random) -> str:
    return _line_changed(text, rng, lambda line: f"{line}\n{line}")


NAMED = re.compile(r"^( *)([A-Za-z_][\w/]*):( +[^#{\[&*|>\n'\"][^#\n]*)$", re.M)  # a name and a value of one line


def _at_name(text: str, rng: random.Random, change: Callable[[re.Match], str]) -> str | None:
    found = list(NAMED.finditer(text))
    if not found:
        return None
    one = rng.choice(found)
    return text[: one.start()] + change(one) + text[one.end() :]


def _name_twice(text: str, rng: random.Random) -> str | None:
    return _at_name(text, rng, lambda m: f"{m[0]}\n{m[0]}")


def _value(text: str, rng: random.Random, value: str) -> str | None:
    return _at_name(text, rng, lambda m: f"{m[1]}{m[2]}: {value}")


def _misspelt(text: str, rng: random.Random) -> str | None:
    return _at_name(text, rng, lambda m: f"{m[1]}{m[2]}x:{m[3]}")


def _number(text: str, rng: random.Random, value: str) -> str:
    one = rng.choice([*re.finditer(r'(?<="[mu]_probability": )[\d.e-]+', text)])
    return text[: one.start()] + value + text[one.end() :]


def _rows(text: str, change: Callable[[list[str]], list[str]]) -> str:
    """The first row that is no comment, its cells changed."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join([*lines[:at], ",".join(change(lines[at].split(","))), *lines[at + 1 :]]) + "\n"


def cases(seed: int, each: int) -> Iterator[tuple[Kind, str, bool, str | bytes | None]]:
    """Every kind of file with every change: kind, change, whether it must be refused, content (None: a folder)."""
    for kind in KINDS:
        sample = _sample(kind)
        for name, (must, change) in CHANGES[kind.form].items():
            tried: set[str | bytes] = set()
            for number in range(each):
                content = change(sample, random.Random(f"{seed} {kind.name} {name} {number}"))
                if content is not None and content not in tried:
                    tried.add(content)
                    spare = kind.name == "code list" and name == "a cell too many"  # publishers' lists have notes there
                    yield kind, name, must and not spare and content != sample, content
        yield kind, "a folder", True, None
        yield kind, "50 MB", kind.name != "code list", (sample + "\n").encode() + b"#" * LARGE


def _sample(kind: Kind) -> str:
    if kind.form == "words":
        return WORDS
    return kind.sample.read_text(encoding="utf-8")


def outcome(kind: Kind, content: str | bytes | None, must: bool, folder: Path) -> tuple[str, str]:
    """Write the file, read it, and say what became of it, with the error's own words."""
    path = folder / "parameters" / "local" / f"{kind.sample.stem}{kind.sample.suffix}"
    path.parent.mkdir(parents=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        kind.read(path)
    except InputError as error:
        return ("refused" if path.name in str(error) else "unnamed"), str(error)
    except Exception as error:  # what is looked for
        return "crashed", f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder / "parameters")
    return ("let in" if must else "accepted"), ""


def main() -> int:
    """Try every case and print a table by kind; 1 where a file was let in, or anything crashed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=2025)
    options.add_argument("--each", type=int, default=3)
    given = options.parse_args()
    started, counts, wrong = time.process_time(), {kind.name: Counter[str]() for kind in KINDS}, []
    with tempfile.TemporaryDirectory() as folder:
        for kind, name, must, content in cases(given.seed, given.each):
            found, words = outcome(kind, content, must, Path(folder))
            counts[kind.name][found] += 1
            if found not in ("refused", "accepted"):
                wrong.append(f"{found}: {kind.name}, {name}: {words[:200]}")
    total = sum(counts.values(), Counter[str]())
    print(f"| kind | files | {' | '.join(OUTCOMES)} |\n|---|{'---|' * (len(OUTCOMES) + 1)}")
    for name, count in (*counts.items(), ("all", total)):
        print(f"| {name} | {count.total()} | {' | '.join(str(count[o]) for o in OUTCOMES)} |")
    print(f"\n{time.process_time() - started:.0f} CPU s", *wrong, sep="\n")
    return int(any(total[o] for o in ("unnamed", "let in", "crashed")))


if __name__ == "__main__":
    sys.exit(main())
