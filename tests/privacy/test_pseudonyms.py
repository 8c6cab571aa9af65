"""Pseudonyms against the RFCs' own vectors, and the keys that are refused."""

import hashlib
import hmac
import os
import time

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.privacy import pseudonyms as p
from phm_utils.runs import project_root

RFC_4231 = [  # key, data, HMAC-SHA256: cases 1, 2, 6 and 7 (the data of the others are not text)
    ("0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe".hex(), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (
        "aa" * 131,
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        "aa" * 131,
        "This is a test using a larger than block-size key and a larger than block-size data. "
        "The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]
KEY = bytes(range(32))
DIGITS = hashlib.sha256(b"a key").hexdigest() + "\r\n"


@pytest.mark.parametrize(("key", "data", "mac"), RFC_4231)
def test_pseudonym_is_the_start_of_the_hmac_of_rfc_4231(key, data, mac):
    key = bytes.fromhex(key)
    assert p.pseudonym(data, key) == mac[:32]
    assert p.pseudonyms([data, None, data], key) == [mac[:32], None, mac[:32]]


def test_hkdf_matches_rfc_5869_and_the_purpose_key_is_that_hkdf():
    # RFC 5869 test case 3: no salt, no info.
    okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert HKDF(SHA256(), 42, salt=None, info=b"").derive(b"\x0b" * 22).hex() == okm
    prk = hmac.new(b"\0" * 32, KEY, hashlib.sha256).digest()  # extract, then one block of expand
    expected = hmac.new(prk, b"phm purpose commissioning\x01", hashlib.sha256).digest()
    assert p.purpose_key(KEY, "commissioning") == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))))
def test_many_at_once_equal_one_at_a_time(values):
    assert p.pseudonyms(values, KEY) == [None if v is None else p.pseudonym(v, KEY) for v in values]


def test_two_purposes_share_no_pseudonym_and_ids_distinguish_keys():
    care, planning = p.purpose_key(KEY, "direct_care"), p.purpose_key(KEY, "commissioning")
    assert p.pseudonym("9990000018", care) != p.pseudonym("9990000018", planning)
    assert len({p.key_id(k) for k in (KEY, care, planning)}) == 3
    assert p.key_id(KEY) not in KEY.hex()


def test_demo_key_is_refused_for_data_that_are_not_synthetic():
    key = p.demo_key(1)
    assert key == p.demo_key(1) != p.demo_key(2)
    assert p.require_secret(key, synthetic=True) == key
    with pytest.raises(InputError, match="not synthetic"):
        p.require_secret(key, synthetic=False)


def test_key_file_written_is_the_key_read(tmp_path):
    p.make_key(tmp_path / "phm.key")
    key = p.load_key(tmp_path / "phm.key")
    assert len(key) == 32
    assert p.require_secret(key, synthetic=False) == key
    with pytest.raises(InputError, match="overwritten"):
        p.make_key(tmp_path / "phm.key")
    assert p.load_key(tmp_path / "phm.key") == key


def put(path, content):
    """A key file of its owner alone."""
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_raw_bytes_are_a_key(tmp_path):
    key = hashlib.sha512(b"a raw key").digest()[:40]
    put(tmp_path / "raw.key", key)
    assert p.load_key(tmp_path / "raw.key") == key


def test_the_written_demo_key_is_known_again(tmp_path):
    put(tmp_path / "demo.key", p.demo_key(7).hex().encode())
    assert p.is_demo_key(p.load_key(tmp_path / "demo.key"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ab" * 31, "31 bytes"),
        (b"abc", "one is missing"),
        (b"correct horse battery staple, and then some more words", "guessed"),
        (bytes(range(200, 209)), "9 bytes"),
        (b"\xef\xbb\xbf" + DIGITS.encode(), "hexadecimal digits with a byte-order mark"),
        (DIGITS.encode("utf-16"), "hexadecimal digits in UTF-16"),  # as Notepad and `>` of PowerShell write
        (DIGITS.encode("utf-16-le"), "hexadecimal digits in UTF-16"),
        (DIGITS.encode("utf-16-be"), "hexadecimal digits in UTF-16"),
        (DIGITS.encode("utf-32"), "hexadecimal digits in UTF-32"),
        ("déjà vu, and then some more words to make it long enough".encode(), "typed text"),
        ("correct horse battery staple".encode("utf-16"), "typed text"),
        (b"00" * 32, "1 different byte among 32"),
        (bytes(32), "1 different byte among 32"),
        (bytes(range(32)), "in few steps"),
        (bytes(range(7, 250, 6)).hex().encode(), "in few steps"),
        (b"ff" * 40, "1 different byte among 40"),
        (b"0123456789abcdef" * 4, "8 different bytes among 32"),
        (bytes(range(180, 200)) * 2, "repeats itself after 20 bytes"),
        (b"correct horse battery staple, and more".hex().encode(), "spell typed text"),
    ],
)
def test_weak_key_files_are_refused(tmp_path, content, reason):
    put(tmp_path / "weak.key", content)
    with pytest.raises(InputError, match=reason):
        p.load_key(tmp_path / "weak.key")


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = put(tmp_path / "open.key", DIGITS.encode())
    path.chmod(mode)
    with pytest.raises(InputError, match=rf"may be read by others \(mode {mode:o}\)\. `chmod 600`"):
        p.load_key(path)
    path.chmod(0o600)
    assert p.load_key(path) == hashlib.sha256(b"a key").digest()


def test_random_keys_are_never_taken_for_weak_ones(tmp_path):
    for number in range(300):
        key = hashlib.sha256(str(number).encode()).digest()
        assert p.load_key(put(tmp_path / "raw.key", key)) == key
        assert p.load_key(put(tmp_path / "digits.key", key.hex().encode())) == key


def test_a_constant_key_is_refused_for_data_that_are_not_synthetic():
    with pytest.raises(InputError, match="1 different byte among 32"):
        p.require_secret(bytes(32), synthetic=False)


def test_a_key_inside_the_workbook_is_refused_and_so_is_an_absent_one(tmp_path):
    with pytest.raises(InputError, match="inside the workbook"):
        p.load_key(project_root() / "outputs" / "phm.key")
    with pytest.raises(InputError, match="cannot be read"):
        p.load_key(tmp_path / "none.key")


def test_a_quarter_of_a_million_take_seconds_not_minutes():
    start = time.process_time()
    made = p.pseudonyms((str(i) for i in range(250_000)), KEY)
    assert len(set(made)) == 250_000
    assert time.process_time() - start < 5
