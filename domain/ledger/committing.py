"""One batch of a lane: load the heads it needs, judge, stamp, append once, and answer each.

A conflict fails its own command only. A refusal is final only on heads that are on record now, and
only for a command that is not on record already.
"""

import logging
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from domain import errors
from domain.commands import CorrectDiagnosis, OpenTicket, ReopenTicket
from domain.ledger import outcomes
from domain.ledger.attempts import attempt_of, names_taken
from domain.ledger.batch import Attempt, Verdict, VerdictKind
from domain.ledger.folding import Head, Heads
from domain.ledger.judging import Bench, judge, main_stream, order_of
from domain.ledger.recorder import AppendUnknown, DatabaseUnavailable, Recorder
from domain.ledger.recorder import Outcome as Recorded
from domain.ledger.sealing import KeyEncryptionKey
from domain.ledger.stamping import (
    Circumstances,
    DataKeys,
    Stamper,
    forgotten_keys,
    key_names,
)
from domain.ledger.vault import Shelf
from domain.ledger.waiting import Answers, Judged, Waiting
from domain.proof.canonical import NotCanonical, TooLarge
from domain.record import Cause, Covered
from domain.streams import order_stream
from domain.values import Instant

DATABASE_WAIT_S: Final = 10.0
"""How long a lost reply is asked for before its commands fail as unavailable."""
MISSED_MAX: Final = 50
"""How many missed events a stale caller is told of."""
DATA_KEYS_MAX: Final = 50_000
log = logging.getLogger(__name__)


class Committer:
    """Writes batches of one lane; only the lane's writer thread calls it."""

    def __init__(
        self,
        lane: int,
        *,
        recorder: Recorder,
        stamper: Stamper,
        bench: Bench,
        shelf: Shelf,
        key_encryption_key: KeyEncryptionKey,
        now: Callable[[], Instant],
        covered: Callable[[], Covered | None],
        on_commit: Callable[[int, int], None],
    ) -> None:
        """Write to a lane of the record with the given parts."""
        self.heads = Heads(recorder, lane)
        self._lane = lane
        self._recorder = recorder
        self._stamper = stamper
        self._bench = bench
        self._shelf = shelf
        self._kek = key_encryption_key
        self._now = now
        self._covered = covered
        self._on_commit = on_commit
        self._data_keys: DataKeys = {}

    def write(self, batch: Sequence[Waiting]) -> Answers:
        """Return the answers to commands of which no two share a stream."""
        judged, answers = self.judge(batch)
        answers.extend(self.answer(judged, self.append(judged)))
        return answers

    def judge(self, batch: Sequence[Waiting]) -> tuple[list[Judged], Answers]:
        """Return what is to be appended, judged and stamped, and the answers to all else."""
        answers = Answers()
        now = self._now()
        judged = self._judge(batch, now, answers)
        self._find_keys(judged, self._data_keys)
        for one in judged:
            try:
                self._stamp(one, now, self._data_keys)
            except (TooLarge, NotCanonical) as error:
                one.refusal = errors.LimitReached(str(error))
        self._answer_silent([one for one in judged if one.stamped is None], answers)
        self._shelf.flush()
        return [one for one in judged if one.stamped is not None], answers

    def write_rows(self, batch: Sequence[Waiting]) -> Answers:
        """Return the answers to rows of an import, each judged on what the one before leads to."""
        answers = Answers()
        recorded = self._recorder.outcome(self._lane, [one.command for one in batch])
        fresh: list[Waiting] = []
        for one in batch:
            if one.command in recorded:
                known = recorded[one.command]
                answers.add(one, outcomes.replayed(self._lane, one, known))
            else:
                fresh.append(one)
        mains = [main_stream(one.request.command, ticket="") for one in fresh]
        ends = self.heads.find(mains)
        now = self._now()
        judged: list[Judged] = []
        made: DataKeys = {}  # by rows before this one; nobody else may seal with them yet
        usable = ChainMap(made, self._data_keys)
        for one, stream in zip(fresh, mains, strict=True):
            main = ends[stream]
            row = Judged(one, main, {stream: main})
            try:
                row.facts = judge(one.request, main, row.heads, self._bench, now).facts
            except errors.Refusal as refusal:
                answers.add(one, refusal)
                continue
            self._find_keys([row], usable)
            try:
                self._stamp(row, now, usable)
            except (TooLarge, NotCanonical) as error:
                answers.add(one, errors.LimitReached(str(error)))
                continue
            assert row.stamped is not None, "every row is at least one record"
            made |= row.stamped.new_data_keys
            ends |= row.stamped.heads
            judged.append(row)
        self._shelf.flush()
        answers.extend(self.answer(judged, self.append(judged)))
        if answers.again:
            # A rival wrote meanwhile: what was built on the heads before is worth nothing.
            self.heads.forget(mains)
        return answers

    # --- before the append --------------------------------------------------------------------

    def _judge(self, batch: Sequence[Waiting], now: Instant, answers: Answers) -> list[Judged]:
        """Return each command judged; one whose judgement breaks is answered with the error."""
        mains = [_main(one) for one in batch]
        drawn = {stream for one, stream in zip(batch, mains, strict=True) if _is_new(one)}
        found = {stream: Head(stream) for stream in drawn}
        found |= self.heads.find(
            [stream for stream in mains if stream not in drawn]
            + [one.holder for one in batch if one.holder]
        )
        orders = [
            order_of(one.request.command, found[main])
            for one, main in zip(batch, mains, strict=True)
        ]
        found |= self.heads.find([order_stream(order) for order in orders if order])
        judged: list[Judged] = []
        for one, stream, order in zip(batch, mains, orders, strict=True):
            main = found[stream]
            if one.holder and one.wanted not in getattr(found[one.holder].state, "holds", ()):
                one.wanted = one.holder = None  # it was freed since: the name may be had
                answers.again.append(one)
                continue
            heads = {stream: main}
            if order:
                heads[order_stream(order)] = found[order_stream(order)]
            holder = None
            if one.holder and isinstance(one.request.command, CorrectDiagnosis | ReopenTicket):
                holder = heads[one.holder] = found[one.holder]
            answer = Judged(one, main, heads)
            try:
                answer.facts, answer.ticket = judge(
                    one.request, main, heads, self._bench, now, holder=holder
                )
            except errors.Refusal as refusal:
                answer.refusal = refusal
            except Exception as error:
                # The judge is broken, not the batch: its caller is told and the others go on.
                log.exception("%s could not be judged", type(one.request.command).__name__)
                answers.add(one, error)
                continue
            judged.append(answer)
        return judged

    def _find_keys(self, judged: Sequence[Judged], known: Mapping[tuple[str, str], bytes]) -> None:
        """Have at hand the stored keys of the subjects that facts on known streams speak of."""
        if len(self._data_keys) > DATA_KEYS_MAX:
            self._data_keys.clear()
        for one in judged:
            self._evict(one.heads.values())
        pairs = {
            pair
            for one in judged
            for pair in key_names(one.facts, one.heads)
            if pair not in known and one.heads[pair[0]].version > 0
        }
        if pairs:
            for pair, wrapped in self._recorder.keys(self._lane, pairs).items():
                self._data_keys[pair] = self._kek.unwrap(wrapped)

    def _evict(self, heads: Iterable[Head]) -> None:
        """Forget the keys that were erased; their names are not asked for any more."""
        for head in heads:
            for pair in forgotten_keys(head):
                self._data_keys.pop(pair, None)

    def _stamp(self, one: Judged, now: Instant, known: Mapping[tuple[str, str], bytes]) -> None:
        """Give a command's facts their lines; one without facts stays without."""
        if not one.facts:
            return
        request = one.waiting.request
        cause = Cause(
            command=one.waiting.command,
            correlation=request.correlation or one.waiting.command,
            by=request.by,
        )
        one.stamped = self._stamper.stamp(
            one.facts,
            one.heads,
            known,
            Circumstances(now, request.actor, cause, request.source, self._covered()),
            one.ticket,
        )

    # --- answers without an append ------------------------------------------------------------

    def _answer_silent(self, silent: Sequence[Judged], answers: Answers) -> None:
        """Answer what records nothing: refusals and harmless repetitions.

        A retry gets its first answer even when the state has moved on, so the key is looked up
        before any refusal; and no refusal is judged on a head that is behind the record.
        """
        if not silent:
            return
        # What was tried before may be on record without a key too: its reply was lost.
        keyed = [
            one.waiting.command for one in silent if one.waiting.request.key or one.waiting.tries
        ]
        recorded = self._recorder.outcome(self._lane, keyed) if keyed else {}
        current = self._recorder.heads(
            self._lane, {stream for one in silent for stream in one.heads}
        )
        for one in silent:
            waiting = one.waiting
            stale = [
                stream
                for stream, head in one.heads.items()
                if current[stream].leaf_hash != head.leaf_hash
            ]
            if waiting.command in recorded:
                known = recorded[waiting.command]
                answers.add(waiting, outcomes.replayed(self._lane, waiting, known))
            elif stale:
                self.heads.forget(stale)
                answers.again.append(waiting)
            elif one.refusal is not None:
                self._tell_missed(one)
                answers.add(waiting, one.refusal)
            else:
                answers.add(waiting, outcomes.nothing_new(self._lane, one.main))

    def _tell_missed(self, one: Judged) -> None:
        """Add to a stale caller's refusal what happened since the version it saw."""
        expected = one.waiting.request.expected_version
        if isinstance(one.refusal, errors.TicketChanged) and expected is not None:
            stream = one.main.stream
            seen = min(max(expected, 0), one.main.version)  # callers make up any number
            rows = self._recorder.read_streams(self._lane, [stream], {stream: seen})
            one.refusal.facts["missed"] = [outcomes.missed(row) for row in rows[:MISSED_MAX]]

    # --- the append ---------------------------------------------------------------------------

    def append(self, judged: Sequence[Judged]) -> list[Verdict]:
        """Return the verdicts of one append; any one thread may wait for it.

        Nothing of the committer is touched, so the next batch can be judged meanwhile.
        """
        if not judged:
            return []
        attempts = [attempt_of(one) for one in judged]
        try:
            return self._recorder.append(self._lane, attempts)
        except AppendUnknown:
            return self._ask_what_was_persisted(judged, attempts)

    def answer(self, judged: Sequence[Judged], verdicts: Sequence[Verdict]) -> Answers:
        """Return what verdicts mean for those who wait, and remember what is on record now."""
        answers = Answers()
        last = 0
        for one, verdict in zip(judged, verdicts, strict=True):
            try:
                self._answer(one, verdict, answers)
            except DatabaseUnavailable as error:
                answers.add(one.waiting, error)  # the others have their answers already
            if verdict.kind is VerdictKind.ACCEPTED:
                last = max(last, verdict.position or 0)
        if last:
            self._on_commit(self._lane, last)
        return answers

    def _answer(self, one: Judged, verdict: Verdict, answers: Answers) -> None:
        waiting = one.waiting
        match verdict.kind:
            case VerdictKind.ACCEPTED:
                assert verdict.position is not None, "an accepted command has a position"
                assert one.stamped is not None, "and events"
                outcome, ends = outcomes.accepted(self._lane, one, verdict.position)
                self.heads.keep(ends.values())
                self._data_keys |= one.stamped.new_data_keys
                self._evict(ends.values())
                answers.add(waiting, outcome)
            case VerdictKind.REPLAYED:
                known = self._recorder.outcome(self._lane, [waiting.command])[waiting.command]
                answers.add(waiting, outcomes.replayed(self._lane, waiting, known))
            case VerdictKind.KEY_REUSED:
                answers.add(waiting, errors.KeyReused())
            case VerdictKind.RESERVED:
                self._find_holder(one)
                if isinstance(
                    waiting.request.command, OpenTicket | CorrectDiagnosis | ReopenTicket
                ):
                    answers.again.append(waiting)
                else:
                    answers.add(waiting, errors.AlreadyOpen())
            case VerdictKind.CONFLICT:
                self.heads.forget(one.heads)
                for pair in key_names(one.facts, one.heads):
                    self._data_keys.pop(pair, None)
                answers.again.append(waiting)
            case VerdictKind.LATER:
                answers.again.append(waiting)

    def _find_holder(self, one: Judged) -> None:
        """Note who holds a name the command wanted, to judge again knowing it."""
        names = [name for name, _ in names_taken(one)]
        holders = self._recorder.holders(self._lane, names)
        wanted = next((name for name in names if name in holders), None)
        one.waiting.wanted = wanted
        one.waiting.holder = holders[wanted] if wanted is not None else None
        self.heads.forget(holders.values())

    def _ask_what_was_persisted(
        self, judged: Sequence[Judged], attempts: Sequence[Attempt]
    ) -> list[Verdict]:
        """Return the verdicts of an append whose reply was lost; never a blind retry.

        What is not on record is judged again, under the same command id. Raises AppendUnknown
        when the database stays away.
        """
        until = time.monotonic() + DATABASE_WAIT_S
        pause_s = 0.01
        while True:
            try:
                found = self._recorder.outcome(self._lane, [one.command for one in attempts])
                break
            except DatabaseUnavailable as error:
                if time.monotonic() > until:
                    raise AppendUnknown("the database stayed away after a lost reply") from error
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, 0.5)
        return [_persisted(one, found.get(one.waiting.command)) for one in judged]


def _persisted(one: Judged, found: Recorded | None) -> Verdict:
    """Return the verdict of a command by what is on record of it."""
    if found is None:
        return Verdict(VerdictKind.CONFLICT, None)
    if found.body_hmac != one.waiting.hmac:
        return Verdict(VerdictKind.KEY_REUSED, None)
    assert one.stamped is not None, "what was sent had been stamped"
    ours = [line.leaf_hash for line in found.lines] == list(one.stamped.hashes)
    # An earlier request with the same key may have been recorded, not this one.
    kind = VerdictKind.ACCEPTED if ours else VerdictKind.REPLAYED
    return Verdict(kind, found.lines[-1].position)


def _is_new(waiting: Waiting) -> bool:
    """Return whether the command opens a ticket under an id drawn for it."""
    return isinstance(waiting.request.command, OpenTicket) and waiting.holder is None


def _main(waiting: Waiting) -> str:
    """Return the stream a command is about: for a second opening, the ticket that lives."""
    command = waiting.request.command
    if isinstance(command, OpenTicket) and waiting.holder is not None:
        return waiting.holder
    return main_stream(command, ticket=waiting.ticket)
