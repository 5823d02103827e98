# SPDX-License-Identifier: MIT
"""Clients that sign with given credentials, temporary ones among them."""
import json

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials


def client_of(server, service, credentials, region="us-east-1", **config):
    """A boto3 client with the credentials of an STS answer, or with a key, secret and token."""
    if isinstance(credentials, dict):
        credentials = (credentials["AccessKeyId"], credentials["SecretAccessKey"],
                       credentials.get("SessionToken"))
    key, secret, token = (*credentials, None)[:3]
    return boto3.Session().client(
        service, endpoint_url=server.url, region_name=region, aws_access_key_id=key,
        aws_secret_access_key=secret, aws_session_token=token,
        config=botocore.config.Config(
            connect_timeout=5, read_timeout=40, retries={"total_max_attempts": 1}, proxies={},
            ignore_configured_endpoint_urls=True, **config))



def advance(server, seconds):
    """Moves the clock of a server that wants signatures and has --test-clock."""
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=server.url + "/_tern/clock",
        data=json.dumps({"advance_ms": round(seconds * 1000)}))
    keys = botocore.credentials.Credentials(server.key, server.secret)
    botocore.auth.SigV4Auth(keys, "tern", "us-east-1").add_auth(request)
    answer = server.http.post(request.url, data=request.body, headers=dict(request.headers))
    assert answer.status_code == 200, answer.text
