# SPDX-License-Identifier: MIT
"""The versions in doc/clients.md are those that the tests install."""
import re

import pytest

from ternd import ROOT

PINS = [
    ("AWS CLI", "tests/clients/requirements.txt", r"awscli==([\d.]+)"),
    ("Celery with kombu and pycurl", "tests/clients/requirements.txt", r"celery==([\d.]+)"),
    ("Dramatiq (dramatiq-sqs)", "tests/clients/requirements.txt", r"dramatiq==([\d.]+)"),
    ("SDK for JavaScript v3", "tests/js/package.json", r'client-sqs": "([\d.]+)"'),
    ("sqs-consumer", "tests/js/package.json", r'sqs-consumer": "([\d.]+)"'),
    ("SDK for JavaScript v2", "tests/clients/js2/package.json", r'aws-sdk": "([\d.]+)"'),
    ("SDK for Go v2", "tests/clients/go/go.mod", r"aws-sdk-go-v2/service/sqs v([\d.]+)"),
    ("SDK for Go v1", "tests/clients/go/go.mod", r"aws/aws-sdk-go v([\d.]+)"),
    ("SDK for Java v2, its batch manager", "tests/clients/java/pom.xml",
     r"<artifactId>bom</artifactId>\s*<version>([\d.]+)"),
    ("SDK for Java v1", "tests/clients/java/pom.xml",
     r"aws-java-sdk-sqs</artifactId>\s*<version>([\d.]+)"),
    ("JMS (amazon-sqs-java-messaging-lib)", "tests/clients/java/pom.xml",
     r"messaging-lib</artifactId>\s*<version>([\d.]+)"),
    ("Spring Cloud AWS", "tests/clients/java/pom.xml",
     r"spring-cloud-aws-sqs</artifactId>\s*<version>([\d.]+)"),
]


@pytest.mark.parametrize("client, file, pattern", PINS, ids=[pin[0] for pin in PINS])
def test_versions_are_those_installed(client, file, pattern):
    text = (ROOT / "doc/clients.md").read_text()
    told = re.findall(rf"^\| {re.escape(client)} \| ([\d.]+) \|", text, re.MULTILINE)
    assert len(told) == 1
    pinned = re.search(pattern, (ROOT / file).read_text())[1]
    assert (pinned + ".").startswith(told[0] + "."), f"{told[0]} in doc, {pinned} in {file}"
