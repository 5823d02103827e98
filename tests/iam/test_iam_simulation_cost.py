# SPDX-License-Identifier: MIT
"""Questions, policies and keys of a simulation are the caller's: their product has bounds."""
import json

import botocore.exceptions
import pytest

RESOURCES = [f"arn:aws:s3:::bucket{number}" for number in range(50)]


def statements(count, action="s3:Get{}", **members):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action.format(number), "Resource": "*", **members}
        for number in range(count)]}, separators=(",", ":"))


def refusal(iam, **members):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        iam.simulate_custom_policy(**members)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Code"] == "InvalidInput"
    return answer["Error"]["Message"]


def test_steps_are_bounded(private):
    server = private("--durability", "memory")
    iam = server.client("iam")
    before = server.metrics()
    # Answered, as a base to compare with.
    iam.simulate_custom_policy(PolicyInputList=[statements(1500)] * 12,
                               ActionNames=["sqs:SendMessage"], ResourceArns=RESOURCES[:1])
    one = server.metrics()
    text = refusal(iam, PolicyInputList=[statements(1500)] * 12, ResourceArns=RESOURCES,
                   ActionNames=[f"sqs:Action{number}" for number in range(50)])
    assert "steps" in text and "fewer" in text
    many = server.metrics()
    # 2,500 times the questions; what they took of memory is a small multiple.
    memory = "process_resident_memory_bytes"
    assert many[memory] - before[memory] < 3 * max(one[memory] - before[memory], 1 << 26)
    assert many["tern_worker_operations_total"] == before["tern_worker_operations_total"] + 2


def test_rows_of_the_answer_are_bounded(iam):
    policy = statements(1000, "*")
    members = {"PolicyInputList": [policy], "ActionNames": ["sqs:SendMessage"]}
    answer = iam.simulate_custom_policy(ResourceArns=RESOURCES[:5], **members)
    result, = answer["EvaluationResults"]
    assert len(result["MatchedStatements"]) == 1000  # each once
    assert [len(one["MatchedStatements"]) for one in result["ResourceSpecificResults"]] \
        == [1000] * 5
    assert "matched statements" in refusal(iam, ResourceArns=RESOURCES, **members)


def test_missing_keys_are_rows_too(iam):
    keys = {f"app:key{number}": "v" for number in range(100)}
    policy = statements(10, "*", Condition={
        f"ForAnyValue:String{name}": {f"{key}{name}": "v" for key in keys}
        for name in ("Equals", "NotEquals", "Like")})
    members = {"PolicyInputList": [policy], "ResourceArns": RESOURCES}
    answer = iam.simulate_custom_policy(ActionNames=["a:B"], **members)
    assert len(answer["EvaluationResults"][0]["MissingContextValues"]) == 300
    text = refusal(iam, ActionNames=[f"a:B{number}" for number in range(10)], **members)
    assert "missing context values" in text


def test_size_of_all_policies_is_bounded(iam):
    policy = statements(1500)
    count = 2_097_152 // len(policy)
    members = {"ActionNames": ["sqs:SendMessage"]}
    iam.simulate_custom_policy(PolicyInputList=[policy] * count, **members)
    text = refusal(iam, PolicyInputList=[policy] * (count + 1), **members)
    assert "2097152 bytes" in text


def test_many_keys_are_told_apart_quickly(iam):
    """Thousands of keys, each in several documents; compared by hash, each is told once."""
    policies = [statements(60, "*", Condition={"StringEquals": {
        f"app:k{document}-{number}": "v" for number in range(60)}}) for document in range(8)]
    names = iam.get_context_keys_for_custom_policy(PolicyInputList=policies * 2)["ContextKeyNames"]
    assert len(names) == 8 * 60
