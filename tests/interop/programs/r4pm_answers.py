"""Says on stdout, as JSON, what r4pm reads in the logs named as arguments."""

import json
import sys
from collections import Counter

import r4pm
from r4pm.bindings import discover_dfg


def of_traces(path: str) -> dict[str, object]:
    """Return cases, events, variants and edges of an XES log."""
    log, _ = r4pm.df.import_xes(path)
    traces: dict[str, list[str]] = {}
    for case, activity in log.select("case:concept:name", "concept:name").iter_rows():
        traces.setdefault(case, []).append(activity)
    graph = discover_dfg(r4pm.import_item("EventLog", path))
    return {
        "cases": len(traces),
        "events": len(log),
        "states": dict(Counter(log["concept:name"].to_list())),
        "variants": len({tuple(trace) for trace in traces.values()}),
        "edges": {f"{a} -> {b}": count for (a, b), count in graph["directly_follows_relations"]},
    }


def of_objects(path: str) -> dict[str, object]:
    """Return what an OCEL log holds, counted."""
    log = r4pm.df.import_ocel(path)
    own = {"ocel:oid", "ocel:type", "ocel:field", "ocel:timestamp"}
    values = log["objects"].drop(own & set(log["objects"].columns))
    events, states = log["events"], Counter()
    if "state" in events.columns:
        rows = events.filter(events["ocel:activity"] == "source.reported.v1")
        states = Counter(rows["state"].to_list())
    return {
        "events": dict(Counter(events["ocel:activity"].to_list())),
        "objects": dict(Counter(log["objects"]["ocel:type"].to_list())),
        "relations": len(log["relations"]),
        "pairs": len(log["relations"].select("ocel:eid", "ocel:oid").unique()),
        "ties": len(log["o2o"]),
        "values": sum(values[name].count() for name in values.columns) + len(log["object_changes"]),
        "states": dict(states),
    }


answers = {
    path: (of_traces if path.endswith(".xes") else of_objects)(path) for path in sys.argv[1:]
}
sys.stdout.write(json.dumps(answers))
