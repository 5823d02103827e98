# SPDX-License-Identifier: MIT
"""Lines of records in a model: numbers stay, and secrets are marked."""
import sys

import pytest

from ternd import ROOT

sys.path.insert(0, str(ROOT / "tools"))
from gen_model import Model  # noqa: E402

HEAD = ["service things", "denied AccessDeniedException AccessDenied 403"]


def read(tmp_path, *lines):
    path = tmp_path / "things.ops"
    path.write_text("\n".join([*HEAD, *lines]) + "\n")
    return Model(path).records


def test_a_record_has_a_struct_and_a_shape(tmp_path):
    records = read(tmp_path, "record Part", "\t1 Name string", "record Thing", "\t1 Id string",
                   "\t2 retired", "\t3 Parts list:Part", "\t4 Size long json bytes")
    header, source = records.header(), records.source()
    assert "struct things_thing_record {\n\tstruct str id;\n" \
           "\tconst struct things_part_record *parts;\n\tsize_t parts_count;\n" \
           "\tint64_t size;\n};" in header
    assert "void things_thing_record_encode(" in header
    assert ".number = 4" in source and ".number = 2" not in source
    assert ".number_max = 4" in source
    assert 'STR_INIT("bytes")' in source and 'STR_INIT("parts")' in source


def test_retired_numbers_at_the_end_stay_known(tmp_path):
    records = read(tmp_path, "record Thing", "\t1 Id string", "\t2 retired")
    assert ".number_max = 2" in records.source()


@pytest.mark.parametrize("lines, problem", [
    (["\t2 Name string"], "the next number is 1: add members at the end"),
    (["\t1 Name string", "\t1 Other string"], "the next number is 2"),
    (["\t1 Name string", "\t3 Other string"], "the next number is 2"),
    (["\tName string"], "the next number is 1"),
    (["\t1 Name string required"], "sensitive and json NAME"),
    (["\t1 Password string"], "mark it sensitive"),
    (["\t1 Tags list:Tag"], "Tag is not known here"),
    (["\t1 Name text"], "no such kind"),
    (["record Thing", "\t1 Name string"], "a record Thing already"),
])
def test_wrong_lines_are_refused(tmp_path, lines, problem):
    with pytest.raises(SystemExit) as refused:
        read(tmp_path, "structure Tag", "\tKey string", "record Thing", *lines)
    assert problem in str(refused.value)
