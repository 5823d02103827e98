# SPDX-License-Identifier: MIT
"""Reads model/<service>.ops: Model has the operations, structures and faults that a file names."""
import re
import sys

import gen_facts
import gen_http
import gen_pattern
import gen_record
from gen_source import SCALARS, Sources, snake

# Members with such a name must be marked, so that no secret gets into the audit log by oversight.
SECRETS = re.compile(r"(Secret|SecretAccessKey|Plaintext|Password|SessionToken|PrivateKey|"
                     r"(?<!Include)KeyMaterial)$|^(Message)?Body$")
KEYWORDS = {"return", "default", "register", "static", "switch", "union", "long", "int"}


def read_options(words, known):
    """Options and their values, of which `known` says how many each takes."""
    options, name = {}, None
    for word in words:
        if word in known and word not in options:
            name = word
            options[name] = []
        elif name is None:
            raise ValueError(f"no such option: {word}")
        else:
            options[name].append(word)
    for name, values in options.items():
        least, most = known[name]
        if not least <= len(values) <= most:
            raise ValueError(f"{name} takes {least} to {most} names")
    return options


class Constraint:
    """The values that a member may have; empty where there is nothing to check."""
    OPTIONS = {"length": (1, 1), "range": (1, 1), "pattern": (1, 1), "enum": (1, 99),
               "unshown": (1, 99)}

    def __init__(self, options, item=None, key=None):
        self.least = self.most = self.pattern = self.same_as = self.fault = None
        self.text = ""
        # AWS's texts leave the newer values out of the set that they show.
        self.values = options.get("enum", []) + options.get("unshown", [])
        self.shown_count = len(options.get("enum", []))
        self.item, self.key = item, key  # of each item of a list, each value and key of a map
        for name in ("length", "range"):
            if name in options:
                match = re.fullmatch(r"(\d*)-(\d*)", options[name][0])
                if not match or not any(match.groups()):
                    raise ValueError(f"{name} LEAST-MOST")
                self.least, self.most = (int(text) if text else None for text in match.groups())
        if "pattern" in options:
            self.pattern = options["pattern"][0].replace("␣", " ")
        self.has_length = "length" in options

    def read_line(self, words):
        """as REGEX: what the pattern matches, without look-ahead; says FAULT TEXT: in place of
        AWS's common words, with {name}, {value}, {least} and {most}."""
        if words[0] == "as":
            self.same_as = words[1]
        elif words[0] == "says":
            self.fault, self.text = words[1], " ".join(words[2:])
        else:
            raise ValueError("as REGEX, or says FAULT TEXT")

    def is_empty(self):
        return self.least is None and self.most is None and not self.pattern and \
            not self.values and not self.item and not self.key

    def has_own_checks(self):
        return any((self.least is not None, self.most is not None, self.pattern, self.values))

    def compiled(self):
        return gen_pattern.compile_pattern(self.same_as or self.pattern)


class Type:
    """A kind with a constraint, as AWS's models name them: type NAME KIND and its options."""

    def __init__(self, words):
        self.kind, *rest = words
        if self.kind not in SCALARS:
            raise ValueError(f"no such kind: {self.kind}")
        self.constraint = Constraint(read_options(rest, Constraint.OPTIONS))


class Member:
    """One line of a structure or operation: NAME KIND and options."""
    OPTIONS = {**Constraint.OPTIONS, **gen_http.OPTIONS, "unchecked": (0, 0), "required": (0, 0),
               "always": (0, 0), "counted": (0, 0), "empty": (0, 0), "sensitive": (0, 0),
               "flat": (0, 0), "query": (1, 3), "xml": (1, 1), "item": (1, 1), "keys": (1, 1),
               "called": (1, 1)}

    def __init__(self, words, structures, style, types):
        self.name, kind, *rest = words
        self.field = snake(self.name) + ("_" if self.name.lower() in KEYWORDS else "")
        self.structures = structures
        options = read_options(rest, self.OPTIONS)
        self.kind, _, self.item = kind.partition(":")
        self.constraint = self.read_types(types, options)
        self.is_unchecked = "unchecked" in options
        self.is_required, self.is_always = "required" in options, "always" in options
        self.is_counted = "counted" in options
        self.is_shown_empty = "empty" in options
        self.is_sensitive = "sensitive" in options
        self.called = options.get("called", [""])[0]
        if SECRETS.search(self.name) and not self.is_sensitive:
            raise ValueError(f"{self.name} looks like a secret: mark it sensitive")
        is_flat = style == "flat" or "flat" in options
        item = options.get("item", ["entry" if self.kind == "map" else "member"])[0]
        names = options.get("query", [self.name[0].upper() + self.name[1:] if style == "ec2"
                                      else self.name])
        self.query = names[0]
        # AWS's older SDKs for Java send the member's own name where others send that of an item.
        alias = self.name[0].upper() + self.name[1:]
        self.alias = alias if is_flat and alias != self.query else ""
        self.xml = options.get("xml", [self.name[0].lower() + self.name[1:] if style == "ec2"
                                       else self.query])[0]
        self.query_item = "" if is_flat or style == "ec2" else item
        self.xml_item = "" if is_flat else "item" if style == "ec2" else item
        self.key, self.value = names[1:] if len(names) == 3 else ("key", "value")
        self.binding = gen_http.Binding(options, self.kind, self.item)
        self.json = options.get("json", [self.name])[0]
        if self.binding.place == "payload" and self.kind == "structure" and "xml" not in options:
            self.xml = self.item
        self.number = 0  # of a record's members
        self.nested = None  # the items, if they are lists or maps themselves
        if self.kind in ("list", "map") and self.item.partition(":")[0] in ("list", "map"):
            words = ["Items", self.item]
            words += ["time", self.binding.time] if self.binding.time else []
            self.nested = Member(words, structures, style, types)
        self.check_kind(kind)

    def check_kind(self, kind):
        if self.kind in ("structure", "list", "map"):
            if not (self.item_is_structure() or self.nested or
                    self.item in SCALARS and self.kind != "structure"):
                raise ValueError(f"{self.item} is not known here")
        elif self.kind not in SCALARS or self.item:
            raise ValueError(f"no such kind: {kind}")

    def read_types(self, types, options):
        """Replaces names of types by their kinds; what a type says holds, but for options here."""
        item = key = None
        if self.item in types:
            item, self.item = types[self.item].constraint, types[self.item].kind
            if self.item != "string":
                raise ValueError("constraints of items are those of texts")
        if "keys" in options:
            key = types[options["keys"][0]].constraint
            if self.kind != "map":
                raise ValueError("only a map has keys")
        elif self.kind in types and not self.item:
            constraint, self.kind = types[self.kind].constraint, types[self.kind].kind
            if not set(options) & set(Constraint.OPTIONS):
                return constraint
        return Constraint({name: options[name] for name in options if name in Constraint.OPTIONS},
                          item, key)

    def item_is_structure(self):
        return self.item in self.structures


class Model(Sources):
    def __init__(self, path):
        self.name = path.stem
        self.structures, self.operations, self.faults = {}, {}, []
        self.target, self.query, self.style, self.accepts_json = None, None, "lists", False
        self.resource = self.rest = self.cbor = None
        self.unions, self.union, self.has_managed_key = set(), None, False
        self.namespace, self.sdk_id = ["com.amazonaws." + self.name], self.name
        self.signs = None
        self.types, self.words = {}, {}
        self.facts, self.throttled = gen_facts.Facts(), gen_facts.THROTTLED
        self.denied, self.violation, self.missing = [], None, None
        self.records = gen_record.Records(self.name)
        self.members = None  # of the structure, operation or record that is being read
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = re.split(r"(?:^|\s)#", line)[0].split()
            if not words:
                continue
            try:
                self.read_line(line[0] == "\t", words)
            except (ValueError, KeyError, IndexError, TypeError) as error:
                sys.exit(f"{path}:{number}: {error}: {line}")
        try:
            gen_http.check(self)
            self.check_words()
        except ValueError as error:
            sys.exit(f"{path}: {error}")

    def check_words(self):
        """Without the words of AWS's framework, each constraint has words of its own."""
        for type_ in self.types.values() if not self.violation else ():
            constraint = type_.constraint
            if not constraint.fault or constraint.pattern and constraint.least is not None:
                raise ValueError("without a violation line, a type says a fault for all it checks")
        for _, _, members in self.shapes() if not self.violation else ():
            for member in members:
                if member.constraint.has_own_checks() and not member.constraint.fault:
                    raise ValueError(f"{member.name}: the service has no violation line")

    def begin_operation(self, name, place, *marks):
        known = {"resource", "result", "work", "anonymous", "link", "read", "answer"}
        if "data" in marks:
            raise ValueError("a line 'event data' below the operation says that")
        if place not in ("net", "control", "worker") or set(marks) - known:
            raise ValueError("operation NAME net|control|worker [" + "] [".join(known) + "]")
        self.members = {"in": [], "out": [], "place": place, **{mark: mark in marks
                                                                for mark in known}}
        self.members["work"] |= place == "worker"
        self.members["anonymous"] |= "link" in marks or "anonymous" in self.denied
        self.members["facts"] = {"doc": "", "access": "write", "event": "management",
                                 "resources": [], "keys": []}
        if self.members["resource"] and not self.resource:
            raise ValueError("the service has no resource line")
        self.operations[name] = self.members

    def read_line(self, is_member, words):
        if is_member:
            if isinstance(self.members, Type):
                self.members.constraint.read_line(words)
            elif isinstance(self.members, gen_record.Record):
                self.members.read_line(words, lambda line: Member(line, self.records.structures,
                                                                  self.style, {}))
            elif isinstance(self.members, dict) and words[0] == "http":
                self.members["http"] = gen_http.Http(words[1:])
            elif isinstance(self.members, dict) and words[0] in ("host", "root"):
                self.members[words[0]], = words[1:]
            elif isinstance(self.members, dict) and words[0] not in ("in", "out"):
                self.facts.read_operation_line(self.members["facts"], words)
            elif isinstance(self.members, dict):
                side, *words = words
                self.members[side].append(Member(words, self.structures, self.style, self.types))
            else:
                member = Member(words, self.structures, self.style, self.types)
                # The one member of a union is there even if it is an empty list.
                member.is_shown_empty |= self.members is self.structures.get(self.union)
                self.members.append(member)
        elif words[0] in ("structure", "union"):
            self.union = words[1] if words[0] == "union" else None
            self.unions |= {words[1]} if self.union else set()
            self.members = self.structures.setdefault(words[1], [])
        elif words[0] == "record":
            self.members = self.records.begin(*words[1:])
        elif words[0] == "type":
            self.members = self.types.setdefault(words[1], Type(words[2:]))
        elif words[0] == "operation":
            self.begin_operation(*words[1:])
        elif words[0] == "fault":
            self.faults.append(words[1:])
        elif words[0] == "query":
            style = [word for word in words[3:] if word != "json"] or ["lists"]
            self.query, self.style, self.accepts_json = words[1:3], style[0], "json" in words[3:]
            if style not in (["lists"], ["flat"], ["ec2"]):
                raise ValueError("query VERSION NAMESPACE [flat|ec2] [json]")
        elif words[0] in ("arn", "throttle", "price"):
            self.facts.read_service_line(words)
        elif words[0] in ("rest-json", "rest-xml"):
            self.rest = words
        elif words[0] in ("target", "namespace", "denied", "resource", "throttled", "cbor"):
            setattr(self, words[0], words[1:])
        elif words[0] in ("violation", "missing"):
            setattr(self, words[0], (words[1], " ".join(words[2:])))
        elif words[0] == "words":
            self.words[words[1]] = " ".join(words[2:])
        elif words[0] == "signs":
            self.signs = words[1]
        elif words[0] == "managed-key":
            self.has_managed_key = True
        elif words[0] == "service":
            if words[1] != self.name:
                raise ValueError(f"the file of {words[1]} is {words[1]}.ops")
            self.sdk_id = "_".join(words[2:] or words[1:]).lower()
        else:
            raise ValueError("unknown line")
