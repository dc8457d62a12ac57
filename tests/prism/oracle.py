"""Prism as an oracle: starts it, finds out which operation of the description a request hit, and judges what it said.

Prism lets parameters pass that an operation does not have; those are found here.
"""

import collections
import json
import pathlib
import re
import urllib.parse

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


# Bodies whose fields have names of their own in the description.
FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "patch", "delete")


class Templates:
    """The operations of the description, to find out which one a request hit and whether it knows all that was said."""

    def __init__(self, description, wanted):
        description = json.loads(pathlib.Path(description).read_text(encoding="utf-8"))
        paths = description["paths"]
        self.wanted = {
            f"{method.upper()} {path}"
            for path, methods in paths.items()
            for method in methods
            if wanted.match(path) and method in METHODS
        }
        self.names = {
            f"{method.upper()} {path}": set(names_in(operation, description))
            for path, methods in paths.items()
            for method, operation in methods.items()
            if method in METHODS
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

    def unknown_to(self, exchange):
        """Names of parameters that the operation does not have: misspelt ones, which a carrier ignores."""
        known = self.names.get(self.of(exchange), set())
        query = urllib.parse.urlsplit(exchange.path).query
        said = query if exchange.request.startswith("{") else f"{query}&{exchange.request}"
        names = {name for name, _ in urllib.parse.parse_qsl(said, keep_blank_values=True)}
        return sorted(name for name in names if name not in known and name.partition("[")[0] not in known)


def names_in(operation, description):
    """Names of the parameters and form fields of an operation."""
    for parameter in operation.get("parameters", []):
        yield resolved(parameter, description)["name"]
    form = operation.get("requestBody", {}).get("content", {}).get(FORM, {})
    yield from form.get("schema", {}).get("properties", {})


def resolved(part, description):
    """What a part of the description refers to, or the part itself."""
    found = part
    if "$ref" in part:
        found = description
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
    return found


def judge(exchanges, templates, kind, owed=frozenset()):
    """Prints what was hit of the wanted operations, and how often; returns objections. All `owed` ones must be hit."""
    hits = collections.Counter(templates.of(exchange) for exchange in exchanges)
    violations = [exchange for exchange in exchanges if exchange.is_objected_to()]
    print(f"check: prism: {len(exchanges)} requests, {len(hits.keys() & templates.wanted)} of {len(templates.wanted)} "
          f"{kind} operations of the description, {len(violations)} violations")
    for operation, times in sorted(hits.items()):
        print(f"  {times:5} x {operation}")
    print(f"operations never asked for: {', '.join(sorted(templates.wanted - hits.keys()))}")
    wrong = [f"{operation} is not in the description" for operation in sorted(hits.keys() - templates.wanted)]
    wrong += [f"{operation} was never asked for, although we can" for operation in sorted(owed - hits.keys())]
    unknown = ((templates.of(exchange), name) for exchange in exchanges for name in templates.unknown_to(exchange))
    wrong += [f"{operation} has no parameter {name}" for operation, name in sorted(set(unknown))]
    for exchange in violations:
        why = exchange.violations or exchange.answer
        wrong.append(f"{templates.of(exchange)} -> {exchange.status}: {why[:600]} (request {exchange.request[:600]})")
    return wrong
