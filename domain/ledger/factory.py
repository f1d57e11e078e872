"""Which recorders the eventsourcing library gets for an environment; they live in library."""

from contextlib import suppress
from typing import cast

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from domain.ledger.connections import Connections
from domain.ledger.library import (
    LedgerAggregateRecorder,
    LedgerApplicationRecorder,
    OriginatorIdType,
)
from domain.ledger.migrations import Names
from domain.ledger.recorder import Recorder
from domain.ledger.tracking import LedgerProcessRecorder, LedgerTrackingRecorder


class LedgerFactory(InfrastructureFactory[LedgerTrackingRecorder]):
    """Makes the recorders from an environment: LEDGER_DSN, LEDGER_SCHEMA and LEDGER_LANE."""

    LEDGER_DSN = "LEDGER_DSN"
    LEDGER_SCHEMA = "LEDGER_SCHEMA"
    LEDGER_LANE = "LEDGER_LANE"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"
    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Read the environment; the schemas must have been migrated."""
        super().__init__(env)
        dsn = self.env.get(self.LEDGER_DSN)
        if not dsn:
            raise OSError(f"{self.LEDGER_DSN} does not say where the ledger is")
        schema = self.env.get(self.LEDGER_SCHEMA)
        names = Names.beside(schema) if schema else Names()
        self._lane = int(self.env.get(self.LEDGER_LANE) or "0")
        id_type = self.env.get(self.ORIGINATOR_ID_TYPE) or "text"
        if id_type not in ("uuid", "text"):
            raise OSError(f"{self.ORIGINATOR_ID_TYPE} is 'uuid' or 'text', not '{id_type}'")
        self._id_type = cast("OriginatorIdType", id_type)
        self.recorder = Recorder(Connections(dsn), names=names)

    def aggregate_recorder(self, purpose: str = "events") -> LedgerAggregateRecorder:
        """Return a recorder of states beside the record."""
        recorder = LedgerAggregateRecorder(
            self.recorder, purpose=purpose, originator_id_type=self._id_type
        )
        if self._creates_tables():
            recorder.create_table()
        return recorder

    def application_recorder(self) -> LedgerApplicationRecorder:
        """Return the lane's recorder."""
        topic = self.env.get(self.APPLICATION_RECORDER_TOPIC)
        recorder_class: type[LedgerApplicationRecorder] = (
            resolve_topic(topic) if topic else LedgerApplicationRecorder
        )
        return recorder_class(self.recorder, lane=self._lane, originator_id_type=self._id_type)

    def tracking_recorder(
        self, tracking_recorder_class: type[LedgerTrackingRecorder] | None = None
    ) -> LedgerTrackingRecorder:
        """Return a recorder of tracking, of the given class or the environment's."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        if tracking_recorder_class is None:
            tracking_recorder_class = resolve_topic(topic) if topic else LedgerTrackingRecorder
        recorder = tracking_recorder_class(self.recorder)
        if self._creates_tables():
            recorder.create_table()
        return recorder

    def process_recorder(self) -> LedgerProcessRecorder:
        """Return the lane's recorder together with tracking."""
        topic = self.env.get(self.PROCESS_RECORDER_TOPIC)
        recorder_class: type[LedgerProcessRecorder] = (
            resolve_topic(topic) if topic else LedgerProcessRecorder
        )
        recorder = recorder_class(self.recorder, lane=self._lane, originator_id_type=self._id_type)
        if self._creates_tables():
            recorder.create_table()
        return recorder

    def close(self) -> None:
        """Close the connections."""
        with suppress(AttributeError):
            self.recorder.close()

    def _creates_tables(self) -> bool:
        return strtobool(self.env.get(self.CREATE_TABLE) or "yes")
