# SPDX-License-Identifier: MIT
"""tern metrics ls, get and put."""
import uuid

import pytest


@pytest.fixture
def space():
    return "Cli/" + uuid.uuid4().hex


def test_samples_are_put_and_read(tern, space):
    tern("metrics", "put", space, "Orders", "3", "4.5", "--unit", "Count",
         "--dimension", "Region=eu", "--dimension", "Shop=a=b")
    assert tern.json("metrics", "ls", space) == [{
        "Namespace": space, "MetricName": "Orders", "Dimensions": "Region=eu Shop=a=b"}]
    assert tern.json("metrics", "ls", space, "--dimension", "Region=us") == []
    dimensions = ["--dimension", "Region=eu", "--dimension", "Shop=a=b"]
    row, = tern.json("metrics", "get", space, "Orders", *dimensions, "--stat", "Sum")
    assert row["Value"] == 7.5 and row["Timestamp"]
    row, = tern.json("metrics", "get", space, "Orders", *dimensions, "--since", "10m",
                     "--period", "60", "--stat", "p100")
    assert row["Value"] == 4.5
    assert tern.json("metrics", "get", space, "Orders", *dimensions, "--until", "1h") == []


def test_people_see_a_table(tern, space):
    tern("metrics", "put", space, "Orders", "7", "--high-resolution")
    shown = tern("metrics", "get", space, "Orders", "--period", "1", "--stat", "Maximum").stdout
    assert shown.split()[:2] == ["TIME", "VALUE"] and shown.split()[-1] == "7"
    assert "No data" in tern("metrics", "get", space, "Nothing").stderr
    assert "No metrics" in tern("metrics", "ls", space + "/none").stderr


@pytest.mark.parametrize("arguments, code, text", [
    (["put", "n", "m", "many"], 2, '"many" is no number'),
    (["put", "n", "m", "1", "--dimension", "x"], 2, "dimension"),
    (["put", "AWS/SQS", "m", "1"], 1, "Namespace is invalid"),
    (["get", "n", "m", "--stat", "Median"], 1, "Median"),
    (["get", "n", "m", "--since", "soon"], 2, '"soon" is no time'),
])
def test_mistakes_are_explained(tern, arguments, code, text):
    assert text in tern("metrics", *arguments, code=code).stderr
