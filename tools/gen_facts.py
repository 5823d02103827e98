# SPDX-License-Identifier: MIT
"""Reads the facts of operations from a model and writes the tables of wire/facts.h."""
from gen_constraint import quoted

LEVELS = ("list", "read", "write", "tagging", "permissions")
THROTTLED = ["ThrottlingException", "Throttling", "400", "Rate", "exceeded"]
SCOPES = ("each", "shared", "quota")
EVENTS = ("management", "data")  # of CloudTrail


def strings(values):
    return ", ".join(f"STR_INIT({quoted(value)})" for value in values)


class Facts:
    """The lines `arn`, `throttle` and `price` of a service, and those below its operations."""

    def __init__(self):
        self.resources, self.throttles, self.price = {}, {}, "none"

    def read_service_line(self, words):
        if words[0] == "price":
            self.price = words[1]
        elif words[0] == "arn":
            name, template, kind, *keys = words[1:]
            self.resources[name] = (template, "" if kind == "-" else kind, keys)
        else:
            name, scope, rate, *rest = words[1:]
            burst = int(rest.pop(0)) if rest and rest[0].isdigit() else int(rate)
            if scope not in SCOPES or (not rest and scope != "each"):
                raise ValueError("throttle NAME each|shared|quota RATE [BURST] AWS's name of the "
                                 "quota; of each operation it may be left out")
            self.throttles[name] = (scope, round(float(rate) * 1000), burst, " ".join(rest))

    def read_operation_line(self, facts, words):
        if words[0] == "doc":
            facts["doc"] = " ".join(words[1:])
        elif words[0] == "price":
            facts["price"] = words[1]
        elif words[0] == "event":
            facts["event"], = words[1:]
            if facts["event"] not in EVENTS:
                raise ValueError("event " + "|".join(EVENTS))
        elif words[0] == "throttle":
            if words[1] not in self.throttles:
                raise ValueError(f"no throttle {words[1]}")
            facts["throttle"] = words[1]
        else:
            if words[1] not in LEVELS:
                raise ValueError("asks " + "|".join(LEVELS) + " [RESOURCE...] [KEY...]")
            facts["access"] = words[1]
            facts["resources"] = [word for word in words[2:] if ":" not in word]
            facts["keys"] = [word for word in words[2:] if ":" in word]
            for name in facts["resources"]:
                if name not in self.resources:
                    raise ValueError(f"no arn {name}")

    # -- tables --

    def service_lines(self, prefix):
        out = []
        for number, (_, _, keys) in enumerate(self.resources.values()):
            if keys:
                out.append(f"static const struct str {prefix}_resource_keys_{number}[] = "
                           f"{{{strings(keys)}}};\n")
        if self.resources:
            out.append(f"const struct resource_type {prefix}_resources[] = {{\n")
        for number, (name, (template, kind, keys)) in enumerate(self.resources.items()):
            out.append(f"\t{{.name = STR_INIT({quoted(name)}), .arn = STR_INIT({quoted(template)}),"
                       f"\n\t .type = STR_INIT({quoted(kind)})" +
                       (f",\n\t .keys = {prefix}_resource_keys_{number}, "
                        f".key_count = {len(keys)}" if keys else "") + "},\n")
        if self.resources:
            out.append("};\n")
        if self.throttles:
            out.append(f"static const struct throttle_class {prefix}_throttles[] = {{\n")
        for name, (scope, rate, burst, title) in self.throttles.items():
            out.append(f"\t{{.name = STR_INIT({quoted(name)}), "
                       f".scope = THROTTLE_CLASS_{scope.upper()}, .rate_milli = {rate}, "
                       f".burst = {burst},\n\t .title = STR_INIT({quoted(title)})}},\n")
        if self.throttles:
            out.append("};\n")
        return out

    def operation_lines(self, prefix, c_name, facts):
        out, row = [], [f".documentation = STR_INIT({quoted(facts['doc'])})",
                        f".access = ACCESS_{facts['access'].upper()}",
                        f".event = EVENT_{facts['event'].upper()}",
                        f".price = STR_INIT({quoted(facts.get('price', self.price))})"]
        if facts["resources"]:
            names = list(self.resources)
            out.append(f"static const struct resource_type *const {c_name}_resources[] = {{" +
                       ", ".join(f"&{prefix}_resources[{names.index(name)}]"
                                 for name in facts["resources"]) + "};\n")
            row += [f".resources = {c_name}_resources",
                    f".resource_count = {len(facts['resources'])}"]
        if facts["keys"]:
            out.append(f"static const struct str {c_name}_keys[] = {{{strings(facts['keys'])}}};\n")
            row += [f".keys = {c_name}_keys", f".key_count = {len(facts['keys'])}"]
        if "throttle" in facts:
            number = list(self.throttles).index(facts["throttle"])
            row.append(f".throttle = &{prefix}_throttles[{number}]")
        out.append(f"static const struct operation_facts {c_name}_facts = {{\n\t" +
                   ",\n\t".join(row) + "};\n")
        return out

    def service_rows(self, prefix, throttled):
        rows = []
        if self.resources:
            rows += [f".resource_types = {prefix}_resources",
                     f".resource_type_count = {len(self.resources)}"]
        if throttled:
            shape, code, status, *text = throttled
            rows += [f".throttled = {{.shape = STR_INIT({quoted(shape)}),\n"
                     f"\t\t      .query_code = STR_INIT({quoted(code)}), .status = {status}}}",
                     f".throttled_text = STR_INIT({quoted(' '.join(text))})"]
        return rows
