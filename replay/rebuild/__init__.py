"""Views built anew from the record beside those that are read, compared with them, and exchanged.

`Rebuild` does all of it; while it works, commands are recorded and the views that are read go on.
What a view makes of a record is in the view's own module, in `projections`.
"""

from replay.rebuild.comparing import Comparison, Difference, TableCompared, ViewCompared
from replay.rebuild.parts import Overtaken
from replay.rebuild.rebuilding import Busy, NothingToCompare, Rebuild
from replay.rebuild.shadow import SCHEMA
from replay.rebuild.sharing import HelperLost, Helpers
from replay.rebuild.source import RecordSource, StreamSource

__all__ = [
    "SCHEMA",
    "Busy",
    "Comparison",
    "Difference",
    "HelperLost",
    "Helpers",
    "NothingToCompare",
    "Overtaken",
    "Rebuild",
    "RecordSource",
    "StreamSource",
    "TableCompared",
    "ViewCompared",
]
