# SPDX-License-Identifier: MIT
"""Policies and requests are the callers', and so is the product of both: it has a bound."""
import json

from callers import Caller, document
from ternd import SigV4, eventually

# All but the last byte is found at each place of the agent.
HOSTILE = "*" + "a?" * 62 + "b*"
AGENT = {"User-Agent": "a" * 7000}
CONDITION = {"StringLike": {"aws:UserAgent": [HOSTILE] * 10}}
REASON = "because the policies take more steps to evaluate than one decision may take"


def ask(server, url="/", auth=None, headers=AGENT, **parameters):
    return server.http.post(server.url + url, data=parameters, headers=headers, auth=auth,
                            timeout=40)


def record_of(server, request_id):
    def find():
        lines = (server.data / "audit/audit.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines if request_id in line]
        return found and found[0]
    return eventually(find, what="the call is audited")


def test_expensive_policies_deny_and_say_so(private):
    server = private("--auth", "required", "--durability", "os")
    root = Caller(server, server.key, *server.read_credential())
    iam = root.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(
        "sqs:*", {"Effect": "Allow", "Action": "*", "Condition": CONDITION}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    auth = SigV4(key["AccessKeyId"], key["SecretAccessKey"], service="sqs")
    assert ask(server, auth=auth, headers={}, Action="ListQueues").status_code == 200
    before = server.metrics()["tern_policy_exhausted_total"]
    answer = ask(server, auth=auth, Action="ListQueues")
    assert answer.status_code == 403 and REASON in answer.text
    assert server.metrics()["tern_policy_exhausted_total"] == before + 1
    assert "too many steps" in server.log() and "user/u" in server.log()
    record = record_of(server, answer.headers["x-amzn-RequestId"])
    assert record["errorCode"] == "AccessDenied" and REASON in record["errorMessage"]


def test_unsigned_requests_are_bounded_too(private):
    server = private("--auth", "required", "--durability", "os", "--audit", "all")
    root = Caller(server, server.key, *server.read_credential())
    sqs = root.client()
    arn = "arn:aws:sqs:us-east-1:000000000000:q"
    url = sqs.create_queue(QueueName="q", Attributes={"Policy": json.dumps({"Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn,
        "Condition": CONDITION}})})["QueueUrl"]
    answer = ask(server, "/000000000000/q", Action="SendMessage", MessageBody="m", QueueUrl=url)
    assert answer.status_code == 403 and "MissingAuthenticationToken" in answer.text
    assert REASON not in answer.text  # a stranger learns nothing of the policy
    assert server.metrics()["tern_policy_exhausted_total"] == 1
    record = record_of(server, answer.headers["x-amzn-RequestId"])
    assert REASON in record["errorMessage"]
