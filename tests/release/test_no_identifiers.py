"""After linkage nothing that identifies anybody is left: not in the store, the landing, what was printed, or scraps.

A make-believe extract with a few planted people is linked, and its linked
landing checked, with the commands that users type. Then every file is read,
Parquet also decoded, for everybody's NHS number, postcode, UPRN and full name.
"""

import io
import json
import re
import shutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from phm_utils.cli import main
from phm_utils.engine import quote
from phm_utils.errors import InputError
from phm_utils.linkage import ledger
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import demo_key

SOURCE = Path(__file__).resolve().parents[2]
EXTRACT = Path("outputs") / "identified" / "landing" / "demoshire"
LINKED = Path("outputs") / "identified" / "landing" / "demoshire_identified" / "linked"
STORE = Path("outputs") / "linked"
# Where identifiers may lie, and nowhere else: folders of the identified root, which no analyst reads.
IDENTIFIED = (
    EXTRACT / "identified",
    EXTRACT / "truth",
    Path("outputs") / "identified" / "quarantine",
    Path("outputs") / "identified" / "linking" / "demoshire_identified" / "review",  # pairs for clerical review
)
# Names that no word of the package resembles, so that either alone gives a person away.
PLANTED = (("ZEBULONIA", "QUILLFEATHER"), ("XANTHIPPUS", "O'BRANNIGAN-VYLE"), ("MERIWETHERA", "THISTLEWICKE"))
BORN = "1931-07-19"
DIGITS = re.compile(rb"\d{10,}")
GROUPED_NUMBER = re.compile(rb"(\d{3})[ -](\d{3})[ -](\d{4})")
POSTCODE = re.compile(rb"([A-Z]{2}\d{1,2}[A-Z]?) ?(\d[A-Z]{2})")
WORD = re.compile(rb"[A-Z][A-Z'-]+")


@dataclass(frozen=True)
class Secrets:
    """What must not be found: text in capitals, without blanks; names in pairs, either one first."""

    numbers: frozenset[bytes]
    uprns: frozenset[bytes]
    postcodes: frozenset[bytes]
    names: frozenset[tuple[bytes, bytes]]
    planted: tuple[bytes, ...]

    def found_in(self, content: bytes) -> set[str]:
        """The kinds of identifier that `content` holds."""
        content = content.upper()
        runs = set(DIGITS.findall(content))
        numbers = parts(runs, 10) | {b"".join(m) for m in GROUPED_NUMBER.findall(content)}
        words = WORD.findall(content)
        found = {
            "NHS number": numbers & self.numbers,
            "UPRN": parts(runs, 12) & self.uprns,
            "postcode": {b"".join(m) for m in POSTCODE.findall(content)} & self.postcodes,
            "name": set(pairwise(words)) & self.names,
            "planted person": {word for word in self.planted if word in content},
        }
        return {kind for kind, hits in found.items() if hits}


def parts(runs: set[bytes], length: int) -> set[bytes]:
    """Every piece of so many digits in runs of digits, which may be several numbers written together."""
    return {run[start : start + length] for run in runs for start in range(len(run) - length + 1)}


def secrets_of(extract: Path) -> Secrets:
    """Every identifier of the identified extract, with its sources' errors; not what stands for a missing one."""
    people = pd.concat(
        [read_table(file) for file in extract.rglob("*.parquet") if "forename" in columns_of(file)], ignore_index=True
    )

    def values(column: str) -> set[bytes]:
        return {str(v).upper().replace(" ", "").encode() for v in people[column].dropna()}

    pairs = people[["forename", "surname"]].dropna().drop_duplicates().itertuples(index=False)
    names = {(str(given).encode(), str(family).encode()) for given, family in pairs}
    year, month, day = BORN.split("-")
    planted = [word.encode() for person in PLANTED for word in person]
    return Secrets(
        numbers=frozenset(n for n in values("nhs_number") if len(set(n)) > 1),
        uprns=frozenset(values("uprn")),
        postcodes=frozenset(p for p in values("postcode") if not p.startswith(b"ZZ99")),
        names=frozenset(names | {pair[::-1] for pair in names}),
        planted=(*planted, BORN.encode(), f"{day}/{month}/{year}".encode(), f"{year}{month}{day}".encode()),
    )


def columns_of(file: Path) -> list[str]:
    return duckdb.sql(f"FROM read_parquet({quote(file)}) LIMIT 0").columns


def read_table(file: Path) -> pd.DataFrame:
    return duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet({quote(file)})").df()


def contents(file: Path) -> list[bytes]:
    """A file as it lies on disk, and a Parquet file's rows as text."""
    raw = [file.read_bytes()]
    return [*raw, read_table(file).to_csv(index=False, sep="|").encode()] if file.suffix == ".parquet" else raw


def leaks(folder: Path, secrets: Secrets, without: tuple[Path, ...] = ()) -> dict[Path, set[str]]:
    """Every file below `folder`, but for the folders `without`, that holds an identifier, with the kinds."""
    found = {}
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        inside = file.relative_to(folder)
        if not any(inside.is_relative_to(other) for other in without):
            found[inside] = set().union(*map(secrets.found_in, (*contents(file), file.name.encode())))
    return {file: kinds for file, kinds in found.items() if kinds}


@dataclass(frozen=True)
class Linkage:
    """root: a workbook's folder after `phm link` and `phm check`. printed: all that they said. scraps: temporary."""

    root: Path
    printed: str
    scraps: tuple[Path, ...]
    secrets: Secrets


@pytest.fixture(scope="module")
def linkage(tmp_path_factory) -> Linkage:
    root = tmp_path_factory.mktemp("linkage")
    scraps = tmp_path_factory.mktemp("spill"), tmp_path_factory.mktemp("temporary")
    for folder in ("parameters", "notebooks"):
        shutil.copytree(SOURCE / folder, root / folder)
    demo = yaml.safe_load((SOURCE / "parameters" / "demo.yml").read_text(encoding="utf-8"))
    # In one network, the practice whose GP records fell silent has over a fifth of the people.
    demo |= {"name": "linked", "landing": LINKED.as_posix(), "limits": {"silent": 0.5}}
    linked = root / "parameters" / "linked.yml"
    linked.write_text(yaml.safe_dump(demo), encoding="utf-8")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.setenv("PHM_ROOT", str(root))
        patch.setenv("PHM_TEMP", str(scraps[0]))
        patch.setattr(tempfile, "tempdir", str(scraps[1]))
        for command in (
            ["simulate", "--form", "identified", "--pcns", "1", "--people-per-pcn", "900", "--seed", "11"],
            ["link", str(root / "parameters" / "demo_identified.yml")],
            ["check", str(linked)],
        ):
            assert main(command) == 0, printed.getvalue()
            if command[0] == "simulate":
                plant(root / EXTRACT / "identified")
                shutil.rmtree(root / EXTRACT / "identified" / "programme_enrolment")  # so few are not enrolled
    return Linkage(root, printed.getvalue(), scraps, secrets_of(root / EXTRACT / "identified"))


def plant(extract: Path) -> None:
    """Give three people with an NHS number the planted names and birth date, in every source that knows them."""
    gp = next((extract / "gp_registration").glob("*.parquet"))
    numbers = duckdb.sql(
        f"SELECT nhs_number FROM read_parquet({quote(gp)}) WHERE nhs_number_status = '01' "
        "GROUP BY nhs_number HAVING count(*) = 1 ORDER BY nhs_number"
    ).fetchall()
    people = [(number, *names) for (number,), names in zip(numbers, PLANTED, strict=False)]
    planted = pd.DataFrame(people, columns=["number", "given", "family"])
    for file in extract.rglob("*.parquet"):
        if "forename" in columns_of(file):
            copy = file.with_suffix(".copy")
            duckdb.sql(
                "COPY (SELECT t.* REPLACE (coalesce(given, forename) AS forename, coalesce(family, surname) AS surname,"
                f" CASE WHEN given IS NULL THEN date_of_birth ELSE DATE '{BORN}' END AS date_of_birth)"
                f" FROM read_parquet({quote(file)}) AS t LEFT JOIN planted ON number = nhs_number)"
                f" TO {quote(copy)} (FORMAT parquet)"
            )
            copy.replace(file)
    assert len(planted) == len(PLANTED)


def test_identifiers_lie_where_they_came_from_and_nowhere_else(linkage):
    for folder in (LINKED, STORE):  # they have been written, and are among what is scanned
        assert sum(file.suffix == ".parquet" for file in (linkage.root / folder).rglob("*")) > 10
    assert leaks(linkage.root, linkage.secrets, without=IDENTIFIED) == {}


def test_the_scan_sees_what_there_is_to_see(linkage):
    kinds = {"NHS number", "UPRN", "postcode", "name", "planted person"}
    found = leaks(linkage.root / EXTRACT / "identified" / "gp_registration", linkage.secrets)
    assert list(found.values()) == [kinds]


def test_no_table_has_a_day_of_birth_or_a_column_for_identifiers(linkage):
    for folder in (LINKED, STORE):
        for file in (linkage.root / folder).rglob("*.parquet"):
            table = read_table(file)
            assert not {"nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn"} & set(table), file
            for column in [c for c in table if "birth" in c]:
                assert table[column].dropna().str.fullmatch(r"\d{4}-\d{2}-01").all(), file


def test_nothing_printed_names_anybody(linkage):
    assert "linked" in linkage.printed
    assert linkage.secrets.found_in(linkage.printed.encode()) == set()


def test_no_temporary_file_or_folder_is_left_behind(linkage):
    assert [left for folder in linkage.scraps for left in folder.iterdir()] == []


def test_the_ledger_opens_with_its_key_alone_and_names_nobody_even_then(linkage):
    [file] = linkage.root.rglob("ledger*")
    assert linkage.secrets.found_in(file.read_bytes()) == set()
    with pytest.raises(InputError, match="locked with the key"):
        vault.read_table(file, demo_key(1), ledger.CONTENT)
    opened = vault.read_table(file, demo_key(0), ledger.CONTENT).to_pandas()
    assert len(opened) > 900
    assert linkage.secrets.found_in(opened.to_csv(sep="|").encode()) == set()


SECRETS = Secrets(
    numbers=frozenset([b"9990001234"]),
    uprns=frozenset([b"999001000035"]),
    postcodes=frozenset([b"QZ12LN"]),
    names=frozenset([(b"SAMUEL", b"WOODCOMBE"), (b"WOODCOMBE", b"SAMUEL")]),
    planted=(b"QUILLFEATHER", b"1931-07-19"),
)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("nhs|9990001234", {"NHS number"}),
        ("row 5: 999 000 1234 has no", {"NHS number"}),
        ("999-000-1234", {"NHS number"}),
        ("19990001234567", {"NHS number"}),  # run together with other digits
        ('{"place": "qz12ln"}', {"postcode"}),
        ("QZ1 2LN", {"postcode"}),
        ("QZ1 2LE, E01999001", set()),  # another postcode, and a small area
        ("999001000035", {"UPRN"}),
        ("Mr Samuel Woodcombe", {"name"}),
        ("WOODCOMBE, Samuel", {"name"}),
        ("SAMUEL;WOODCOMBE;1980", {"name"}),
        ("Samuel lives in Woodcombe", set()),
        ("quillfeather", {"planted person"}),
        ("b=1931-07-19", {"planted person"}),
        ("1000000001|2025-03-31|44054006", set()),
    ],
)
def test_the_scan_finds_a_leak_in_text(tmp_path, text, kinds):
    (tmp_path / "run.log").write_text(text, encoding="utf-8")
    assert leaks(tmp_path, SECRETS) == ({Path("run.log"): kinds} if kinds else {})


@pytest.mark.parametrize("compression", ["zstd", "snappy", "uncompressed"])
@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        ("9990001234::BIGINT AS token", {"NHS number"}),
        ("'SAMUEL' AS a, 'WOODCOMBE' AS b", {"name"}),
        ("DATE '1931-07-19' AS latest", {"planted person"}),
        ("['QZ1 2LN'] AS places", {"postcode"}),
    ],
)
def test_the_scan_finds_a_leak_in_parquet_however_it_is_packed(tmp_path, columns, kinds, compression):
    file = tmp_path / "store" / "person.parquet"
    file.parent.mkdir()
    filler = "SELECT range AS n, {} FROM range(1000)"
    duckdb.sql(f"COPY ({filler.format(columns)}) TO {quote(file)} (FORMAT parquet, COMPRESSION {compression})")
    assert leaks(tmp_path, SECRETS) == {Path("store") / "person.parquet": kinds}


def test_the_scan_reads_what_parquet_says_about_itself_and_names_of_files(tmp_path):
    target = quote(tmp_path / "a.parquet")
    duckdb.sql(f"COPY (SELECT 1 AS n) TO {target} (FORMAT parquet, KV_METADATA {{about: 'nhs 9990001234'}})")
    (tmp_path / "9990001234.json").write_text(json.dumps({}), encoding="utf-8")
    assert leaks(tmp_path, SECRETS) == {
        Path("a.parquet"): {"NHS number"},
        Path("9990001234.json"): {"NHS number"},
    }
