# SPDX-License-Identifier: MIT
"""Two accounts of a server that checks signatures, and users of them."""
import json

from ternd import SigV4

OWN, OTHER = "000000000000", "222222222222"


class Caller:
    """Credentials of somebody, and clients made with them."""

    def __init__(self, server, account, key, secret, token=None):
        self.server, self.account = server, account
        self.key, self.secret, self.token = key, secret, token
        self.arn = f"arn:aws:iam::{account}:root"

    def client(self, service="sqs", **options):
        return self.server.client(service, account=self.key, secret=self.secret,
                                  token=self.token, **options)


class World:
    def __init__(self, server):
        self.server = server
        key, secret = server.read_credential()
        self.root = Caller(server, OWN, key, secret)
        answer = server.post("/_tern/accounts", {"account": OTHER, "name": "other"},
                             auth=SigV4(key, secret)).json()
        self.other_root = Caller(
            server, OTHER, answer["access_key_id"], answer["secret_access_key"])
        self.count = 0

    def user(self, root=None, *statements, boundary=None, tags=()):
        """A new user with one inline policy of these statements; a statement may be an action."""
        root = root or self.root
        iam = root.client("iam")
        self.count += 1
        name = f"user{self.count}"
        iam.create_user(UserName=name, Tags=[{"Key": k, "Value": v} for k, v in tags])
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="inline",
                                PolicyDocument=document(*statements))
        if boundary:
            arn = iam.create_policy(PolicyName=f"boundary{self.count}",
                                    PolicyDocument=document(*boundary))["Policy"]["Arn"]
            iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        caller = Caller(self.server, root.account, key["AccessKeyId"], key["SecretAccessKey"])
        caller.arn = f"arn:aws:iam::{root.account}:user/{name}"
        return caller


def document(*statements):
    rows = [{"Effect": "Allow", "Action": one, "Resource": "*"} if isinstance(one, (str, list))
            else {"Resource": "*"} | one for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": rows})
