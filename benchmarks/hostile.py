"""Files made to harm: 2,000 mutated extracts, and whether each of their rows is kept, quarantined or refused.

Each trial takes a few rows of a simulated extract, mutates one table (bytes, fields,
columns, types, encodings, names of files) and checks it. It fails where anything but
a named error comes out, where the rows of a file that was read do not add up, or
where the quarantine does not hold the rows that were counted out. Lines of a CSV
are counted here by Python's own rules for the ends of lines, apart from the check.
"""

import argparse
import gzip
import random
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from tiny_landing import make_landing

from phm_utils.engine import session
from phm_utils.errors import InputError, StepFailed
from phm_utils.inputs.check import check
from phm_utils.params import Limits, Workbook
from phm_utils.runs import Store
from phm_utils.tables import TABLES

TODAY = date(2025, 5, 1)
ROWS = 30  # of each table
ALWAYS = ("practice", "area", "gp_registration")
SIGNS = (
    *(
        '"',
        '""',
        ",",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "\x1a",
        "\x1b[31m",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\x85",
        "\\",
        "'",
        ";",
    ),
    *("$", "%s", "{}", "'; DROP TABLE practice; --", "=cmd|'/C calc'!A0", "\t", "   ", "💉", "x" * 300, "x" * 200_000),
)
VALUES = (
    *("9999-12-31", "5881580-07-10", "-5877641-06-25", "294247-01-10 04:00:54.775807", "0001-01-01", "infinity"),
    *("2024-02-30", "31/12/9999", "1e400", "-1e400", "nan", "9223372036854775808", "1" * 5_000, "0x10", "١٢٣", "NULL"),
    *("+inf", "1,5", "1e-400", "true", "\\N", "-0", "2024-06-01T24:00:00", "2024-06-01 23:59:60", "1900-02-29"),
)
ODD_TYPES = (
    *("DATE 'infinity'", "DATE '-infinity'", "DATE '5881580-07-10'", "DATE '5877642-06-25 (BC)'", "NULL", "[1, 2]"),
    *(
        "TIMESTAMP 'infinity'",
        "TIMESTAMP '294247-01-10 04:00:54.775806'",
        "{'a': 1}",
        "MAP {'k': 1}",
        "INTERVAL 9 YEAR",
    ),
    *("TIME '23:59:59'", "uuid()", "'\\xFF\\x00'::BLOB", "170141183460469231731687303715884105727", "'nan'::DOUBLE"),
    *("'infinity'::FLOAT", "true", "1.5::DECIMAL(38, 10)", "TIMESTAMPTZ '9999-12-31 23:59:59+14'", "-1::TINYINT"),
    *("18446744073709551615::UBIGINT", "TIMESTAMP_NS '2262-04-11 23:47:16'", "''", "[]::VARCHAR[]", "'1'::BIT"),
)
ODD_NAMES = (
    "filename",
    "FILE_ROW_NUMBER",
    "landing_file",
    "file",
    "reason",
    "original",
    "rowid",
    'x"; DROP',
    "select",
    "",
)


class Trial:
    """One mutated extract. `lines` and `rows`: of each table that is given as CSV and as Parquet."""

    def __init__(self, folder: Path, draws: random.Random, source: dict[str, pa.Table]) -> None:
        self.folder, self.draws = folder, draws
        self.landing = folder / "landing"
        self.landing.mkdir(parents=True)
        others = [name for name in source if name not in ALWAYS]
        self.tables = {name: source[name] for name in (*ALWAYS, *draws.sample(others, 1))}
        self.victim = draws.choice(list(self.tables))
        for name, table in self.tables.items():
            if name != self.victim:
                pq.write_table(table, self.landing / f"{name}.parquet")

    @property
    def table(self) -> pa.Table:
        return self.tables[self.victim]

    def text(self) -> str:
        """The victim as CSV."""
        path = self.folder / "plain.csv"
        duckdb.from_arrow(self.table).write_csv(path.as_posix())
        return path.read_text(encoding="utf-8")

    def put(self, content: str | bytes, name: str | None = None) -> None:
        path = self.landing / (name or f"{self.victim}.csv")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", errors="surrogatepass"))

    def put_parquet(self, expressions: str) -> None:
        duckdb.execute("DROP VIEW IF EXISTS victim")
        duckdb.from_arrow(self.table).create_view("victim")
        path = (self.landing / f"{self.victim}.parquet").as_posix()
        duckdb.execute(f"COPY (SELECT {expressions} FROM victim) TO '{path}' (FORMAT parquet)")


def signs(trial: Trial) -> None:
    """Signs put anywhere into a CSV."""
    text = trial.text()
    for _ in range(trial.draws.choice((1, 2, 3, 20))):
        place = trial.draws.randrange(len(text.splitlines()[0]) + 1, len(text))
        text = text[:place] + trial.draws.choice(SIGNS) + text[place:]
    trial.put(text)


def stray_quotes(trial: Trial) -> None:
    """Quotation marks at the start of fields."""
    lines = trial.text().splitlines()
    for _ in range(trial.draws.choice((1, 2, 2, 2, 3, 4))):
        row = trial.draws.randrange(1, len(lines))
        fields = lines[row].split(",")
        place = trial.draws.randrange(len(fields))
        fields[place] = '"' + fields[place]
        lines[row] = ",".join(fields)
    trial.put("\n".join(lines))


def random_bytes(trial: Trial) -> None:
    """Bytes changed, taken out or put in, anywhere, also in the first line."""
    content = bytearray(trial.text().encode())
    for _ in range(trial.draws.choice((1, 5, 50))):
        place = trial.draws.randrange(len(content))
        match trial.draws.randrange(3):
            case 0:
                content[place] = trial.draws.randrange(256)
            case 1:
                del content[place]
            case _:
                content.insert(place, trial.draws.randrange(256))
    trial.put(bytes(content))


def cut(trial: Trial) -> None:
    """Files cut off, empty, repeated, or of blank lines."""
    text = trial.text()
    trial.put(trial.draws.choice((text[: trial.draws.randrange(len(text))], text * 2, "", "\n" * 50, text + "\n" * 50)))


def encodings(trial: Trial) -> None:
    """Other encodings, declared or not."""
    encoding = trial.draws.choice(("utf-16", "utf-16-le", "utf-8-sig", "cp1252", "utf-32", "cp037", "utf-7"))
    trial.put((trial.text() + "é").encode(encoding, errors="replace"))


def line_ends(trial: Trial) -> None:
    """Ends of lines of several kinds in one file."""
    trial.put("".join(line + trial.draws.choice(("\n", "\r\n", "\r", "\n\n")) for line in trial.text().splitlines()))


def field_values(trial: Trial) -> None:
    """Values at the ends of their ranges."""
    lines = trial.text().splitlines()
    for _ in range(trial.draws.choice((1, 10, 100))):
        row = trial.draws.randrange(1, len(lines))
        fields = lines[row].split(",")
        fields[trial.draws.randrange(len(fields))] = trial.draws.choice(VALUES)
        lines[row] = ",".join(fields)
    trial.put("\n".join(lines))


def columns(trial: Trial) -> None:
    """Columns added, left out, repeated, or with names that mean something to a reader."""
    lines = [line.split(",") for line in trial.text().splitlines()]
    match trial.draws.randrange(4):
        case 0:
            name = trial.draws.choice(ODD_NAMES)
            lines = [[*line, name if place == 0 else "1"] for place, line in enumerate(lines)]
        case 1:
            taken = trial.draws.randrange(len(lines[0]))
            lines = [line[:taken] + line[taken + 1 :] for line in lines]
        case 2:
            lines = [line + line[:1] for line in lines]
        case _:
            lines = [
                [*line, *(f"c{i}" if place == 0 else "" for i in range(2_000))] for place, line in enumerate(lines)
            ]
    trial.put("\n".join(",".join(line) for line in lines))


def parquet_types(trial: Trial) -> None:
    """Parquet columns of types that no extract has, and values at the ends of their ranges."""
    name = trial.draws.choice(trial.table.column_names)
    value = trial.draws.choice(ODD_TYPES)
    odd = f"CASE WHEN random() < 2 THEN {value} END" if trial.draws.random() < 0.5 else value
    extra = trial.draws.choice(ODD_NAMES[:-1]).replace('"', '""')
    added = f', 1 AS "{extra}"' if trial.draws.random() < 0.3 else ""
    trial.put_parquet(f"* REPLACE ({odd} AS {name}){added}")


def parquet_bytes(trial: Trial) -> None:
    """Damaged Parquet files."""
    trial.put_parquet("*")
    path = trial.landing / f"{trial.victim}.parquet"
    content = bytearray(path.read_bytes())
    for _ in range(trial.draws.choice((1, 5, 50))):
        content[trial.draws.randrange(len(content))] = trial.draws.randrange(256)
    path.write_bytes(bytes(content[: trial.draws.choice((len(content), len(content) // 2, 3))]))


def files(trial: Trial) -> None:
    """Names, folders and forms of files."""
    name, text = trial.victim, trial.text()
    match trial.draws.randrange(8):
        case 0:
            trial.put(text, f"{name.upper()}.CSV")
        case 1:
            trial.put(text, f"{name}/U1.csv")
            trial.put(gzip.compress(text.encode()), f"{name}/U2.csv.gz")
        case 2:
            trial.put(text, f"{name}.csv")
            trial.put(text, f"{name}_2024.csv")
        case 3:
            (trial.landing / f"{name}.parquet").mkdir()
            pq.write_table(trial.table, trial.landing / f"{name}.parquet" / "part-0.parquet")
            (trial.landing / f"{name}.parquet" / "_SUCCESS").touch()
        case 4:
            trial.put(text, f"{name}/[1]*?.csv")
            trial.put(text.upper(), f"{name}/'; --.csv")
        case 5:
            (trial.landing / f"{name}.csv").mkdir()
        case 6:
            (trial.landing / name / "2024").mkdir(parents=True)
            trial.put(text, f"{name}/2024/rows.csv")
        case _:
            trial.put(text)
            trial.put(b"PK\x03\x04", f"{name}.xlsx")


KINDS: tuple[Callable[[Trial], None], ...] = (
    *(signs, stray_quotes, random_bytes, cut, encodings, line_ends),
    *(field_values, columns, parquet_types, parquet_bytes, files),
)


def count_rows(path: Path) -> int:
    """Rows of a Parquet file; lines of a CSV in UTF-8 that are not blank, but the first."""
    if path.suffix == ".parquet":
        return pq.read_metadata(path).num_rows
    with path.open(encoding="latin-1", newline=None) as lines:
        return sum(line != "\n" for line in lines) - 1


def outcome(trial: Trial) -> str:
    """What became of the extract: `read`, `refused`, or what is wrong with that."""
    workbook = Workbook(
        name="hostile", title="Demoshire", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31),
        landing=str(trial.landing), limits=Limits(quarantined=1, emptied=1, filled=0, silent=1, drop=1),
        accept=tuple(f"{name}:not_read" for name in TABLES),
    )  # fmt: skip
    store = Store(trial.folder / "store")
    try:
        with session(trial.folder / "spill") as con, store.stage("check", "0" * 12) as writer:
            check(con, workbook, writer, trial.folder / "quarantine", TODAY)
    except InputError as error:
        return "refused" if str(error).strip() else "refused without a word"
    except StepFailed:
        return "rows that do not add up"
    except Exception:
        return f"traceback: {traceback.format_exc().splitlines()[-1][:90]}"
    return not_added_up(trial, store) or "read"


def not_added_up(trial: Trial, store: Store) -> str:
    """What does not add up in a check that passed; nothing where all does."""
    counted = store.read("check_table").set_index("table_name")
    named = set(store.read("unread_file")["path"])
    for name in trial.tables:
        paths = [p for p in trial.landing.rglob("*") if p.is_file() and not p.name.startswith("_")]
        own = [p for p in paths if p.relative_to(trial.landing).parts[0].casefold().partition(".")[0] == name]
        given = sum(count_rows(p) for p in own if p.relative_to(trial.landing).as_posix() not in named)
        row = counted.loc[name]
        if row["state"] == "absent":
            return f"{name} is called absent and lies there" if given else ""
        if row["rows_in"] != given or row["rows_in"] != row["rows_kept"] + row["rows_quarantined"]:
            return f"{name}: {given} rows given, {row['rows_in']} counted"
        kept = trial.folder / "quarantine" / f"{name}.parquet"
        if row["rows_quarantined"] != (pq.read_metadata(kept).num_rows if kept.is_file() else 0):
            return f"{name}: the quarantine lacks rows"
    return ""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=2_000)
    options.add_argument("--first", type=int, default=0, help="number of the first trial")
    given = options.parse_args()
    found: Counter = Counter()
    with tempfile.TemporaryDirectory(prefix="phm-hostile-") as scratch:
        landing = make_landing(Path(scratch) / "source", pcns=1, people=300)
        source = {
            p.stem: pq.read_table(p).slice(0, ROWS) for p in sorted(landing.glob("*.parquet")) if p.stem in TABLES
        }
        for number in range(given.first, given.first + given.trials):
            draws = random.Random(number)
            kind = KINDS[number % len(KINDS)]
            trial = Trial(Path(scratch) / "trial", draws, source)
            kind(trial)
            result = outcome(trial)
            found[kind.__name__, result] += 1
            if result not in ("read", "refused"):
                print(f"trial {number}, {kind.__name__}, {trial.victim}: {result}", flush=True)
            shutil.rmtree(trial.folder)
    for (kind_name, result), times in sorted(found.items()):
        print(f"{kind_name:<16}{result:<12}{times:>6}")


if __name__ == "__main__":
    main()
