# SPDX-License-Identifier: MIT
"""Accounts of one's own on a server that checks signatures and policies, and their users."""
import json
import sys

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from ternd import DEFAULT_REGION, ROOT

TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "sqs.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


sys.path.insert(0, str(ROOT / "tools"))
import gen  # noqa: E402


def modelled_operations():
    return gen.Model(ROOT / "model/iam.ops").operations


def allow(*actions, resource="*", effect="Allow", **more):
    """A policy document with one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": list(actions), "Resource": resource, **more}]})


def trust(principal=None):
    if principal is None:
        return json.dumps(TRUST)
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def fault_of(call, **arguments):
    """Code, text and status of the fault that the call must end with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return (answer["Error"]["Code"], answer["Error"]["Message"],
            answer["ResponseMetadata"]["HTTPStatusCode"])


class Account:
    def __init__(self, server, number, key, secret):
        self.server, self.number, self.key, self.secret = server, number, key, secret

    def client(self, service="iam", key=None):
        key = key or {"AccessKeyId": self.key, "SecretAccessKey": self.secret}
        return self.server.client(service, account=key["AccessKeyId"],
                                  secret=key["SecretAccessKey"], validates=False)

    def arn(self, resource):
        return f"arn:aws:iam::{self.number}:{resource}"

    def user(self, name, *actions, **more):
        """A new user's access key; its inline policy allows the actions."""
        iam = self.client()
        iam.create_user(UserName=name)
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="own",
                                PolicyDocument=allow(*actions, **more))
        return iam.create_access_key(UserName=name)["AccessKey"]


def make_account(server):
    request = botocore.awsrequest.AWSRequest("POST", server.url + "/_tern/accounts", data=b"{}")
    keys = botocore.credentials.Credentials(server.key, server.secret)
    botocore.auth.SigV4Auth(keys, "tern", DEFAULT_REGION).add_auth(request)
    answer = server.http.post(request.url, headers=dict(request.headers), data=b"{}", timeout=60)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    return Account(server, made["account"], made["access_key_id"], made["secret_access_key"])
