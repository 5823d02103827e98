# SPDX-License-Identifier: MIT
"""What packaging/ has for Prometheus and Grafana names metrics that ternd serves."""
import json
import re

import pytest

from ternd import ROOT

FOLDER = ROOT / "packaging/prometheus"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
NAME = r"\b(?:tern|process)_[a-z_]+[a-z]"


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]
    text = (FOLDER / "tern-alerts.yml").read_text()
    for alert, rest in re.findall(r"- alert: (\w+)\n(.*?)(?=- alert:|\Z)", text, re.S):
        yield alert, re.search(r"expr: (.*?)\n +(?:for|labels):", rest, re.S)[1]


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Names of all samples of a server that has answered, failed and kept a message."""
    from ternd import Server
    with Server(tmp_path_factory.mktemp("monitored")) as server:
        sqs = server.client()
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            sqs.get_queue_url(QueueName="none")
        text = server.metrics_text()
        families = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        return families | set(re.findall(r"^([a-z_]+)[ {]", text, re.M))


@pytest.mark.parametrize("what, expression", list(expressions()))
def test_dashboard_and_alerts_name_metrics_that_are_served(samples, what, expression):
    names = set(re.findall(NAME, expression)) - {"tern_build_info, instance"}
    assert names or "up{" in expression, what
    assert names <= samples


def test_alerts_are_each_tested():
    alerts = set(re.findall(r"- alert: (\w+)", (FOLDER / "tern-alerts.yml").read_text()))
    tested = re.findall(r"alertname: (\w+)", (FOLDER / "tern-alerts-test.yml").read_text())
    assert alerts == set(tested) and len(alerts) >= 8
