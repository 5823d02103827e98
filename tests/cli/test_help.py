# SPDX-License-Identifier: MIT
"""Help, completion and the manual page, all from the tables; and how mistakes are answered."""
import os
import subprocess

import pytest

from ternd import ROOT

SERVICES = sorted(path.stem for path in (ROOT / "model").glob("*.ops"))
COMMANDS = ["queue", "send", "receive", "dlq", "topic", "sub", "publish", "bus", "rule", "event",
            "archive", "replay", "schedule", "logs", "metrics", "pipe", "cost",
            "alarm", "dashboard",
            "account", "delivery", "user", "key", "role", "policy",
            "whoami", "endpoint", "kms", "watch", "health", "audit", "cert", "bench",
            "completion", "version", "help"]
LEAVES = ["queue create", "queue ls", "queue show", "queue set", "queue rm", "queue purge",
          "queue url", "queue grant", "queue revoke", "send", "receive",
          "dlq ls", "dlq peek", "dlq redrive",
          *(f"topic {word}" for word in ("create", "ls", "show", "set", "rm")),
          *(f"sub {word}" for word in ("add", "ls", "show", "set", "rm", "confirm", "filter test")),
          "publish", *(f"bus {word}" for word in ("create", "ls", "show", "rm")),
          *(f"rule {word}" for word in ("put", "ls", "show", "rm", "enable", "disable")),
          "event put", "event test-pattern", "event tail",
          *(f"archive {word}" for word in ("create", "ls", "show", "rm")),
          *(f"replay {word}" for word in ("start", "ls", "show", "cancel")),
          *(f"schedule {word}" for word in ("create", "ls", "show", "rm")),
          *(f"logs {word}" for word in ("ls", "tail", "search")), "cost",
          *(f"pipe {word}" for word in ("create", "ls", "show", "set", "start", "stop", "rm")),
          *(f"metrics {word}" for word in ("ls", "get", "put")),
          "account create", "account ls", "account key", "whoami", "health",
          *(f"{kind} {word}" for kind in ("user", "role") for word in (
              "create", "ls", "rm", "policy ls", "policy show", "policy put", "policy attach",
              "policy rm")),
          *(f"key {word}" for word in ("create", "ls", "rotate", "disable", "enable", "rm")),
          "role assume", "policy check", "endpoint create", "endpoint ls", "endpoint rm",
          "kms create", "kms ls", "kms enable", "kms disable", "kms rotate", "kms rm",
          "kms restore", "kms doctor",
          "watch", "audit", "cert create", "cert renew", "cert ls",
          "completion", "version", "help", "help api"]


def test_tern_alone_prints_its_commands(bare):
    text = bare(code=2).stdout
    assert [line.split()[0] for line in text.split("Commands\n")[1].split("\n\n")[0].splitlines()
            ] == COMMANDS
    assert bare("--help").stdout == bare("help").stdout == bare("-h").stdout == text
    assert "Exit status" in text and "AWS_ENDPOINT_URL_SQS" in text


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_help(bare, path):
    text = bare(*path.split(), "--help").stdout
    assert text.startswith(f"tern {path}: ") and f"Usage: tern {path} [options]" in text
    assert "--endpoint-url" in text
    assert max(map(len, text.splitlines())) <= 100
    assert bare("help", *path.split()).stdout == text


def test_bench_has_its_own_help(bare):
    assert bare("help", "bench").stdout == bare("bench", "--help").stdout != ""


def test_version(bare):
    assert bare("version").stdout == bare("--version").stdout
    assert bare("version").stdout.startswith("tern 0.")
    assert bare.json("version")[0]["version"] in bare("version").stdout


def test_mistakes_are_answered_with_advice(bare):
    for arguments, text in [
            (["quue"], 'did you mean "tern queue"?'),
            (["queue", "lst"], 'did you mean "tern queue ls"?'),
            (["zzz"], 'there is no command "tern zzz"'),
            (["queue", "ls", "--count"], "did you mean --counts?"),
            (["--otput", "json", "queue", "ls"], "--otput"),
            (["queue", "ls", "--output", "xml"], "table|json"),
            (["help", "nothing"], "nothing"),
            (["completion", "csh"], "bash, zsh and fish"),
            (["queue", "ls", "--endpoint-url", "localhost"], "http://host:port"),
            (["queue", "ls", "--aws", "--endpoint-url", "http://h"], "exclude"),
            (["queue", "ls", "--profile", "nobody"], "~/.aws/config")]:
        result = bare(*arguments, code=2)
        assert text in result.stderr and result.stdout == "", arguments
    assert "Usage: tern queue\n" in bare("queue", code=2).stdout.replace(" COMMAND [options]", "")


def test_global_options_may_stand_first(tern, queue, name):
    assert tern("--output", "json", "queue", "url", name).stdout == \
        tern("queue", "url", name, "--output=json").stdout == f'{{"QueueUrl":"{queue}"}}\n'


def complete(tern, *words):
    """What bash offers for the last word."""
    script = tern("completion", "bash").stdout + """
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _tern
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    binary = os.path.dirname(tern.command()[0])
    environment = tern.environment | {"PATH": f"{binary}:{tern.environment['PATH']}"}
    result = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True,
                            text=True, check=True, timeout=60, env=environment)
    assert result.stderr == ""
    return result.stdout.split()


def test_bash_completes_commands_options_and_queues(tern, queue, name):
    assert complete(tern, "tern", "qu") == ["queue"]
    assert complete(tern, "tern", "") == COMMANDS + [
        "--endpoint-url", "--aws", "--region", "--profile", "--output", "--help", "--version"]
    assert complete(tern, "tern", "queue", "s") == ["show", "set"]
    assert complete(tern, "tern", "--output", "json", "dlq", "re") == ["redrive"]
    assert complete(tern, "tern", "send", name, "--de") == ["--delay", "--dedup-id", "--dedup-each"]
    assert complete(tern, "tern", "queue", "ls", "--output", "j") == ["json"]
    assert complete(tern, "tern", "send", name, "--file", "x") == []
    assert complete(tern, "tern", "receive", name) == [
        line for line in tern.lines("queue", "ls", "--names", name)]
    assert name in complete(tern, "tern", "queue", "show", "")


def test_services_and_operations_are_completed(tern):
    assert complete(tern, "tern", "help", "a") == ["api"]
    assert complete(tern, "tern", "help", "api", "s") == \
        [name for name in SERVICES if name.startswith("s")]
    assert complete(tern, "tern", "help", "api", "sqs", "SendMessage") == \
        ["SendMessage", "SendMessageBatch"]
    assert "SendMessageBatch" in tern("completion", "fish").stdout


def test_api_lists_services_and_operations(bare):
    services = bare.json("help", "api")
    assert [row["Service"] for row in services] == SERVICES
    for service in services:
        operations = bare.json("help", "api", service["Service"])
        assert len(operations) == service["Operations"]
        assert all(row["Documentation"].endswith(".") for row in operations)
    text = bare("help", "api", "sqs").stdout
    assert text.splitlines()[0].split() == ["OPERATION", "ACCESS", "RESOURCES"]
    assert "Sends a message to a queue." in text


def test_api_shows_an_operation(bare):
    text = bare("help", "api", "iam", "createuser").stdout
    assert text.startswith("Creates a user.\n")
    assert "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}" in text
    assert "iam:PermissionsBoundary" in text
    members = {(row["Side"], row["Member"]): row
               for row in bare.json("help", "api", "iam", "CreateUser")}
    assert members["in", "UserName"] == {
        "Side": "in", "Member": "UserName", "Type": "string", "Required": "yes",
        "Constraints": r"length 1 to 64; matches [\w+=,.@-]+"}
    assert members["in", "Tags"]["Type"] == "list of Tag"
    assert members["in", "Tags[].Key"]["Required"] == "yes"
    assert members["out", "User.Arn"]["Type"] == "string"
    spec = {row["Member"]: row for row in bare.json("help", "api", "kms", "GenerateDataKey")}
    assert spec["KeySpec"]["Constraints"] == "AES_256, AES_128"
    assert spec["NumberOfBytes"]["Constraints"] == "1 to 1024"
    assert spec["GrantTokens"]["Constraints"] == "length 0 to 10; each: length 1 to 8192"
    assert "100000 requests a second" in bare("help", "api", "kms", "Encrypt").stdout


def test_api_explains_mistakes(bare):
    assert ", ".join(SERVICES) in bare("help", "api", "s4", code=2).stderr
    assert 'did you mean "SendMessage"?' in bare("help", "api", "sqs", "SendMesage", code=2).stderr
    assert "'tern help api sts' lists all" in bare("help", "api", "sts", "Zzzzzzzz", code=2).stderr


def test_scripts_for_other_shells_name_every_command(bare):
    for shell in ("zsh", "fish"):
        text = bare("completion", shell).stdout
        for path in LEAVES:
            assert path.split()[-1] in text
        assert "dedup-each" in text and "endpoint-url" in text and "table json" in text


def test_manual_page_is_sound(bare):
    page = bare("help", "--manual").stdout
    assert page.startswith(".TH TERN 1 ")
    for path in LEAVES:
        assert f'.SS "tern {path}' in page
    assert "\\-\\-dedup\\-each" in page


def test_colours_are_for_terminals_only(tern, queue, name):
    assert "\033[" in tern.on_terminal("queue", "ls")
    assert "\033[" in tern.on_terminal("queue", "show", "missing")
    assert "\033[" not in tern.on_terminal("queue", "ls", NO_COLOR="1")
    assert "\033[" not in tern.on_terminal("queue", "ls", TERM="dumb")
    assert "\033[" not in tern("queue", "ls").stdout


def test_a_terminal_sees_no_control_characters_of_messages(tern, sqs, queue, name):
    sqs.send_message(QueueUrl=queue, MessageBody="\x85\x9b31mred\r\n\tend")
    text = tern.on_terminal("receive", name, "--body", NO_COLOR="1")
    assert text == "????31mred?\r\n\tend\r\n"


def test_https_to_an_http_port_is_explained(tern, server):
    said = tern("queue", "ls", code=1, AWS_ENDPOINT_URL=server.url.replace("http:", "https:"))
    assert "does not speak TLS" in said.stderr and "http://" in said.stderr
