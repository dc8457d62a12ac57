"""A Jaeger on loopback, and what a whole trace looks like. Standard library only; `tests/jaeger` drives it.

The checks take the JSON that Jaeger's own query API returns, so what is judged is what a person would be shown.
"""

import collections
import pathlib
import re

from processes import Failure, Program, free_port, request, until

# A span's time is in whole microseconds there, ours is exact to one.
ROUNDING_US = 2
# The batch processor's pause and a busy machine.
ARRIVAL_SECS = 30


class Jaeger(Program):
    """`jaeger` all-in-one, in memory, on ports of its own."""

    def __init__(self, program, logs):
        ports = {name: free_port() for name in ("http", "grpc", "query", "query_grpc", "admin", "old_http", "old_grpc")}
        self.endpoint = {
            "http/protobuf": f"http://127.0.0.1:{ports['http']}",
            "grpc": f"http://127.0.0.1:{ports['grpc']}",
        }
        self.query = f"http://127.0.0.1:{ports['query']}"
        arguments = [
            program,
            f"--collector.otlp.http.host-port=127.0.0.1:{ports['http']}",
            f"--collector.otlp.grpc.host-port=127.0.0.1:{ports['grpc']}",
            f"--collector.http-server.host-port=127.0.0.1:{ports['old_http']}",
            f"--collector.grpc-server.host-port=127.0.0.1:{ports['old_grpc']}",
            f"--query.http-server.host-port=127.0.0.1:{ports['query']}",
            f"--query.grpc-server.host-port=127.0.0.1:{ports['query_grpc']}",
            f"--admin.http.host-port=127.0.0.1:{ports['admin']}",
        ]
        super().__init__("jaeger", arguments, logs, {"SPAN_STORAGE_TYPE": "memory"})

    def ready(self):
        """Waits until it answers."""
        self.wait_for(f"{self.query}/api/services", 60)

    def trace(self, trace_id):
        """The spans of a trace as they are stored, repeats included; none when there is no such trace."""
        # `raw` leaves out what the viewer would straighten: it must be straight by itself.
        status, _, body = request("GET", f"{self.query}/api/traces/{trace_id}?raw=true")
        if status == 404:
            return []
        if status != 200:
            raise Failure(f"Jaeger answered {status} for trace {trace_id}: {body}")
        processes = body["data"][0]["processes"]
        return [Span(span, processes[span["processID"]]) for span in body["data"][0]["spans"]]

    def find(self, operation, limit=1000):
        """Ids of traces with a span of this name."""
        query = f"service=cordboard&operation={operation}&limit={limit}&lookback=1h"
        status, _, body = request("GET", f"{self.query}/api/traces?{query.replace(' ', '%20')}")
        if status != 200:
            raise Failure(f"Jaeger answered {status} for {operation}: {body}")
        return [trace["traceID"] for trace in body["data"]]

    def rooted(self, name):
        """Ids of traces whose root has this name; a phase may be called the same."""
        traces = self.find(name)
        return [trace for trace in traces if any(s.name == name and s.parent is None for s in self.trace(trace))]

    def whole(self, trace_id, root, seconds=ARRIVAL_SECS):
        """The trace once its root is there."""

        def look():
            spans = self.trace(trace_id)
            return spans if any(span.name == root for span in spans) else None

        found = until(look, lambda: f"the root {root!r} of trace {trace_id}", seconds)
        # Batches of one trace may come one after the other.
        return until(
            lambda: (spans := self.trace(trace_id)) and not orphans(spans) and spans,
            lambda: f"every parent in trace {trace_id} ({[span.name for span in orphans(self.trace(trace_id))]})",
            seconds,
        ) or found


class Span:
    """One span as Jaeger tells it."""

    def __init__(self, told, process):
        self.id, self.name = told["spanID"], told["operationName"]
        self.start, self.end = told["startTime"], told["startTime"] + told["duration"]
        self.service = process["serviceName"]
        children = [link for link in told["references"] if link["refType"] == "CHILD_OF"]
        own = [link["spanID"] for link in children if link["traceID"] == told["traceID"]]
        self.parent = own[0] if own else None
        self.links = [link["traceID"] for link in told["references"] if link["traceID"] != told["traceID"]]
        self.tags = {tag["key"]: tag["value"] for tag in told["tags"]}
        self.events = [{field["key"]: field["value"] for field in log["fields"]} for log in told["logs"]]
        self.told = {key: told[key] for key in ("operationName", "references", "startTime", "duration", "logs")}
        self.told["tags"] = sorted(map(str, told["tags"]))

    @property
    def failed(self):
        """Whether it is marked as an error."""
        return self.tags.get("error") is True


def orphans(spans):
    """Spans whose parent is not there."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent is not None and span.parent not in known]


def objections(trace_id, spans, root_name):
    """What is wrong with the tree of something that has ended."""
    wrong = []
    shapes = collections.defaultdict(list)
    for span in spans:
        if span.told not in shapes[span.id]:
            shapes[span.id].append(span.told)
    wrong += [f"one id for two spans: {two}" for two in shapes.values() if len(two) > 1]
    wrong += [f"{span.name} has no parent in the trace" for span in orphans(spans)]
    by_id = {span.id: span for span in spans}
    roots = {span.id: span for span in spans if span.parent is None}
    if [root.name for root in roots.values()] != [root_name]:
        return wrong + [f"roots are {[root.name for root in roots.values()]}, not one {root_name!r}"]
    (root,) = roots.values()
    for span in by_id.values():
        if span.name.startswith("command ") and not by_id[span.parent].name.endswith(".apply"):
            wrong.append(f"{span.name} is under {by_id[span.parent].name}, not under a transition")
        if span.name.startswith("command ") and span.start + ROUNDING_US < by_id[span.parent].start:
            wrong.append(f"{span.name} begins before the transition that asked for it")
    own = [span for span in by_id.values() if span.service == root.service and "call.state" in span.tags]
    phases = sorted(own, key=lambda span: span.start)
    for one, other in zip(phases, phases[1:]):
        if other.start + ROUNDING_US < one.end:
            wrong.append(f"phase {other.name} begins before {one.name} is over")
    if phases and abs(phases[0].start - root.start) > 1_000_000:
        wrong.append("the first phase does not begin with the whole")
    if phases and phases[-1].end > root.end + ROUNDING_US:
        wrong.append("the last phase outlives the whole")
    return [f"trace {trace_id}: {what}" for what in wrong]


def picture(spans, path, title):
    """The trace as an SVG: one bar per span, in the order of the tree."""
    by_id = {span.id: span for span in spans}
    children = collections.defaultdict(list)
    for span in by_id.values():
        children[span.parent].append(span)
    rows = []

    def walk(parent, depth):
        for span in sorted(children[parent], key=lambda span: (span.start, -span.end)):
            rows.append((depth, span))
            walk(span.id, depth + 1)

    walk(None, 0)
    start = min(span.start for _, span in rows)
    length = max(max(span.end for _, span in rows) - start, 1)
    left, wide, high = 330, 620, 18
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 90}" height="{high * len(rows) + 40}" '
        'font-family="monospace" font-size="11">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-weight="bold">{_xml(title)}</text>',
    ]
    for row, (depth, span) in enumerate(rows):
        y = 32 + row * high
        x, width = left + (span.start - start) * wide / length, max((span.end - span.start) * wide / length, 2)
        lines.append(f'<text x="{8 + depth * 12}" y="{y + 11}">{_xml(span.name)}</text>')
        lines.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="11" rx="2" fill="{_colour(span)}"/>')
        after = min(x + width + 4, left + wide + 4)
        lines.append(f'<text x="{after:.1f}" y="{y + 11}" fill="#666">{(span.end - span.start) / 1000:.1f} ms</text>')
    pathlib.Path(path).write_text("\n".join([*lines, "</svg>", ""]), encoding="utf-8")


def _colour(span):
    if span.failed:
        return "#c62828"
    kinds = {"webhook": "#1565c0", "command": "#ef6c00", "http": "#ef6c00", "step": "#2e7d32", "journal": "#9e9e9e"}
    return kinds.get(re.split(r"[ .]", span.name)[0], "#00897b")


def _xml(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
