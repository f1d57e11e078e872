"""Standard base64 as C2SP formats use it: every value has one spelling, and only that is read."""

import base64
import binascii


def encode(value: bytes) -> str:
    """Return the value in standard base64 with padding."""
    return base64.b64encode(value).decode("ascii")


def decode(text: str) -> bytes:
    """Return what the text spells; ValueError for anything but its one spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("this is not base64") from error
    # Python ignores stray bits in the last character, and two spellings are two notes.
    if encode(value) != text:
        raise ValueError("this is not the one spelling of its base64")
    return value
