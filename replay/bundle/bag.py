"""The bag around a bundle: manifests, declaration and description, held against the members."""

from typing import Final

from replay.bundle import parts
from replay.bundle.archive import Archive, Damaged
from replay.verify.report import Finding

TOP: Final = {parts.BAGIT, parts.BAG_INFO, parts.MANIFEST, parts.TAG_MANIFEST}
_HEX: Final = frozenset("0123456789abcdef")
_UNREADABLE: Final = (KeyError, ValueError, Damaged)


class Bag:
    """One bag, and what is wrong with it."""

    def __init__(self, archive: Archive) -> None:
        """Look at the members of an archive."""
        self._archive = archive
        self.info: dict[str, str] = {}
        """What bag-info.txt says, by name."""
        self.findings: list[Finding] = []

    def check(self) -> None:
        """Find what is wrong, and read what the bag says of itself."""
        self._manifests()
        self._read_info()

    def _add(self, what: str) -> None:
        self.findings.append(Finding("B01", None, None, None, None, what))

    def _manifests(self) -> None:
        """Hold every member against the manifests, and the manifests against the members."""
        payload = {path for path in self._archive.paths if path.startswith("data/")}
        beside = set(self._archive.paths) - payload
        for extra in sorted(beside - TOP):
            self._add(f"{extra} has no place in a bundle")
        self._manifest(parts.MANIFEST, payload)
        self._manifest(parts.TAG_MANIFEST, (beside | TOP) - {parts.TAG_MANIFEST})
        try:
            if self._archive.read(parts.BAGIT).decode() != parts.DECLARATION:
                self._add(f"{parts.BAGIT} does not declare BagIt 1.0")
        except _UNREADABLE:
            self._add(f"{parts.BAGIT} can not be read")

    def _manifest(self, name: str, members: set[str]) -> None:
        listed: dict[str, str] = {}
        try:
            for line in self._lines(name):
                digest, _, path = line.partition("  ")
                if len(digest) != 64 or not set(digest) <= _HEX or path in listed:
                    raise ValueError(line)
                listed[path] = digest
        except _UNREADABLE:
            self._add(f"{name} is missing or no manifest")
            return
        for path in sorted(listed.keys() | members):
            if path not in listed:
                self._add(f"{path} stands in no manifest")
                continue
            try:
                if self._archive.digest(path) != listed[path]:
                    self._add(f"{path} is not what {name} says")
            except (KeyError, Damaged):
                self._add(f"{path} is missing or broken")

    def _read_info(self) -> None:
        try:
            for line in self._lines(parts.BAG_INFO):
                name, colon, value = line.partition(": ")
                if not colon or name in self.info:
                    raise ValueError(line)
                self.info[name] = value
            size, _, count = self.info["Payload-Oxum"].partition(".")
            if self.info["Ticketledger-Bundle-Format"] != parts.FORMAT:
                self._add("the bundle is of a format this program does not know")
            payload = [path for path in self._archive.paths if path.startswith("data/")]
            total = sum(self._archive.size(path) for path in payload)
            if (size, count) != (str(total), str(len(payload))):
                self._add("Payload-Oxum is not what the bundle holds")
        except _UNREADABLE:
            self._add(f"{parts.BAG_INFO} is missing or incomplete")

    def _lines(self, path: str) -> list[str]:
        """Return the lines of a text that ends in a newline; nothing else ends a line."""
        *lines, rest = self._archive.read(path).decode().split("\n")
        if rest:
            raise ValueError(path)
        return lines
