"""The bags of the Library of Congress's conformance suite (BagIt 0.96 and 0.97, CC0).

Our reader takes BagIt 1.0 with SHA-256, UTF-8 and plain names, and nothing else: no bag of the
suite is a bundle as it stands. So each is also carried over to that form, and its lines to plain
ones, with all else that is odd or wrong in it; and bagit.py, which takes the whole of BagIt, says
that the verdict came over with it.
"""

import hashlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from replay.bundle import check
from replay.bundle.archive import MalformedBundle, opened
from replay.bundle.bag import Bag
from tests.replay.test_bundle import pack

OURS = {"basic-bag", "minimal-bag", "bag-in-a-bag"}
NOT_OURS = {
    "bag-with-encoded-names": "a name that no bundle has",
    "bag-with-escapable-characters": "a name that no bundle has",
    "bag-with-space": "a name that no bundle has",
    "holey-bag": "a name that no bundle has",
    "bag-with-leading-dot-slash-in-manifest": "./data/test2.txt is missing or broken",
    "duplicate-metadata-entries": "bag-info.txt is missing or incomplete",
    "uncommon-metadata-separators": "bag-info.txt is missing or incomplete",
    "ISO-8859-1-encoded-tag-files": "bagit.txt does not declare BagIt 1.0",
    "UTF-16-encoded-tag-files": "bagit.txt does not declare BagIt 1.0",
}
"""Bags that are good, and none that this program writes: other names, other spellings, holes."""
INVALID = {
    "baginfo-missing-encoding": "bagit.txt does not declare BagIt 1.0",
    "bom-in-bagit.txt": "bagit.txt does not declare BagIt 1.0",
    "corrupt-data-file": "data/bare-filename is not what manifest-sha256.txt says",
    "corrupt-tag-file": "bagit.txt is not what tagmanifest-sha256.txt says",
    "extra-file-in-bag": "data/bar stands in no manifest",
    "invalid-version-number": "bagit.txt does not declare BagIt 1.0",
    "missing-baginfo": "bag-info.txt is missing or broken",
    "missing-bagit.txt": "bagit.txt is missing or broken",
    "out-of-scope-file-paths-using-dot-notation": "../../../README.md is missing or broken",
    "out-of-scope-file-paths-using-dot-notation-for-fetch": "fetch.txt has no place in a bundle",
    "same-filename-listed-twice-with-different-hashes": "manifest-sha256.txt is missing or no",
}
"""What is wrong with each bag, and how our reader says so."""


@pytest.fixture(scope="module")
def suite(shared: Path) -> dict[str, dict[str, Path]]:
    """The suite's bags by verdict, then by version and name."""
    found: dict[str, dict[str, Path]] = {"valid": {}, "invalid": {}}
    for verdict, bags in found.items():
        for place in sorted((shared / "vectors/bagit").glob(f"*/{verdict}/*/")):
            if place.is_dir():
                bags[f"{place.parent.parent.name}/{place.name}"] = place
    assert {verdict: len(bags) for verdict, bags in found.items()} == {"valid": 20, "invalid": 11}
    return found


def content_of(bag: Path) -> dict[str, bytes]:
    """Return the members of a bag."""
    files = (path for path in sorted(bag.rglob("*")) if path.is_file())
    return {path.relative_to(bag).as_posix(): path.read_bytes() for path in files}


def carried_over(bag: Path) -> dict[str, bytes]:
    """Return a bag as BagIt 1.0 with SHA-256 and plain lines, and all that is wrong in it."""
    told = content_of(bag)
    algorithm = next(one for one in ("sha256", "sha224", "md5") if f"manifest-{one}.txt" in told)
    declared = re.search(rb"Encoding: (\S+)", told.get("bagit.txt", b""))
    encoding = declared[1].decode() if declared else "UTF-8"
    new = {name: one for name, one in told.items() if not re.match("(tag)?manifest-", name)}
    if "bagit.txt" in told:
        declaration = re.sub(rb" 0\.9[67]", b" 1.0", told["bagit.txt"]).replace(b"\r", b"")
        new["bagit.txt"] = declaration.rstrip() + b"\n"
    if "bag-info.txt" in told:
        payload = [content for name, content in told.items() if name.startswith("data/")]
        info = re.sub(r"\r?\n[ \t]+", " ", told["bag-info.txt"].decode(encoding))
        lines = [line for line in info.splitlines() if not line.startswith("Payload-Oxum")]
        lines += [f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}"]
        lines += ["Ticketledger-Bundle-Format: 1", ""]
        new["bag-info.txt"] = "\n".join(lines).encode(encoding)
    for name in ("manifest", "tagmanifest"):
        if manifest := told.get(f"{name}-{algorithm}.txt"):
            again = _again(manifest.decode(encoding), algorithm, told, new)
            new[f"{name}-sha256.txt"] = again.encode(encoding)
    return new


def _again(
    manifest: str, algorithm: str, told: Mapping[str, bytes], new: Mapping[str, bytes]
) -> str:
    """Return a manifest with SHA-256, in which what was wrong is wrong and what was right right."""
    lines = []
    for line in manifest.splitlines():
        digest, name = line.split(maxsplit=1)
        path = name.strip().removeprefix("./")
        was_right = path in told and hashlib.new(algorithm, told[path]).hexdigest() == digest
        now = "manifest-sha256.txt" if path.startswith("manifest-") else path
        right = hashlib.sha256(new.get(now, b"")).hexdigest()
        spelt = name.strip().replace(path, now)
        lines.append(f"{right if was_right else 'deadbeef' + right[8:]}  {spelt}\n")
    return "".join(dict.fromkeys(lines))


def refusal(path: Path) -> str:
    """Return why our reader does not take a bag; empty when it does."""
    try:
        with opened(path) as archive:
            bag = Bag(archive)
            bag.check()
            return "; ".join(finding.what for finding in bag.findings)
    except MalformedBundle as malformed:
        return str(malformed)


def judged_by_bagit(bags: Mapping[str, Mapping[str, bytes]], place: Path) -> dict[str, bool]:
    """Return what bagit.py says of each bag."""
    for name, content in bags.items():
        for member, one in content.items():
            path = place / name.replace("/", "-") / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one)
    verdicts = {}
    for name in bags:
        bag = place / name.replace("/", "-")
        command = [sys.executable, "-W", "ignore", "-m", "bagit", "--quiet", "--validate", str(bag)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        verdicts[name] = done.returncode == 0
    return verdicts


def test_no_bag_of_the_suite_is_taken_for_a_bundle(
    suite: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """A bundle is BagIt 1.0 with SHA-256; whatever else is refused, and nothing crashes."""
    for bags in suite.values():
        for name, bag in bags.items():
            packed = pack(tmp_path / "bag.zip", content_of(bag))
            assert refusal(packed), name
            try:
                assert not check(packed).clean, name
            except MalformedBundle:
                continue


def test_every_invalid_bag_is_refused_for_what_is_wrong_with_it(
    suite: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """Carried over to our form nothing is wrong but what the suite made wrong."""
    bags = {name: carried_over(bag) for name, bag in suite["invalid"].items()}
    said = {name: refusal(pack(tmp_path / "bag.zip", bag)) for name, bag in bags.items()}
    assert {name.partition("/")[2] for name in said} == INVALID.keys()
    for name, why in said.items():
        assert INVALID[name.partition("/")[2]] in why, f"{name}: {why}"
    assert not any(judged_by_bagit(bags, tmp_path).values())


def test_every_valid_bag_of_our_form_is_taken_and_the_others_are_told_why_not(
    suite: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """We are strict in what we read: what we never write is no bundle, however good a bag it is."""
    bags = {name: carried_over(bag) for name, bag in suite["valid"].items()}
    said = {name: refusal(pack(tmp_path / "bag.zip", bag)) for name, bag in bags.items()}
    assert {name.partition("/")[2] for name in said} == OURS | NOT_OURS.keys()
    for name, why in said.items():
        expected = NOT_OURS.get(name.partition("/")[2])
        assert why == "" if expected is None else expected in why, f"{name}: {why}"
    judged = judged_by_bagit(bags, tmp_path)
    assert [name for name, valid in judged.items() if not valid] == []
