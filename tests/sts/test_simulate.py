# SPDX-License-Identifier: MIT
"""The policy simulator: what it decides, and what it says of the reasons."""
import pytest

from sts_clients import allow, document, fault_of, trust

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
ALICE = "arn:aws:iam::000000000000:user/alice"
# The policy, positions and answer of the AWS CLI's reference for simulate-principal-policy.
LIST_REPOSITORIES = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "1",
            "Effect": "Allow",
            "Action": "codecommit:ListRepositories",
            "Resource": "*"
        }
    ]
}"""


def deny(actions, resource="*", **others):
    return allow(actions, resource, **others) | {"Effect": "Deny"}


def simulate(iam, *statements, actions="sqs:SendMessage", **options):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document(*statements)],
        ActionNames=[actions] if isinstance(actions, str) else actions, **options)
    return answer["EvaluationResults"]


def decisions(results):
    return [result["EvalDecision"] for result in results]


def entry(name, *values, kind="string"):
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def test_three_decisions(root):
    results = simulate(root("iam"), allow("sqs:*"), deny("sqs:PurgeQueue"),
                       actions=["sqs:SendMessage", "sqs:PurgeQueue", "sns:Publish"])
    assert decisions(results) == ["allowed", "explicitDeny", "implicitDeny"]
    assert [result["EvalActionName"] for result in results] == [
        "sqs:SendMessage", "sqs:PurgeQueue", "sns:Publish"]
    assert all(result["EvalResourceName"] == "*" for result in results)
    assert [len(result["MatchedStatements"]) for result in results] == [1, 1, 0]


def test_statements_are_shown_where_they_stand(root):
    answer = root("iam").simulate_custom_policy(
        PolicyInputList=[document(deny("sqs:*")), LIST_REPOSITORIES],
        ActionNames=["codecommit:ListRepositories"])
    result, = answer["EvaluationResults"]
    assert result["MatchedStatements"] == [{
        "SourcePolicyId": "PolicyInputList.2", "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 3, "Column": 19}, "EndPosition": {"Line": 9, "Column": 10}}]
    assert answer["IsTruncated"] is False


def test_each_resource_has_its_result(root):
    results = simulate(root("iam"), allow("sqs:*", QUEUE), ResourceArns=[QUEUE, QUEUE + "2"])
    assert decisions(results) == ["implicitDeny"]
    assert [(each["EvalResourceName"], each["EvalResourceDecision"])
            for each in results[0]["ResourceSpecificResults"]] == [
        (QUEUE, "allowed"), (QUEUE + "2", "implicitDeny")]
    results = simulate(root("iam"), allow("sqs:*", QUEUE), ResourceArns=[QUEUE])
    assert decisions(results) == ["allowed"] and results[0]["EvalResourceName"] == QUEUE


@pytest.mark.parametrize("condition, given, decision", [
    ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, entry("aws:SourceVpc", "vpc-1"), "allowed"),
    ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, entry("AWS:SOURCEVPC", "vpc-2"),
     "implicitDeny"),
    ({"NumericLessThan": {"sqs:n": "5"}}, entry("sqs:n", "4", kind="numeric"), "allowed"),
    ({"Bool": {"aws:SecureTransport": "true"}},
     entry("aws:SecureTransport", "true", kind="boolean"), "allowed"),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, entry("aws:SourceIp", "10.1.2.3", kind="ip"),
     "allowed"),
    ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
     entry("aws:CurrentTime", "2019-01-01T00:00:00Z", kind="date"), "allowed"),
    ({"BinaryEquals": {"sqs:b": "QmluYXJ5"}}, entry("sqs:b", "QmluYXJ5", kind="binary"),
     "allowed"),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
     entry("aws:TagKeys", "a", "b", kind="stringList"), "allowed"),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
     entry("aws:TagKeys", "a", "c", kind="stringList"), "implicitDeny"),
    ({"ForAnyValue:NumericEquals": {"sqs:n": ["1"]}}, entry("sqs:n", "0", "1", kind="numericList"),
     "allowed"),
])
def test_context_of_all_types(root, condition, given, decision):
    results = simulate(root("iam"), allow("sqs:*", Condition=condition), ContextEntries=[given])
    assert decisions(results) == [decision]
    assert results[0]["MissingContextValues"] == []


def test_a_key_that_nobody_gave_is_missing(root):
    when = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    results = simulate(root("iam"), allow("sqs:*", Condition=when), deny("sqs:*", Condition={
        "StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}))
    assert decisions(results) == ["implicitDeny"]
    assert results[0]["MissingContextValues"] == [
        "aws:CurrentTime", "aws:PrincipalTag/team", "aws:username"]


def test_a_boundary_limits(root):
    for boundary, within in ((allow("sqs:*"), True), (allow("sns:*"), False)):
        result, = simulate(root("iam"), allow("*"),
                           PermissionsBoundaryPolicyInputList=[document(boundary)])
        assert result["EvalDecision"] == ("allowed" if within else "implicitDeny")
        assert result["PermissionsBoundaryDecisionDetail"] == {
            "AllowedByPermissionsBoundary": within}
    result, = simulate(root("iam"), allow("*"), PermissionsBoundaryPolicyInputList=[
        document(allow("*"), deny("sqs:SendMessage"))])
    assert result["EvalDecision"] == "explicitDeny"
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == [
        "PermissionsBoundaryPolicyInputList.1"]
    assert fault_of(root("iam").simulate_custom_policy, PolicyInputList=[document(allow("*"))],
                    PermissionsBoundaryPolicyInputList=[document(allow("*"))] * 2,
                    ActionNames=["sqs:SendMessage"])[0] == "InvalidInput"


def test_a_resource_policy_takes_part(root):
    policy = document({"Effect": "Allow", "Principal": {"AWS": ALICE},
                       "Action": "sqs:SendMessage", "Resource": QUEUE})
    options = {"ResourcePolicy": policy, "ResourceArns": [QUEUE]}
    result, = simulate(root("iam"), allow("sns:*"), CallerArn=ALICE, **options)
    assert result["EvalDecision"] == "allowed"
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == ["ResourcePolicy"]
    result, = simulate(root("iam"), allow("sns:*"), CallerArn=ALICE + "2", **options)
    assert result["EvalDecision"] == "implicitDeny"
    # Of another account both sides must allow it.
    stranger = ALICE.replace("000000000000", "111122223333")
    options["ResourcePolicy"] = policy.replace(ALICE, stranger)
    for statement, decision in ((allow("sns:*"), "implicitDeny"), (allow("sqs:*"), "allowed")):
        results = simulate(root("iam"), statement, CallerArn=stranger, **options)
        assert decisions(results) == [decision]
    assert fault_of(root("iam").simulate_custom_policy, PolicyInputList=[document(allow("*"))],
                    ActionNames=["sqs:SendMessage"], ResourcePolicy=policy)[0] == "InvalidInput"


def test_the_owner_of_a_resource_is_in_its_arn_or_given(root):
    for owner, decision in (("000000000000", "allowed"), ("111122223333", "implicitDeny"),
                            ("arn:aws:iam::111122223333:root", "implicitDeny")):
        results = simulate(root("iam"), allow("s3:*"), actions="s3:GetObject", CallerArn=ALICE,
                           ResourceArns=["arn:aws:s3:::bucket/key"], ResourceOwner=owner)
        assert decisions(results) == [decision]
    # Without a caller nobody is a stranger.
    results = simulate(root("iam"), allow("s3:*"), actions="s3:GetObject",
                       ResourceArns=["arn:aws:s3:::bucket/key"], ResourceOwner="111122223333")
    assert decisions(results) == ["allowed"]
    results = simulate(root("iam"), allow("sqs:*"), CallerArn=ALICE, ResourceArns=[
        QUEUE.replace("000000000000", "111122223333")], ResourceOwner="000000000000")
    assert decisions(results) == ["implicitDeny"]


def test_what_is_no_policy_or_action_is_refused(root):
    simulate_custom_policy = root("iam").simulate_custom_policy
    for policies, actions in (["{}"], ["sqs:SendMessage"]), ([document(allow("*"))], ["sqs"]), (
            [document(allow("*"))], ["sqs:*"]):
        assert fault_of(simulate_custom_policy, PolicyInputList=policies,
                        ActionNames=actions)[:2] == ("InvalidInput", 400)


def test_results_come_in_pages(root):
    actions = [f"sqs:Action{i}" for i in range(5)]
    policy, seen, marker = [document(allow("sqs:*"))], [], {}
    while True:
        answer = root("iam").simulate_custom_policy(PolicyInputList=policy, ActionNames=actions,
                                                    MaxItems=2, **marker)
        seen += [result["EvalActionName"] for result in answer["EvaluationResults"]]
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert seen == actions


def test_a_principal_brings_its_policies(own, name):
    user = own.user(allow("sqs:SendMessage"))
    own.iam.create_group(GroupName=name)
    own.iam.add_user_to_group(GroupName=name, UserName=user.name)
    own.iam.put_group_policy(GroupName=name, PolicyName="of-the-group",
                             PolicyDocument=document(allow("sqs:ReceiveMessage")))
    managed = own.iam.create_policy(PolicyName=name, PolicyDocument=document(
        allow("sqs:DeleteMessage")))["Policy"]["Arn"]
    own.iam.attach_user_policy(UserName=user.name, PolicyArn=managed)
    answer = own.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, PolicyInputList=[document(allow("sqs:PurgeQueue"))],
        ActionNames=["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage",
                     "sqs:PurgeQueue", "sqs:CreateQueue"])
    found = [[(each["SourcePolicyId"], each["SourcePolicyType"])
              for each in result["MatchedStatements"]] for result in answer["EvaluationResults"]]
    assert found == [[("p", "IAM Policy")], [("of-the-group", "IAM Policy")],
                     [(name, "IAM Policy")], [("PolicyInputList.1", "IAM Policy")], []]
    boundary = own.iam.create_policy(PolicyName=name + "b", PolicyDocument=document(
        allow("sqs:ReceiveMessage")))["Policy"]["Arn"]
    own.iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    answer = own.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=["sqs:SendMessage", "sqs:ReceiveMessage"])
    assert decisions(answer["EvaluationResults"]) == ["implicitDeny", "allowed"]


def test_a_principal_knows_its_name(own):
    user = own.user(allow("sqs:*", QUEUE + "-${aws:username}"))
    answer = own.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=["sqs:SendMessage"],
        ResourceArns=[f"{QUEUE}-{user.name}"])
    assert decisions(answer["EvaluationResults"]) == ["allowed"]
    assert answer["EvaluationResults"][0]["MissingContextValues"] == []


def test_a_simulated_decision_is_the_real_one(own, name):
    user = own.user(allow("sqs:*"), deny("sqs:PurgeQueue"))
    url = user.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    answer = own.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=["sqs:GetQueueUrl", "sqs:PurgeQueue"])
    assert decisions(answer["EvaluationResults"]) == ["allowed", "explicitDeny"]
    user.client("sqs").get_queue_url(QueueName=name)
    assert fault_of(user.client("sqs").purge_queue, QueueUrl=url)[0] == "AccessDenied"


def test_a_role_is_a_principal_too_and_others_are_not(own, other):
    role = own.role(trust(own.root), allow("sqs:*"))
    answer = own.iam.simulate_principal_policy(PolicySourceArn=role,
                                               ActionNames=["sqs:SendMessage"])
    assert answer["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyType"] == \
        "IAM Policy"
    for arn in (role + "x", other.role(trust(other.root)),
                "arn:aws:iam::aws:policy/AdministratorAccess"):
        assert fault_of(own.iam.simulate_principal_policy, PolicySourceArn=arn,
                        ActionNames=["sqs:SendMessage"])[:2] == ("NoSuchEntity", 404)


def test_context_keys_of_policies(own):
    statement = allow("sqs:*", QUEUE + "-${aws:username}", Condition={
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    keys = ["aws:username", "aws:SourceIp"]
    answer = own.iam.get_context_keys_for_custom_policy(PolicyInputList=[document(statement)] * 2)
    assert answer["ContextKeyNames"] == keys
    user = own.user(statement)
    more = document(allow("*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    answer = own.iam.get_context_keys_for_principal_policy(PolicySourceArn=user.arn,
                                                           PolicyInputList=[more])
    assert answer["ContextKeyNames"] == [*keys, "aws:SecureTransport"]


def test_simulating_needs_a_permission(own):
    user = own.user(allow("iam:SimulateCustomPolicy"))
    iam = user.client("iam")
    iam.simulate_custom_policy(PolicyInputList=[document(allow("*"))],
                               ActionNames=["sqs:SendMessage"])
    assert fault_of(iam.simulate_principal_policy, PolicySourceArn=user.arn,
                    ActionNames=["sqs:SendMessage"])[0] == "AccessDenied"
    assert fault_of(iam.get_context_keys_for_custom_policy,
                    PolicyInputList=[document(allow("*"))])[0] == "AccessDenied"
