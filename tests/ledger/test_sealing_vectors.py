"""Other people's vectors for what seals personal values: AES-GCM, key wrapping, disclosures."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from domain.ledger.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    KeyEncryptionKey,
    Unopenable,
    commitment,
    disclosed_value,
    disclosure,
    unseal,
)

TAG_BITS = 128
WITHOUT_PADDING = "RFC 3349 padding"
"""How Wycheproof calls the one key that is wrapped as ours are (it means RFC 3394)."""


def groups(shared: Path, name: str) -> list[dict[str, Any]]:
    """Return the groups of a file of Wycheproof's."""
    file = shared / "vectors/wycheproof/testvectors_v1" / name
    found: list[dict[str, Any]] = json.loads(file.read_bytes())["testGroups"]
    return found


def test_aes_gcm_is_judged_as_wycheproof_judges_it(shared: Path) -> None:
    """Of keys and nonces as long as ours: what was changed anywhere does not open."""
    judged = {"valid": 0, "invalid": 0}
    for group in groups(shared, "aes_gcm_test.json"):
        ours = (8 * NONCE_BYTES, 8 * KEY_BYTES, TAG_BITS)
        if (group["ivSize"], group["keySize"], group["tagSize"]) != ours:
            continue
        for vector in group["tests"]:
            key, aad = bytes.fromhex(vector["key"]), bytes.fromhex(vector["aad"])
            sealed = bytes.fromhex(vector["iv"] + vector["ct"] + vector["tag"])
            if vector["result"] == "valid":
                assert unseal(key, sealed, place=aad).hex() == vector["msg"], vector["tcId"]
                with pytest.raises(Unopenable):
                    unseal(key, sealed, place=aad + b"\0")
            else:
                with pytest.raises(Unopenable):
                    unseal(key, sealed, place=aad)
            judged[vector["result"]] += 1
    assert judged == {"valid": 39, "invalid": 27}


def test_a_sealed_value_without_a_whole_nonce_does_not_open(shared: Path) -> None:
    """A nonce of no bytes lets everything be forged, and shorter ones are none of ours."""
    short = [one for one in groups(shared, "aes_gcm_test.json") if one["ivSize"] < 64]
    vectors = [(group, vector) for group in short for vector in group["tests"]]
    assert vectors
    for _group, vector in vectors:
        sealed = bytes.fromhex(vector["iv"] + vector["ct"] + vector["tag"])
        with pytest.raises(Unopenable):
            unseal(bytes.fromhex(vector["key"]), sealed, place=bytes.fromhex(vector["aad"]))


def test_keys_are_wrapped_as_rfc_3394_wraps_them() -> None:
    """Its last example (§4.6): 256 bits of key under 256 bits of key."""
    key = "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"
    wrapped = bytes.fromhex(
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    )
    assert KeyEncryptionKey(bytes(range(32))).unwrap(wrapped).hex() == key


def test_keys_wrapped_in_any_other_way_are_refused(shared: Path) -> None:
    """Wycheproof's vectors are of wrapping with padding (RFC 5649), right ones and wrong ones."""
    judged = 0
    for group in groups(shared, "aes_kwp_test.json"):
        for vector in group["tests"]:
            key = bytes.fromhex(vector["key"])
            if len(key) != KEY_BYTES:
                with pytest.raises(ValueError, match="32 bytes"):
                    KeyEncryptionKey(key)
                continue
            wrapped = bytes.fromhex(vector["ct"])
            if vector["comment"] == WITHOUT_PADDING:
                assert KeyEncryptionKey(key).unwrap(wrapped).hex() == vector["msg"]
                continue
            with pytest.raises(Unopenable):
                KeyEncryptionKey(key).unwrap(wrapped)
            judged += 1
    assert judged > 50


def test_the_claims_of_the_sd_jwt_examples_are_committed_to_and_read_back(shared: Path) -> None:
    """Of its cases those apply that are texts of objects: nothing else is personal here."""
    read = 0
    for case in sorted((shared / "vectors/sd-jwt").rglob("specification.yml")):
        for name, quoted, plain in re.findall(
            r'^ *!sd "?([\w.]+)"?: (?:"(.*)"|([^\s\[{"][^\[{"]*))$', case.read_text(), re.MULTILINE
        ):
            value = quoted or plain
            disclosed = disclosure(name, value)
            assert disclosed_value(disclosed, commitment(disclosed)) == value
            with pytest.raises(Unopenable):
                disclosed_value(disclosure(name, value), commitment(disclosed))
            read += 1
    assert read >= 20
