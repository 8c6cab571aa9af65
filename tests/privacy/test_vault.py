"""The vault: locked on disk, whole or refused, and only with its key."""

import io
import os
import stat
import tracemalloc
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import key_id

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
PLAIN = b"QUILLFEATHER 9990001234 " * 20
HEADER = 8 + 1 + 4 + 32


def lock(path: Path, data: bytes, key: bytes, content: str) -> None:
    with vault.writing(path, key, content) as file:
        file.write(data)


@pytest.fixture
def locked(tmp_path) -> Path:
    """A file of several small chunks."""
    path = tmp_path / "ledger.vault"
    lock(path, PLAIN, KEY, "ledger")
    return path


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(vault, "CHUNK_BYTES", 100)  # 480 bytes: four chunks of 100, one of 80


def test_what_was_written_is_read_and_is_not_on_disk(small_chunks, locked):
    assert vault.read_bytes(locked, KEY, "ledger") == PLAIN
    on_disk = locked.read_bytes()
    assert len(on_disk) == HEADER + 480 + 5 * 16  # a tag for each chunk
    assert not any(word in on_disk for word in (b"QUILL", b"99900", b"ledger"))
    assert [f.name for f in locked.parent.iterdir()] == ["ledger.vault"]


def test_the_format_by_hand(locked):
    # One chunk: number 0, the last. Key: HKDF of HKDF(root, purpose vault) with the file's salt and what it holds.
    content = locked.read_bytes()
    header, chunk = content[:HEADER], content[HEADER:]
    assert header[:13] == b"PHMVAULT\x01" + bytes.fromhex(key_id(KEY))
    purpose = HKDF(SHA256(), 32, None, b"phm purpose vault").derive(KEY)
    file_key = HKDF(SHA256(), 32, header[13:], b"phm vault file ledger").derive(purpose)
    assert AESGCM(file_key).decrypt(bytes(11) + b"\x01", chunk, header) == PLAIN


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(1, 50))
def test_any_content_in_any_pieces_comes_back(tmp_path_factory, pieces, chunk):
    path = tmp_path_factory.getbasetemp() / "property.vault"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "CHUNK_BYTES", chunk)
        with vault.writing(path, KEY, "test") as file:
            for piece in pieces:
                file.write(piece)
        assert vault.read_bytes(path, KEY, "test") == b"".join(pieces)


def test_tables_frames_and_parquet_come_back(tmp_path):
    frame = pd.DataFrame({"evidence": ["a", None, "c"], "run": [1, 2, 3]})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for given_as in (frame, table, table.to_reader()):
        vault.write_table(tmp_path / "table", given_as, KEY, "table")
        assert vault.read_table(tmp_path / "table", KEY, "table").equals(table)
    vault.write_table(tmp_path / "empty", table.slice(0, 0), KEY, "table")
    assert vault.read_table(tmp_path / "empty", KEY, "table").schema == table.schema
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    lock(tmp_path / "parquet", parquet.getvalue(), KEY, "parquet")
    assert pq.read_table(io.BytesIO(vault.read_bytes(tmp_path / "parquet", KEY, "parquet"))).equals(table)


def test_two_writings_of_one_content_have_nothing_in_common(locked):
    first, stamp = locked.read_bytes(), vault.stamp(locked)
    lock(locked, PLAIN, KEY, "ledger")
    assert vault.stamp(locked) != stamp
    assert locked.read_bytes()[HEADER:] != first[HEADER:]
    assert vault.stamp(locked.with_name("absent")) is None


def test_another_key_is_distinguished_from_damage(locked):
    with pytest.raises(InputError, match=f"locked with the key {key_id(KEY)}; the key given is {key_id(OTHER)}"):
        vault.read_bytes(locked, OTHER, "ledger")
    with pytest.raises(InputError, match="31 bytes is too short"):
        vault.read_bytes(locked, KEY[:31], "ledger")
    with pytest.raises(InputError, match="changed since it was written"):
        vault.read_bytes(locked, KEY, "review")  # a true file of the vault under another's name


def test_any_changed_byte_is_refused(small_chunks, locked):
    sound = locked.read_bytes()
    for place in range(len(sound)):
        locked.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        with pytest.raises(InputError, match=r"ledger\.vault"):
            vault.read_bytes(locked, KEY, "ledger")


def test_chunks_cut_off_added_or_swapped_are_refused(small_chunks, locked):
    sound = locked.read_bytes()
    first, second = HEADER + 116, HEADER + 232
    changed = [sound[:end] for end in (0, 20, HEADER, first, second, len(sound) - 1)]
    changed += [sound + b"x", sound + sound[HEADER:first]]
    changed += [sound[:HEADER] + sound[first:second] + sound[HEADER:first] + sound[second:]]
    for content in changed:
        locked.write_bytes(content)
        with pytest.raises(InputError, match=r"changed since it was written|not a file of the vault"):
            vault.read_bytes(locked, KEY, "ledger")


def test_a_damaged_table_is_refused_in_our_words(tmp_path):
    path = tmp_path / "table"
    vault.write_table(path, pd.DataFrame({"n": range(300_000)}), KEY, "table")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="changed since it was written"):
        vault.read_table(path, KEY, "table")


def test_what_is_no_vault_file_is_refused(tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(b"PAR1" * 30)
    with pytest.raises(InputError, match="not a file of the vault"):
        vault.read_bytes(path, KEY, "ledger")
    path.write_bytes(b"PHMVAULT\x02" + bytes(60))
    with pytest.raises(InputError, match="version 2 of the vault"):
        vault.read_bytes(path, KEY, "ledger")
    with pytest.raises(InputError, match="cannot be read"):
        vault.read_bytes(tmp_path / "absent", KEY, "ledger")


def test_a_broken_writing_leaves_the_old_file_and_no_draft(locked):
    before = locked.read_bytes()

    def interrupted():
        with vault.writing(locked, KEY, "ledger") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert locked.read_bytes() == before
    assert [f.name for f in locked.parent.iterdir()] == ["ledger.vault"]


def test_the_draft_of_a_killed_run_goes_with_the_next(locked):
    left = locked.with_name(".ledger.vault.abc.part")
    left.touch()
    lock(locked, PLAIN, KEY, "ledger")
    assert not left.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes: the folder's own rights hold")
def test_only_the_owner_may_read_it(tmp_path):
    path = tmp_path / "vault" / "ledger"
    lock(path, PLAIN, KEY, "ledger")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_long_table_is_locked_in_little_memory(tmp_path):
    rows = pa.record_batch({"n": pa.array(range(50_000))})
    batches = pa.RecordBatchReader.from_batches(rows.schema, (rows for _ in range(100)))  # 40 MB in all
    tracemalloc.start()
    vault.write_table(tmp_path / "long", batches, KEY, "long")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * vault.CHUNK_BYTES
    assert vault.read_table(tmp_path / "long", KEY, "long").num_rows == 5_000_000
