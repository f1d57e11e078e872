"""Says on stdout, as JSON, what pm4py reads in the logs named as arguments."""

import json
import sys
from collections import Counter
from contextlib import redirect_stdout

with redirect_stdout(sys.stderr):
    import pm4py


def of_traces(path: str) -> dict[str, object]:
    """Return cases, events, variants and edges of an XES log; all by pm4py's own functions."""
    log = pm4py.read_xes(path)
    edges, _, _ = pm4py.discover_dfg(log)
    return {
        "cases": int(log["case:concept:name"].nunique()),
        "events": len(log),
        "states": {state: int(n) for state, n in log["concept:name"].value_counts().items()},
        "variants": len(pm4py.get_variants(log)),
        "edges": {f"{a} -> {b}": int(count) for (a, b), count in edges.items()},
    }


def of_objects(path: str) -> dict[str, object]:
    """Return what an OCEL log holds, counted."""
    log = pm4py.read_ocel2(path)
    own = {"ocel:oid", "ocel:type"}
    values = log.objects[[name for name in log.objects.columns if name not in own]]
    events, states = log.events, Counter()
    if "state" in events.columns:
        states = Counter(events[events["ocel:activity"] == "source.reported.v1"]["state"])
    return {
        "events": dict(Counter(events["ocel:activity"])),
        "objects": dict(Counter(log.objects["ocel:type"])),
        "relations": len(log.relations),
        "pairs": len(log.relations[["ocel:eid", "ocel:oid"]].drop_duplicates()),
        "ties": len(log.o2o),
        "values": int(values.notna().sum().sum()) + len(log.object_changes),
        "states": dict(states),
    }


with redirect_stdout(sys.stderr):
    answers = {
        path: (of_traces if path.endswith(".xes") else of_objects)(path) for path in sys.argv[1:]
    }
sys.stdout.write(json.dumps(answers))
