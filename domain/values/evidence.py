"""What is put in evidence, where its content lies, and for whom it is bundled."""

from enum import StrEnum
from typing import NewType

import msgspec

Sha256 = NewType("Sha256", str)
"""A SHA-256 digest as 64 lowercase hexadecimal digits."""


class EvidenceKind(StrEnum):
    """What an evidence item is."""

    ORDER_SNAPSHOT = "order_snapshot"
    LOGISTICS_PROOF = "logistics_proof"
    CHAT_RECORD = "chat_record"
    INSPECTION_REPORT = "inspection_report"
    REPAIR_RECORD = "repair_record"
    REPAIR_VIDEO = "repair_video"
    DELIVERY_SIGNATURE = "delivery_signature"
    IDENTITY_DOCUMENT = "identity_document"
    SENSOR_LOG = "sensor_log"
    BATCH_REPORT = "batch_report"
    KEY_STEP_CERTIFICATE = "key_step_certificate"
    """That a step of production was taken as it should be; anchored by who keeps its records."""
    PHOTO = "photo"
    VIDEO = "video"
    STATEMENT = "statement"


class Recipient(StrEnum):
    """For whom a bundle of evidence is made; what is in it follows from that."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    ARBITRATOR = "arbitrator"
    COURT = "court"


class ExportPurpose(StrEnum):
    """What a bundle of evidence is for."""

    OWN_COPY = "own_copy"
    ARBITRATION = "arbitration"
    LITIGATION = "litigation"
    AUDIT = "audit"


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """Where the content of an evidence item lies: the vault, under its own digest."""

    sha256: Sha256
    size: int
    media_type: str
