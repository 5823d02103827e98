# SPDX-License-Identifier: MIT
"""The README's commands, run as they stand there: in one shell, one after the other."""
import json
import os
import re
import socket
import subprocess

import pytest

from ternd import BUILD, ROOT, Server, eventually

README = (ROOT / "README.md").read_text()
ENDPOINT = "http://127.0.0.1:4566"
MARK = "---- end of block ----"
EXAMPLES = (ROOT / "examples/tour/node_modules/@octokit/webhooks-examples/api.github.com" /
            "index.json")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def blocks(title):
    """(commands, expected output or None) of each shell block of a section."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.M | re.S)[1]
    return re.findall(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", section, re.M | re.S)


def run(script, **environment):
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("AWS_", "TERN_"))}
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, text=True,
                          capture_output=True, env=clean | environment, timeout=100, check=False)


def secure(directory):
    """Flags and variables with which the tour goes over TLS, by `tern cert`'s certificate."""
    subprocess.run([BUILD / "tern", "cert", "create", "--dir", directory], check=True,
                   capture_output=True, timeout=60)
    flags = ["--listen", "tls:127.0.0.1:0", "--tls-cert", directory / "server.pem", "--tls-key",
             directory / "server.key"]
    authority = str(directory / "ca.pem")
    return flags, {"AWS_CA_BUNDLE": authority, "NODE_EXTRA_CA_CERTS": authority}


def tls_url(server):
    found = eventually(lambda: re.search(r"address=tls:\S+ port=(\d+)", server.log()),
                       what="the TLS address is logged")
    return f"https://127.0.0.1:{found[1]}"


@pytest.fixture(scope="module", params=["http", "https"])
def tour(request, tmp_path_factory):
    found = blocks("Five minutes")
    assert len(found) >= 6
    is_secure = request.param == "https"
    flags, variables = secure(tmp_path_factory.mktemp("tls")) if is_secure else ([], {})
    with Server(tmp_path_factory.mktemp("readme"), *flags) as server:
        url = tls_url(server) if is_secure else server.url
        script = f"\necho '{MARK}'\n".join(commands for commands, _ in found)
        script = script.replace(ENDPOINT, url).replace("8098", str(free_port()))
        result = run(script, HOME=str(server.directory), **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        outputs = result.stdout.replace(url, ENDPOINT).split(MARK + "\n")
        yield server, list(zip(found, outputs, strict=True))


def test_tour_prints_what_the_readme_says(tour):
    told = [(output, expected) for (_, expected), output in tour[1] if expected]
    assert len(told) >= 3
    for output, expected in told:
        assert output == expected


def test_tour_moves_the_failed_events_back(tour):
    output = next(output for (commands, _), output in tour[1] if "dlq redrive" in commands)
    assert '"webhooks-failed"' in output and "20" in output
    assert output.endswith("handled 20 events, refused 0 receives\n")


def test_tour_receives_what_was_sent_by_hand(tour):
    output = next(output for (commands, _), output in tour[1] if "tern receive" in commands)
    assert sorted(set(re.findall(r"^(?:first|second)$", output, re.M))) == ["first", "second"]


def test_tour_leaves_what_topic_and_rule_delivered(tour):
    sqs, left = tour[0].client(), {}
    for url in sqs.list_queues()["QueueUrls"]:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        left[url.rpartition("/")[2]] = int(counts["ApproximateNumberOfMessages"])
    events = json.loads(EXAMPLES.read_text())
    bodies = [(kind["name"], body) for kind in events for body in kind["examples"]]
    assert left == {
        "webhooks": 0, "webhooks-failed": 0,
        "releases": sum(name == "release" for name, _ in bodies),
        "opened": sum(body.get("action") == "opened" for _, body in bodies),
        "bots": sum(body.get("sender", {}).get("type") == "Bot" for _, body in bodies),
        "issues": sum(name == "issues" for name, _ in bodies), "replayed": len(bodies)}


def make(*arguments):
    """A make of its own, even below another one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("M")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=clean, text=True,
                          capture_output=True, timeout=60, check=False)


def test_first_commands_are_targets_of_make():
    commands = re.search(r"```sh\n(.*?)```", README, re.S)[1]
    targets = re.findall(r"^make (\S+)", commands, re.M)
    assert targets == ["run", "test"]
    for target in targets:
        assert make("-n", target).returncode == 0


@pytest.mark.parametrize("path", sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("doc/*.md")]))
def test_documents_name_targets_and_tools_that_are_there(path):
    text = (ROOT / path).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    code = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) +
                     re.findall(r"`([^`\n]+)`", text))
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets
    for tool in re.findall(r"(?<!build/)(?<!tests/)\b(?:tools|bench)/\w[\w.-]*", code):
        assert (ROOT / tool).exists(), tool


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", makefile, re.M)[1].replace("\\", "").split()
    listed = make("help").stdout
    assert [line.split()[0] for line in listed.splitlines()] == phony
