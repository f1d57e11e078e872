"""A JSON object of long lists, read element by element; what the elements mean is elsewhere."""

import json
from collections.abc import Collection, Iterator
from typing import IO, Final

CHUNK: Final = 1 << 20
ELEMENT_MAX: Final = 1 << 26
"""Characters: more than this of one element is not held."""
_BLANKS: Final = " \t\r\n"
_SIGN_MAX: Final = 16
"""No sign inside a value is longer: -Infinity, e+9, or an escape in two halves."""


class MalformedJson(ValueError):  # noqa: N818 - named for what the text is
    """The text is not one JSON object, or an element of it is too long."""


class LargeObject:
    """An object in a file: the elements of some lists one by one, other members whole."""

    def __init__(self, file: IO[str], lists: Collection[str]) -> None:
        """Read from a file, at its beginning."""
        self.seen: set[str] = set()
        """The members that were begun."""
        self._lists = lists
        self._file = file
        self._text = ""
        self._at = 0
        self._dropped = 0

    def elements(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each list with the text of each element, and of each other member.

        Raises MalformedJson, also for a member that is there twice, and UnicodeDecodeError.
        """
        self._take("{")
        while self._next() != "}":
            if self.seen:
                self._take(",")
            name = self._name()
            self._take(":")
            if name in self._lists:
                for text in self._listed():
                    yield name, text
            else:
                yield name, self._value()
        self._take("}")
        if self._next():
            raise self._malformed("something follows the object")

    def _name(self) -> str:
        if self._next() != '"':
            raise self._malformed("a member has no name")
        name: str = json.loads(self._value())
        if name in self.seen:
            raise self._malformed(f"the member {name} is there twice")
        self.seen.add(name)
        return name

    def _listed(self) -> Iterator[str]:
        self._take("[")
        first = True
        while self._next() != "]":
            if not first:
                self._take(",")
            yield self._value()
            first = False
        self._take("]")

    def _take(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise self._malformed(f"{sign} is expected, and {found or 'the end'} is there")
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is no blank, without taking it; nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> str:
        """Take the text of the next value."""
        self._next()
        end, wrong = self._tried()
        # What ends near the end of what was read may go on behind it: 1 as 1e+9, nul as null.
        while end + _SIGN_MAX > len(self._text) and self._more():
            end, wrong = self._tried()
        if wrong is not None:
            what, at = getattr(wrong, "msg", str(wrong)), getattr(wrong, "pos", self._at)
            raise self._malformed(what, at) from wrong
        text = self._text[self._at : end]
        self._at = end
        return text

    def _tried(self) -> tuple[int, Exception | None]:
        """Return where the next value ends, or up to where it can be read, and what is wrong."""
        try:
            return _DECODER.raw_decode(self._text, self._at)[1], None
        except json.JSONDecodeError as error:
            is_cut = error.msg.startswith("Unterminated string")  # of that it tells the beginning
            return len(self._text) if is_cut else error.pos, error
        except (ValueError, RecursionError) as error:
            return self._at, error

    def _malformed(self, what: str, at: int | None = None) -> MalformedJson:
        """Return the fault, with its place in the file and not in what is held of it."""
        place = self._dropped + (self._at if at is None else at)
        return MalformedJson(f"{what} (char {place})")

    def _more(self) -> bool:
        """Read on, and return whether there was anything; what was taken is dropped."""
        kept = self._text[self._at :]
        if len(kept) > ELEMENT_MAX:
            raise self._malformed(f"an element has more than {ELEMENT_MAX:,} characters, or no end")
        read = self._file.read(max(CHUNK, len(kept)))  # so that long ones are not tried too often
        if read:
            self._dropped += self._at
            self._text, self._at = kept + read, 0
        return bool(read)


def _unread(_text: str) -> None:
    """Make nothing of a number: its text is taken."""


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_int=_unread, parse_float=_unread, parse_constant=_refused)
