# SPDX-License-Identifier: MIT
"""Writes the C sources of a model's records: what a service keeps of a resource in the catalog."""
from gen_source import MARK, Sources, flag_rows

OPTIONS = {"sensitive", "json"}


class Record(list):
    """The members of one record, each with a number that stays: a member that is no longer used
    leaves a line NUMBER retired behind, so that its number is never used again."""

    def __init__(self):
        super().__init__()
        self.number_max = 0

    def read_line(self, words, new_member):
        number, *words = words
        if number != str(self.number_max + 1):
            raise ValueError(f"the next number is {self.number_max + 1}: add members at the end")
        self.number_max += 1
        if words == ["retired"]:
            return
        if not set(words[2:3]) <= OPTIONS:
            raise ValueError("a member of a record takes sensitive and json NAME")
        member = new_member(words)
        member.number = self.number_max
        if "json" not in words[2:]:
            member.json = member.name[0].lower() + member.name[1:]
        # Texts of the old format may have any number of items.
        member.is_counted = member.kind == "list"
        self.append(member)


class Records(Sources):
    """The records of a model. A structure in a record is a record too, so that all have numbers."""
    has_presence = False
    pointer = "const "

    def __init__(self, name):
        self.name, self.structures, self.operations = name, {}, {}

    def begin(self, name):
        if name in self.structures:
            raise ValueError(f"there is a record {name} already")
        self.structures[name] = Record()
        return self.structures[name]

    def struct(self, name):
        return super().struct(name) + "_record"

    def member_row(self, c_name, member, tables):
        row = [f'.name = STR_INIT("{member.json}")', *self.layout_rows(c_name, member)]
        if member.number:
            row.append(f".number = {member.number}")
        row += flag_rows(member, "is_counted", "is_sensitive")
        return "\t{" + ",\n\t ".join(row) + "},\n"

    @staticmethod
    def encoder(c_name):
        return f"void {c_name}_encode(struct buf *out, const struct {c_name} *record)"

    @staticmethod
    def decoder(c_name):
        return f"enum err {c_name}_decode(struct arena *arena, struct str bytes,\n" \
               f"\t\tstruct {c_name} *out_record)"

    def header(self):
        guard = f"TERN_API_{self.name.upper()}_RECORDS_H"
        out = [MARK.format(name=self.name),
               f"/* {self.name}_records: what the catalog keeps of {self.name}; see wire/record.h. "
               f"*/\n#ifndef {guard}\n#define {guard}\n\n" '#include "wire/record.h"\n\n',
               *self.struct_lines()]
        for name in self.structures:
            c_name = self.struct(name)
            out.append(f"extern const struct shape {c_name}_shape;\n"
                       f"{self.encoder(c_name)};\nmust_check {self.decoder(c_name)};\n\n")
        out.append("#endif\n")
        return "".join(out)

    def source(self):
        out = [MARK.format(name=self.name), f'#include "api/{self.name}_records.h"\n\n',
               *self.nested_rows(None)]
        for name, members in self.structures.items():
            c_name = self.struct(name)
            out.append(f"static const struct shape_member {c_name}_members[] = {{\n")
            out += [self.member_row(c_name, member, None) for member in members]
            out.append("};\n"
                       f"const struct shape {c_name}_shape = {{\n"
                       f'\t.name = STR_INIT("{name}"),\n\t.size = sizeof(struct {c_name}),\n'
                       f"\t.member_count = {len(members)},\n\t.members = {c_name}_members,\n"
                       f"\t.number_max = {members.number_max}}};\n\n"
                       f"{self.encoder(c_name)}\n{{\n"
                       f"\trecord_encode(out, &{c_name}_shape, record);\n}}\n\n"
                       f"{self.decoder(c_name)}\n{{\n"
                       f"\treturn record_decode(arena, bytes, &{c_name}_shape, out_record);\n"
                       "}\n\n")
        return "".join(out)
