# SPDX-License-Identifier: MIT
"""Writes the tables of wire/constraint.h: each constraint and pattern of a service once."""


def quoted(text):
    """A C string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Tables:
    def __init__(self, model):
        self.model, self.lines = model, []
        self.names = {}  # of a table, by the text behind its "="

    def add(self, kind, ctype, value):
        """The name of a static table with that value."""
        key = (ctype, value)
        if key not in self.names:
            number = sum(1 for name in self.names.values() if f"_{kind}_" in name)
            self.names[key] = f"{self.model.name}_{kind}_{number}"
            name, brackets = self.names[key], "[]" if ctype.endswith("[]") else ""
            self.lines.append(f"static const {ctype.removesuffix('[]')} {name}{brackets} = "
                              f"{value};\n")
        return self.names[key]

    def numbers(self, kind, ctype, values):
        return self.add(kind, ctype + "[]", "{" + ", ".join(str(value) for value in values) + "}")

    def pattern(self, constraint):
        starts, rows = constraint.compiled()
        following = [to for row, _ in rows for to in row]
        value = (f"{{.text = STR_INIT({quoted(constraint.pattern)}),\n"
                 f"\t.starts = {self.numbers('starts', 'uint32_t', starts)}, "
                 f".next = {self.numbers('next', 'uint8_t', following)},"
                 f"\n\t.accepts = "
                 f"{self.numbers('accepts', 'bool', [int(accepts) for _, accepts in rows])}, "
                 f".interval_count = {len(starts)}}}")
        return "&" + self.add("pattern", "struct shape_pattern", value)

    def constraint(self, constraint):
        """A pointer to its table, in C; None: it is empty."""
        if constraint.is_empty():
            return None
        least, most = constraint.least, constraint.most
        row = [f".least = {'INT64_MIN' if least is None else least}",
               f".most = {'INT64_MAX' if most is None else most}"]
        if constraint.pattern:
            row.append(f".pattern = {self.pattern(constraint)}")
        if constraint.values:
            values = [f"STR_INIT({quoted(value)})" for value in constraint.values]
            row += [f".values = {self.numbers('values', 'struct str', values)}",
                    f".value_count = {len(values)}",
                    f".shown_count = {constraint.shown_count}"]
        if constraint.item and not constraint.item.is_empty():
            row.append(f".item = {self.constraint(constraint.item)}")
        if constraint.key and not constraint.key.is_empty():
            row.append(f".key = {self.constraint(constraint.key)}")
        fault, text = constraint.fault, constraint.text
        if constraint.pattern in self.model.words:
            fault, text = self.model.violation[0], self.model.words[constraint.pattern]
        if fault:
            row += [f".fault = &{self.model.fault_of(fault)}", f".text = STR_INIT({quoted(text)})"]
        return "&" + self.add("constraint", "struct shape_constraint",
                              "{\n\t" + ",\n\t".join(row) + "}")
