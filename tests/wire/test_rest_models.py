# SPDX-License-Identifier: MIT
"""What models of REST must not say."""
import pytest

import generate

ONE = "operation One net\n\thttp GET /one/{Id} 200\n\tin Id string label\n"


@pytest.mark.parametrize("text, problem", [
    ("operation Two net\n", "Two has no http line"),
    ("operation Two net\n\thttp GET /one/{Other}\n\tin Other string label\n", "has this method"),
    ("operation Two net\n\thttp GET /two/{Id}\n", "the labels of its path"),
    ("operation Two net\n\thttp GET /two/{Id}x\n", "a label is a whole segment"),
    ("operation Two net\n\thttp GET /{Id+}/two\n", "a greedy label is the last segment"),
    ("operation Two net\n\thttp LOOK /two\n", "http METHOD /PATH"),
    ("operation Two net\n\thttp GET /two\n\tin A map:string label\n", "label takes no map"),
    ("operation Two net\n\thttp GET /two\n\tin A list:string payload\n", "payload takes a blob"),
    ("operation Two net\n\thttp GET /two\n\tin A string header X-A param a\n", "one place"),
    ("operation Two net\n\thttp GET /two\n\tin A blob payload\n\tin B string\n", "have a place"),
    ("operation Two net\n\thttp GET /two\n\tout A integer param a\n", "no such place"),
    ("operation Two net\n\thttp GET /two\n\tin A string status\n", "status takes no string"),
    ("operation Two net\n\thttp GET /two\n\tin A timestamp time local\n", "time epoch|iso|http"),
    ("target Two 1.0\n", "speaks nothing else"),
])
def test_models_of_rest_that_are_refused(tmp_path, text, problem):
    path = tmp_path / "made.ops"
    path.write_text("service made\nrest-json\n" + ONE)
    generate.Model(path)
    path.write_text("service made\nrest-json\n" + ONE + text)
    with pytest.raises(SystemExit) as caught:
        generate.Model(path)
    assert problem in str(caught.value)


def test_places_are_for_rest(tmp_path):
    path = tmp_path / "made.ops"
    path.write_text("service made\ncbor Made\noperation One net\n\tin Id string header X-Id\n")
    with pytest.raises(SystemExit, match="are for REST"):
        generate.Model(path)
