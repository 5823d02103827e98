# SPDX-License-Identifier: MIT
"""Who calls STS in these tests: clients by credentials, accounts with users and roles."""
import itertools
import json

import botocore.exceptions
import pytest

numbers = itertools.count(1)


def client_of(server, service, credentials, **options):
    """A client with the credentials of an STS answer, or with a key and a secret."""
    if isinstance(credentials, dict):
        return server.client(service, account=credentials["AccessKeyId"],
                             secret=credentials["SecretAccessKey"],
                             token=credentials.get("SessionToken"), **options)
    key, secret = credentials
    return server.client(service, account=key, secret=secret, **options)


def fault_of(call, **parameters):
    """Code, status and text of the fault that the call must get."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    return (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"],
            error["Error"]["Message"])


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resource="*", **others):
    return {"Effect": "Allow", "Action": actions, "Resource": resource} | others


def trust(principal, actions="sts:AssumeRole", **others):
    return document({"Effect": "Allow", "Principal": principal, "Action": actions} | others)


class Account:
    """An account by the credentials of its root user."""

    def __init__(self, server, number, key, secret):
        self.server, self.number = server, number
        self.iam = client_of(server, "iam", (key, secret))
        self.sqs = client_of(server, "sqs", (key, secret))
        self.root = {"AWS": f"arn:aws:iam::{number}:root"}

    def user(self, *statements):
        """A user with one inline policy: clients of services, by name."""
        name = f"user{next(numbers)}"
        self.iam.create_user(UserName=name)
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="p",
                                     PolicyDocument=document(*statements))
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return User(self, name, key)

    def role(self, trust_policy, *statements, **options):
        """The ARN of a role with one inline policy."""
        name = f"role{next(numbers)}"
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy,
                                   **options)["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="p",
                                     PolicyDocument=document(*statements))
        return arn


class User:
    def __init__(self, account, name, key):
        self.name, self.key = name, key
        self.arn = f"arn:aws:iam::{account.number}:user/{name}"
        self.server = account.server

    def client(self, service, **options):
        return client_of(self.server, service, self.key, **options)

    def assume(self, role, **options):
        return assume(self.client("sts"), role, **options)


def assume(sts, role, **options):
    return sts.assume_role(**{"RoleArn": role, "RoleSessionName": "session"} | options)
