# SPDX-License-Identifier: MIT
"""Reads model/<service>.ops: Model has the operations, structures and faults that a file names."""
import re
import sys

from gen_source import SCALARS, Sources, snake

# Members with such a name must be marked, so that no secret gets into the audit log by oversight.
SECRETS = re.compile(r"(Secret|SecretAccessKey|Plaintext|Password|SessionToken|PrivateKey|"
                     r"KeyMaterial)$|^(Message)?Body$")
KEYWORDS = {"return", "default", "register", "static", "switch", "union", "long", "int"}


class Member:
    """One line of a structure or operation: NAME KIND and options."""
    OPTIONS = {"required": (0, 0), "always": (0, 0), "counted": (0, 0), "empty": (0, 0),
               "sensitive": (0, 0),
               "flat": (0, 0), "query": (1, 3), "xml": (1, 1), "item": (1, 1)}

    def __init__(self, words, structures, style):
        self.name, kind, *rest = words
        self.field = snake(self.name) + ("_" if self.name.lower() in KEYWORDS else "")
        self.kind, _, self.item = kind.partition(":")
        self.structures = structures
        options = self.read_options(rest)
        self.is_required, self.is_always = "required" in options, "always" in options
        self.is_counted = "counted" in options
        self.is_shown_empty = "empty" in options
        self.is_sensitive = "sensitive" in options
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
        if self.kind in ("structure", "list", "map"):
            if not (self.item_is_structure() or self.item in SCALARS and self.kind != "structure"):
                raise ValueError(f"{self.item} is not known here")
            if self.kind == "map" and not (self.item_is_structure() or self.item == "string"):
                raise ValueError("a map's values are strings or structures")
        elif self.kind not in SCALARS or self.item:
            raise ValueError(f"no such kind: {kind}")

    def read_options(self, words):
        options, name = {}, None
        for word in words:
            if word in self.OPTIONS and word not in options:
                name = word
                options[name] = []
            elif name is None:
                raise ValueError(f"no such option: {word}")
            else:
                options[name].append(word)
        for name, values in options.items():
            least, most = self.OPTIONS[name]
            if not least <= len(values) <= most:
                raise ValueError(f"{name} takes {least} to {most} names")
        return options

    def item_is_structure(self):
        return self.item in self.structures


class Model(Sources):
    def __init__(self, path):
        self.name = path.stem
        self.structures, self.operations, self.faults = {}, {}, []
        self.target, self.query, self.style = None, None, "lists"
        self.resource = None
        self.namespace = ["com.amazonaws." + self.name]
        self.is_validated = False
        self.members = None  # of the structure or operation that is being read
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            try:
                self.read_line(line[0] == "\t", words)
            except (ValueError, KeyError, IndexError, TypeError) as error:
                sys.exit(f"{path}:{number}: {error}: {line}")

    def read_line(self, is_member, words):
        if is_member:
            if isinstance(self.members, dict):
                side, *words = words
                self.members[side].append(Member(words, self.structures, self.style))
            else:
                self.members.append(Member(words, self.structures, self.style))
        elif words[0] == "structure":
            self.members = self.structures.setdefault(words[1], [])
        elif words[0] == "operation":
            self.members = {"in": [], "out": [], "place": words[2],
                            "resource": "resource" in words[3:],
                            "data": "data" in words[3:], "result": "result" in words[3:],
                            "work": "work" in words[3:] or words[2] == "worker"}
            if words[2] not in ("net", "control", "worker") or \
                    set(words[3:]) - {"resource", "data", "result", "work"}:
                raise ValueError("operation NAME net|control|worker [work] [resource] [data] "
                                 "[result]")
            if self.members["resource"] and not self.resource:
                raise ValueError("the service has no resource line")
            self.operations[words[1]] = self.members
        elif words[0] == "fault":
            self.faults.append(words[1:])
        elif words[0] == "query":
            self.query, self.style = words[1:3], (words[3:] or ["lists"])[0]
            if self.style not in ("lists", "flat", "ec2"):
                raise ValueError("query VERSION NAMESPACE [flat|ec2]")
        elif words[0] in ("target", "namespace", "denied", "resource"):
            setattr(self, words[0], words[1:])
        elif words[0] == "service":
            self.is_validated = "validated" in words[2:]
        else:
            raise ValueError("unknown line")
