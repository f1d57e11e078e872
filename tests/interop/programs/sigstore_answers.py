"""Has sigstore-python judge proofs; runs where sigstore is installed and none of our code is."""

import base64
import json
import sys
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint, verify_checkpoint
from sigstore._internal.trust import Keyring
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import LogId, PublicKey, PublicKeyDetails
from sigstore_models.rekor.v1 import Checkpoint, InclusionProof, KindVersion
from sigstore_models.rekor.v1 import TransparencyLogEntry as Inner


def judge(question: dict[str, Any], keyring: Keyring, key_id: bytes) -> None:
    """Raise what the verifier raises."""
    signed = SignedCheckpoint.from_text(question["note"])
    if question["kind"] == "checkpoint":
        signed.signed_note.verify(keyring, key_id)
        return
    proof = InclusionProof(
        log_index=str(question["index"]),
        root_hash=base64.b64encode(bytes.fromhex(signed.checkpoint.log_hash)),
        tree_size=str(signed.checkpoint.log_size),
        hashes=[one.encode() for one in question["hashes"]],
        checkpoint=Checkpoint(envelope=question["note"]),
    )
    inner = Inner(
        log_index=str(question["index"]),
        log_id=LogId(key_id=base64.b64encode(key_id)),
        kind_version=KindVersion(kind="record", version="1"),
        inclusion_proof=proof,
        canonicalized_body=question["record"].encode(),
    )
    entry = TransparencyLogEntry(inner)
    verify_merkle_inclusion(entry)
    verify_checkpoint(keyring, entry)


def main() -> None:
    """Answer the questions on stdin."""
    asked = json.load(sys.stdin)
    key = load_pem_public_key(asked["pem"].encode())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    details = PublicKeyDetails.PKIX_ED25519
    keyring = Keyring([PublicKey(raw_bytes=base64.b64encode(der), key_details=details)])
    answers = []
    for question in asked["questions"]:
        why = ""
        try:
            judge(question, keyring, bytes.fromhex(asked["key_id"]))
        except Exception as error:
            # Whatever it raises is its answer.
            why = f"{type(error).__name__}: {error}"
        answers.append({"name": question["name"], "accepted": not why, "why": why})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
