"""Spans joined in the order of their lane: chains across spans, the tree and its roots."""

from collections.abc import Callable, Container, Iterable, Mapping

import msgspec

from domain.proof.merkle import CompactRange
from domain.proof.tiles import WIDTH
from replay.verify.report import FINDINGS_MAX, Finding
from replay.verify.span import (
    BEFORE_ALL,
    Link,
    Named,
    Sealed,
    Span,
    follows,
    link_finding,
)

FindLinks = Callable[[Iterable[str]], Mapping[str, Link]]
"""Gives the last events of streams before the place an audit began at."""


class Whole(msgspec.Struct):
    """What the spans of one lane joined so far come to; it can be written down and taken up."""

    lane: int
    begins: int
    """The position an audit began after; 0 when it is of the whole lane."""
    position: int
    events: int = 0
    findings: list[Finding] = []
    left_out: int = 0
    tree: bytes = CompactRange().state
    """The compact range over the roots of whole tiles."""
    tile_roots: list[bytes] = []
    """Of the tiles since the beginning."""
    contents: dict[str, Named] = {}
    books: dict[str, Named] = {}
    holds: dict[str, tuple[str, ...]] = {}
    unopened: list[tuple[Sealed, str]] = []
    erased: set[tuple[str, int, str]] = set()
    erased_contents: set[str] = set()
    disputed: bool = False
    """Whether a checkpoint of another root was found: all that follow have another one too."""

    def add(self, finding: Finding) -> None:
        """Note a finding, or count it when there are too many."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)
        else:
            self.left_out += 1


class Joiner:
    """Joins the spans of one lane."""

    def __init__(self, whole: Whole, find_links: FindLinks) -> None:
        """Go on from what was joined before; ends of streams before that are looked up."""
        self.whole = whole
        self.roots: dict[int, bytes] = {}
        """Wanted size → the root of the tree that the events hash to."""
        self.unjudged: Container[str] = ()
        """Codes that mean nothing from here on: rows are missing that their events rest on."""
        self._tree = CompactRange.restore(whole.tree)
        self._resumed = whole.position > 0
        self._links: dict[str, Link] = {}
        self._find_links = find_links

    def add(
        self, span: Span, claimed: Iterable[tuple[int, bytes]], wanted: Iterable[int] = ()
    ) -> None:
        """Join the next span, the roots its checkpoints claim, and the sizes others ask for."""
        whole = self.whole
        assert span.first == whole.position, "spans are joined in order"
        claims = list(claimed)
        self._join_links(span)
        roots = self._join_tree(span, sorted({size for size, _ in claims} | set(wanted)))
        self.roots |= {size: roots[size] for size in wanted}
        for finding in span.findings:
            self._add(finding)
        for size, root in claims:
            if root != roots[size] and not whole.disputed:
                whole.disputed = True
                what = f"signed at size {size} was {root.hex()}, the events come to "
                self._add(Finding("E16", whole.lane, size, None, None, what + roots[size].hex()))
        whole.position = span.last
        whole.events += span.events
        whole.contents = {**span.contents, **whole.contents} if span.contents else whole.contents
        whole.books = {**span.books, **whole.books} if span.books else whole.books
        whole.unopened += span.unopened
        whole.erased.update(span.erased)
        whole.erased_contents.update(span.erased_contents)
        for stream, names in span.holds.items():
            if names or whole.begins:
                whole.holds[stream] = names
            else:
                whole.holds.pop(stream, None)

    def _add(self, finding: Finding) -> None:
        if finding.code not in self.unjudged:
            self.whole.add(finding)

    def written(self) -> Whole:
        """Return what was joined so far, to be taken up again."""
        self.whole.tree = self._tree.state
        return self.whole

    def _join_links(self, span: Span) -> None:
        links, whole = self._links, self.whole
        if self._resumed:
            unknown = [stream for stream in span.starts if stream not in links]
            links.update(self._find_links(unknown))
        disordered: dict[str, Link] = {}
        for stream, start in span.starts.items():
            before = links.get(stream, BEFORE_ALL)
            if follows(before, start):
                continue
            self._add(link_finding(whole.lane, stream, before, start))
            if span.ends[stream].version <= before.version:
                disordered[stream] = before  # the stream goes on from its highest version
        links.update(span.ends)
        links.update(disordered)

    def _join_tree(self, span: Span, sizes: list[int]) -> dict[int, bytes]:
        """Return the roots at sizes of the span, after its tiles were added to the tree."""
        tree, roots = self._tree, {}
        pending = iter(sizes)
        size = next(pending, None)
        for root in [*span.tile_roots, None]:
            while size is not None and size // WIDTH == tree.size:
                roots[size] = CompactRange(size, (*tree.nodes, *span.partial.get(size, ()))).root()
                size = next(pending, None)
            if root is not None:
                tree.append(root)
        self.whole.tile_roots += span.tile_roots
        return roots
