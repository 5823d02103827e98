# SPDX-License-Identifier: MIT
"""REST in a model: where members stand in an HTTP message, and the tree of the service's paths."""
import re

# Option of a member: the constant of enum shape_place.
PLACES = {"label": "LABEL", "param": "QUERY", "params": "QUERIES", "header": "HEADER",
          "headers": "HEADERS", "payload": "PAYLOAD", "status": "STATUS"}
OPTIONS = {"label": (0, 0), "param": (1, 1), "params": (0, 0), "header": (1, 1), "headers": (1, 1),
           "payload": (0, 0), "status": (0, 0), "stream": (0, 0), "attribute": (0, 0),
           "xmlns": (1, 2), "token": (0, 0), "json": (1, 1), "time": (1, 1)}
TIMES = {"epoch": "EPOCH", "iso": "ISO", "http": "HTTP"}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


class Binding:
    """What the options of a member say of its place and form."""

    def __init__(self, options, kind, item):
        places = [name for name in PLACES if name in options]
        if len(places) > 1:
            raise ValueError("a member has one place")
        self.place = places[0] if places else None
        self.name = (options.get(self.place) or [""])[0]
        self.time = (options.get("time") or [None])[0]
        self.xmlns = options.get("xmlns", [])
        self.flags = [name for name in ("attribute", "token", "stream") if name in options]
        if self.time and self.time not in TIMES:
            raise ValueError("time epoch|iso|http")
        is_container = kind in ("list", "map", "structure")
        if self.place in ("params", "headers") and not (
                kind == "map" and item in ("string", "list:string")):
            raise ValueError(f"{self.place} takes a map of strings")
        if self.place == "headers" and item != "string":
            raise ValueError("headers takes a map of strings")
        if self.place in ("label", "status") and is_container or \
                self.place == "status" and kind != "integer":
            raise ValueError(f"{self.place} takes no {kind}")
        if self.place in ("param", "header") and kind in ("map", "structure"):
            raise ValueError(f"{self.place} takes no {kind}")
        if self.place == "payload" and kind not in ("blob", "string", "structure"):
            raise ValueError("payload takes a blob, a string or a structure")
        if "stream" in self.flags and self.place != "payload":
            raise ValueError("only a payload is a stream")
        if "token" in self.flags and kind != "string":
            raise ValueError("a token is a string")

    def rows(self):
        rows = []
        if self.place:
            rows.append(f".place = SHAPE_IN_{PLACES[self.place]}")
        if self.name:
            rows.append(f'.http_name = STR_INIT("{self.name}")')
        if self.time:
            rows.append(f".time = SHAPE_TIME_{TIMES[self.time]}")
        for name, value in zip(("xml_namespace", "xml_prefix"), self.xmlns):
            rows.append(f'.{name} = STR_INIT("{value}")')
        return rows + [f".is_{name} = true" for name in self.flags]


class Http:
    """The line http METHOD PATH [STATUS] of an operation."""

    def __init__(self, words):
        self.method, self.path, *rest = words
        self.status = int(rest[0]) if rest else 200
        path, _, parameter = self.path.partition("?")
        name, equals, value = parameter.partition("=")
        self.parameter = (name, value if equals else None)
        self.segments = [segment for segment in path.split("/") if segment]
        if self.method not in METHODS or not path.startswith("/") or "&" in parameter or \
                len(rest) > 1:
            raise ValueError("http METHOD /PATH[?PARAMETER[=VALUE]] [STATUS]")
        for segment in self.segments:
            if "{" in segment and not re.fullmatch(r"\{\w+\+?\}", segment):
                raise ValueError("a label is a whole segment")
        if any(segment.endswith("+}") for segment in self.segments[:-1]):
            raise ValueError("a greedy label is the last segment")

    def labels(self):
        return {segment.strip("{+}") for segment in self.segments if segment.startswith("{")}


def check(model):
    """What only a whole model shows; ValueError."""
    speaks = [line for line in (model.target, model.query, model.cbor) if line]
    if model.rest and speaks:
        raise ValueError("a service that speaks REST speaks nothing else")
    for name, parts in model.operations.items():
        members = parts["in"] + parts["out"]
        if not model.rest:
            if parts.get("http") or any(member.binding.place for member in members):
                raise ValueError(f"{name}: http and places of members are for REST")
            continue
        if not parts.get("http"):
            raise ValueError(f"{name} has no http line")
        labels = {member.name for member in parts["in"] if member.binding.place == "label"}
        if labels != parts["http"].labels():
            raise ValueError(f"{name}: the labels of its path are not its members' labels")
        for side in ("in", "out"):
            if sum(member.binding.place == "payload" for member in parts[side]) > 1:
                raise ValueError(f"{name}: one payload")
            if any(member.binding.place == "payload" for member in parts[side]) and \
                    any(not member.binding.place for member in parts[side]):
                raise ValueError(f"{name}: all others beside a payload have a place")
        if any(member.binding.place in ("label", "param", "params") for member in parts["out"]) or \
                any(member.binding.place == "status" for member in parts["in"]):
            raise ValueError(f"{name}: a member has no such place on this side")
    if model.rest:
        tree_of(model)


class Node:
    def __init__(self, text=""):
        self.text, self.literals, self.label, self.greedy, self.routes = text, {}, None, None, []


def tree_of(model):
    """The nodes in the order of the table: literal children stand together, sorted."""
    root = Node()
    for index, name in enumerate(sorted(model.operations)):
        http, node = model.operations[name]["http"], root
        for segment in http.segments:
            if segment.endswith("+}"):
                node.greedy = node.greedy or Node()
                node = node.greedy
            elif segment.startswith("{"):
                node.label = node.label or Node()
                node = node.label
            else:
                node = node.literals.setdefault(segment, Node(segment))
        route = (http.method, http.parameter, index)
        if any(other[:2] == route[:2] for other in node.routes):
            raise ValueError(f"{name}: another operation has this method and path")
        node.routes.append(route)
    nodes, at = [root], 0
    while at < len(nodes):
        node = nodes[at]
        node.first_child = len(nodes)
        nodes += [node.literals[text] for text in sorted(node.literals, key=str.encode)]
        for special in (node.label, node.greedy):
            if special:
                special.number = len(nodes)
                nodes.append(special)
        at += 1
    return nodes


def quoted(text):
    return f'STR_INIT("{text}")'


def path_tables(model):
    """The C tables of path_nodes and path_routes."""
    nodes, routes, out = tree_of(model), [], []
    for node in nodes:
        row = []
        if node.text:
            row.append(f".text = {quoted(node.text)}")
        if node.routes:
            row += [f".first_route = {len(routes)}", f".route_count = {len(node.routes)}"]
            # A route with a parameter comes before the one without, and one with a value first.
            routes += sorted(node.routes, key=lambda route: (not route[1][0], route[1][1] is None,
                                                             route))
        if node.literals:
            row += [f".first_child = {node.first_child}", f".child_count = {len(node.literals)}"]
        if node.label:
            row.append(f".label = {node.label.number}")
        if node.greedy:
            row.append(f".greedy = {node.greedy.number}")
        out.append("\t{" + (", ".join(row) or ".label = 0") + "},\n")
    rows = []
    for method, (parameter, value), operation in routes:
        row = [f".method = {quoted(method)}", f".operation = {operation}"]
        if parameter:
            row.append(f".parameter = {quoted(parameter)}")
        if value is not None:
            row.append(f".value = {quoted(value)}")
        rows.append("\t{" + ", ".join(row) + "},\n")
    return (f"const struct path_node {model.name}_path_nodes[] = {{\n" + "".join(out) +
            f"}};\n\nconst struct path_route {model.name}_path_routes[] = {{\n" +
            "".join(rows) + "};\n\n")


def operation_rows(parts):
    rows = []
    if parts.get("http"):
        http = parts["http"]
        rows += [f".http_method = {quoted(http.method)}", f".http_path = {quoted(http.path)}",
                 f".http_status = {http.status}"]
    if parts.get("root"):
        rows.append(f".xml_root = {quoted(parts['root'])}")
    if parts.get("host"):
        rows.append(f".host_prefix = {quoted(parts['host'])}")
    return rows


def service_rows(model):
    rows = []
    if model.rest:
        kind, *words = model.rest
        if kind == "rest-json":
            rows.append(".rest = REST_JSON")
        else:
            rows += [f".rest = REST_XML{'_BARE' if 'bare' in words else ''}",
                     f".xml_namespace = {quoted(words[0])}"]
        rows += [f".path_nodes = {model.name}_path_nodes",
                 f".path_routes = {model.name}_path_routes"]
    if model.cbor:
        rows.append(f".cbor_name = {quoted(model.cbor[0])}")
    return rows
