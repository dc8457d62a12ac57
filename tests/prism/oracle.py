"""Prism as an oracle: starts it, finds out which operation of the description a request hit, and judges what it said."""

import json
import pathlib
import re

from processes import Program, free_port, until


class Prism(Program):
    """Prism as a validating proxy."""

    def __init__(self, prism, description, upstream, logs):
        self.port = free_port()
        arguments = [prism, "proxy", "--host", "127.0.0.1", "--port", self.port, "--errors", description, upstream]
        super().__init__("prism", arguments, logs)

    def ready(self):
        """Waits until it listens; it has no page of its own that says so."""

        def listens():
            self.must_run()
            return b"Prism is listening" in self.path("out").read_bytes()

        until(listens, lambda: "prism's word that it listens", seconds=60)


class Templates:
    """The paths of the description, to find out which one a request hit."""

    def __init__(self, description, wanted):
        paths = json.loads(pathlib.Path(description).read_text(encoding="utf-8"))["paths"]
        self.wanted = {
            f"{method.upper()} {path}"
            for path, methods in paths.items()
            for method in methods
            if wanted.match(path) and method in ("get", "post", "put", "patch", "delete")
        }
        # A literal path wins over one with a parameter in the same place.
        self.patterns = [
            (re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(paths, key=lambda path: path.count("{"))
        ]

    def of(self, exchange):
        """`POST /calls/{call_control_id}/actions/answer` for a request to it."""
        path = exchange.path.partition("?")[0]
        found = next((template for pattern, template in self.patterns if pattern.match(path)), path)
        return f"{exchange.method} {found}"


def judge(recorder, templates, kind):
    """Prints what was hit of the wanted operations; returns objections."""
    hit = {templates.of(exchange) for exchange in recorder.exchanges}
    print(f"check: prism: {len(recorder.exchanges)} requests, {len(hit & templates.wanted)} of {len(templates.wanted)} "
          f"{kind} operations of the description, {len(recorder.violations())} violations")
    print(f"operations never asked for: {', '.join(sorted(templates.wanted - hit))}")
    wrong = [f"{operation} is not in the description" for operation in sorted(hit - templates.wanted)]
    for exchange in recorder.violations():
        why = exchange.violations or exchange.answer
        wrong.append(f"{templates.of(exchange)} -> {exchange.status}: {why[:600]} (request {exchange.request[:600]})")
    return wrong
