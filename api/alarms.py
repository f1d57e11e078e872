"""What is the matter with notary and anchoring: what, why, and what to do next.

It is read from the database, so a process that signs nothing can say it of one that should.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from api.keys import FileKeys
from api.models.outcomes import Alarm
from api.settings import Settings
from domain.ledger.standing import LaneStanding, Standing
from domain.values import Instant, instant, moment_of

INTEGRATED_WITHIN: Final = timedelta(seconds=30)
"""The notary takes 0.2 seconds; after three days an audit finds E24."""
SIGNED_WITHIN: Final = timedelta(seconds=60)
WITNESSED_WITHIN: Final = timedelta(minutes=5)
STAMPED_WITHIN: Final = timedelta(minutes=2)
"""Beyond two rounds of stamping, so that one failed try is no alarm."""
_VERIFY: Final = "keep a copy of the database as it is, repair nothing, run `ticketledger verify`"


class Watched(NamedTuple):
    """Whose notary and anchoring are looked at, and by what time."""

    settings: Settings
    standing: Standing
    now: Instant

    def past(self, since: datetime | None, within: timedelta) -> bool:
        """Return whether something has been missing for longer than it may be."""
        return since is not None and moment_of(self.now) - since > within


def standing_alarms(watched: Watched) -> list[Alarm]:
    """Return what is the matter now; nothing when all is well. Blocks."""
    lanes = watched.standing.lanes()
    on_record = watched.standing.keys_frozen(len(lanes))
    here = FileKeys(watched.settings.data_dir / "keys").is_frozen
    alarms = []
    if on_record or here:
        alarms.append(_frozen(on_record=on_record))
    for lane in lanes:
        alarms += _of_log(watched, lane, frozen=on_record or here)
        alarms += _of_anchors(watched, lane)
    return alarms


def _frozen(*, on_record: bool) -> Alarm:
    return Alarm(
        "keys_frozen",
        None,
        "nothing is signed any more",
        "the keys were frozen, on record" if on_record else "keys/frozen is in the data directory",
        "the last witnessed checkpoint is the truth; begin a new ledger whose first record names "
        "this one",
    )


def _of_log(watched: Watched, lane: LaneStanding, *, frozen: bool) -> list[Alarm]:
    """Return what is the matter with a lane's log and the signatures on it."""
    if lane.tampered or lane.integrated > lane.head or lane.published > lane.integrated:
        if lane.tampered:
            why = f"position {lane.integrated + 1} is not what its leaf hash says"
        elif lane.integrated > lane.head:
            why = f"the record ends at {lane.head}, and {lane.integrated} positions were taken in"
        else:
            why = f"the log has {lane.integrated} positions, and {lane.published} were signed"
        what = "the log stands still: what is stored is not what was written there"
        return [Alarm("log_diverged", lane.lane, what, why, _VERIFY)]
    if watched.past(lane.not_integrated_since, INTEGRATED_WITHIN):
        since = _told(lane.not_integrated_since)
        return [
            Alarm(
                "log_behind",
                lane.lane,
                f"{lane.head - lane.integrated} positions are not in the log, the first of {since}",
                "no worker with the notary's DSN runs, or it stopped at an ALARM in its log",
                "start a worker with TICKETLEDGER_NOTARY_DATABASE_URL and read what it says; after "
                "three days an audit finds E24",
            )
        ]
    if not frozen and watched.past(lane.not_signed_since, SIGNED_WITHIN):
        since = _told(lane.not_signed_since)
        return [
            Alarm(
                "log_not_signed",
                lane.lane,
                f"no checkpoint covers what was recorded since {since}",
                "the worker's log.pem is missing or not the key on record, or the worker stopped "
                "at an ALARM in its log",
                "read the worker's log; restore its key from your backup, or keep a copy of the "
                "database and verify",
            )
        ]
    return []


def _of_anchors(watched: Watched, lane: LaneStanding) -> list[Alarm]:
    """Return what is the matter with those who should vouch for a lane."""
    settings, standing, number = watched.settings, watched.standing, lane.lane
    names = [witness.name for witness in settings.witnesses]
    alarms = [
        Alarm(
            "witness_disowns",
            number,
            f"the witness {one.name} does not know our history",
            one.words,
            "a backup was restored or the record was rewritten: stop, and " + _VERIFY,
        )
        for one in (standing.refused(number, names) if names else ())
    ]
    if settings.witness_quorum:
        since = standing.not_witnessed_since(number, names, settings.witness_quorum)
        if watched.past(since, WITNESSED_WITHIN):
            alarms.append(
                Alarm(
                    "quorum_missed",
                    number,
                    f"no checkpoint since {_told(since)} was cosigned by {settings.witness_quorum} "
                    "witnesses",
                    "too few of them answer, or they do not know the log's key",
                    "read what the worker says of each witness; ask those who run them, and give "
                    f"them what /log/lane-{number}/vkey serves",
                )
            )
    if settings.stamp_url is not None:
        authority = urlsplit(settings.stamp_url).hostname or settings.stamp_url
        since = standing.not_stamped_since(number, authority)
        every = timedelta(seconds=settings.stamp_every_s)
        if watched.past(since, 2 * every + STAMPED_WITHIN):
            alarms.append(
                Alarm(
                    "not_stamped",
                    number,
                    f"nothing recorded since {_told(since)} is stamped",
                    f"{authority} does not answer, or its answers are not trusted",
                    "read what the worker says of it; look at stamp_url and stamp_roots",
                )
            )
    return alarms


def _told(since: datetime | None) -> str:
    assert since is not None, "what is past began at some time"
    return instant(since)
