# SPDX-License-Identifier: MIT
"""Every model/*.ops against what AWS publishes (botocore's copy): members, kinds, and the names
that each dialect gives them. A model may leave out what AWS has, and says nothing that it has not.
"""
import sys

import botocore.session
import pytest

from ternd import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402

SERVICES = sorted(path.stem for path in (ROOT / "model").glob("*.ops"))
# Kinds that are the same on the wire: the numbers of Query are texts.
SAME_KINDS = {"GetAccountSummary.out.SummaryMap": "map:integer"}


@pytest.fixture(params=SERVICES)
def models(request):
    """Ours and AWS's of one service."""
    aws = botocore.session.get_session().get_service_model(request.param)
    return gen.Model(ROOT / f"model/{request.param}.ops"), aws


def kind_of(shape):
    """A botocore shape in the words of the model file."""
    if shape.type_name in ("list", "map"):
        item = shape.member if shape.type_name == "list" else shape.value
        return f"{shape.type_name}:{item.name if item.type_name == 'structure' else item.type_name}"
    if shape.type_name == "structure":
        return "structure:" + shape.name
    return {"float": "double"}.get(shape.type_name, shape.type_name)


def pairs(ours, aws):
    """Each member of each structure and operation: where it stands, ours, AWS's."""
    for name, members in ours.structures.items():
        yield from ((f"{name}.{member.name}", member, aws.shape_for(name)) for member in members)
    for name, parts in ours.operations.items():
        operation = aws.operation_model(name)
        for side, shape in (("in", operation.input_shape), ("out", operation.output_shape)):
            yield from ((f"{name}.{side}.{member.name}", member, shape) for member in parts[side])


def test_operations_members_and_kinds_are_aws(models):
    ours, aws = models
    assert set(ours.operations) <= set(aws.operation_names)
    for place, member, shape in pairs(ours, aws):
        assert shape is not None and member.name in shape.members, place
        kind = member.kind + (":" + member.item if member.item else "")
        assert SAME_KINDS.get(place, kind) == kind_of(shape.members[member.name]), place


def test_required_members_are_aws(models):
    ours, aws = models
    for name, parts in ours.operations.items():
        shape = aws.operation_model(name).input_shape
        known = {member.name for member in parts["in"]}
        required = {member.name for member in parts["in"] if member.is_required}
        assert required == set(shape.required_members if shape else ()) & known, name


def parameter_of(aws, name, shape):
    """Name and item of a parameter, as botocore's serializers write them."""
    names = shape.serialization
    if aws.metadata["protocol"] != "ec2":
        return element_of(name, shape)
    written = names.get("queryName") or names.get("name") or name
    return written[0].upper() + written[1:], ""


def element_of(name, shape):
    """Name and item of an element, as botocore's parsers look for them."""
    names = shape.serialization
    written = names.get("name", name)
    if shape.type_name == "list":
        item = shape.member.serialization.get("name")
        return (item or written, "") if names.get("flattened") else (written, item or "member")
    if shape.type_name == "map":
        return written, "" if names.get("flattened") else "entry"
    return written, ""


def used_in(ours, sides):
    """The structures that input or output of an operation lead to."""
    found, left = set(), [member for parts in ours.operations.values() for side in sides
                          for member in parts[side]]
    while left:
        member = left.pop()
        if member.item in ours.structures and member.item not in found:
            found.add(member.item)
            left += ours.structures[member.item]
    return found


def test_names_in_query_are_aws(models):
    ours, aws = models
    if not ours.query or aws.metadata["protocol"] == "json":
        pytest.skip("does not speak Query")
    assert ours.query[0] == aws.metadata["apiVersion"]
    assert ours.query[1].rstrip("/") == aws.metadata["xmlNamespace"].rstrip("/")
    asked, answered = used_in(ours, ["in"]), used_in(ours, ["out"])
    for place, member, shape in pairs(ours, aws):
        is_list = member.kind in ("list", "map")
        head, found = place.split(".")[0:2], shape.members[member.name]
        if head[1] == "in" or head[0] in asked:
            assert (member.query, member.query_item if is_list else "") == \
                parameter_of(aws, member.name, found), f"{place}: parameter"
        if head[1] == "out" or head[0] in answered:
            assert (member.xml, member.xml_item if is_list else "") == \
                element_of(member.name, found), f"{place}: element"


def test_names_in_json_are_aws(models):
    ours, aws = models
    if not ours.target:
        pytest.skip("does not speak JSON")
    assert ours.target == [aws.metadata["targetPrefix"], aws.metadata["jsonVersion"]]


def test_faults_are_aws(models):
    ours, aws = models
    modelled = {shape.name: shape for shape in aws.error_shapes}
    for name, code, status, *_ in ours.faults:
        if name not in modelled or aws.metadata["protocol"] == "json":
            continue
        told = modelled[name].metadata.get("error", {})
        assert (code, int(status)) == (told.get("code", name),
                                       told.get("httpStatusCode", int(status))), name


@pytest.mark.parametrize("line, text", [
    ("\tin Name text", "no such kind: text"),
    ("\tin Name string:x", "no such kind: string:x"),
    ("\tin Name list:Nothing", "Nothing is not known here"),
    ("\tin Name map:integer", "a map's values are strings or structures"),
    ("\tin Name string mandatory", "no such option: mandatory"),
    ("\tin Name string query", "query takes 1 to 3 names"),
    ("\tin Name string required yes", "required takes 0 to 0 names"),
    ("\tin SecretAccessKey string", "mark it sensitive"),
    ("operation Other thread", "operation NAME net|control"),
    ("operation Other net fast", "operation NAME net|control"),
    ("query 2010-05-08 https://x/ deep", "query VERSION NAMESPACE"),
    ("faults X Y 400", "unknown line"),
])
def test_models_that_are_refused(tmp_path, line, text):
    path = tmp_path / "made.ops"
    path.write_text(f"service made\nquery 1 https://x/\noperation Do net\n{line}\n")
    with pytest.raises(SystemExit, match=r"made\.ops:4: ") as caught:
        gen.Model(path)
    assert text in str(caught.value)
