# SPDX-License-Identifier: MIT
"""libtern as it is installed: a program of somebody else builds against it and works."""
import os
import shutil
import subprocess

import pytest

from ternd import BUILD, ROOT

PROGRAM = r"""
#include <stdio.h>
#include <string.h>

#include <api/sqs.h>
#include <client/tern.h>

/* A program may have functions that are named like ours. */
int arena_alloc(void)
{
	return 42;
}

int main(int argc, char **argv)
{
	const struct tern_options options = {.endpoint_url = str_of(argv[1], strlen(argv[1]))};
	struct sqs_list_queues_in in = {.max_results = 2, .has_max_results = true};
	struct sqs_list_queues_out out;
	struct tern_session *session;
	struct tern_pager pager;
	char problem[TERN_PROBLEM_SIZE];
	enum err err;

	if (argc != 2 || arena_alloc() != 42 || tern_session_new(&options, &session, problem))
		return 1;
	struct tern_call *call = tern_call_new(session);
	struct sqs_get_queue_url_in missing = {.queue_name = STR("missing")};
	struct sqs_get_queue_url_out unused;
	if (tern_call_run(call, &sqs_operations[SQS_GET_QUEUE_URL], &missing, &unused) == ERR_FAULT)
		printf("%.*s %d\n", STR_ARG(tern_call_fault(call)->shape),
		       tern_call_fault(call)->attempts);
	tern_pager_init(&pager, call, &sqs_operations[SQS_LIST_QUEUES], &in);
	while (!(err = tern_pager_next(&pager, &out))) {
		for (size_t i = 0; i < out.queue_urls_count; i++)
			printf("%.*s ", STR_ARG(out.queue_urls[i]));
		printf("\n");
	}
	tern_pager_done(&pager);
	tern_call_free(&call);
	tern_session_free(&session);
	return err == ERR_NOTFOUND ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if "-fsanitize" in (BUILD / "build.ninja").read_text():
        pytest.skip("a sanitized library needs its sanitizer's own linking")
    directory = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
                    directory], check=True, timeout=120)
    return directory


def find(directory, pattern):
    found = list(directory.glob(f"**/{pattern}"))
    assert len(found) == 1, (pattern, found)
    return found[0]


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_program_links_the_installed_library(private, installed, tmp_path, kind):
    server = private("--durability", "memory")
    urls = {server.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in "abcde"}
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(PROGRAM)
    config = find(installed, "libtern.pc")
    libraries = config.parent.parent
    environment = os.environ | {
        "PKG_CONFIG_PATH": str(config.parent), "PKG_CONFIG_SYSROOT_DIR": str(installed),
        "LD_LIBRARY_PATH": str(libraries)}
    words = subprocess.run(["pkg-config", "--cflags", "--libs", "libtern"], check=True,
                           capture_output=True, text=True, env=environment).stdout.split()
    if kind == "static":
        words.remove("-ltern")
        words += [str(libraries / "libtern.a"),
                  *"-lcurl -lcrypto -lcbor -lyyjson -lexpat -lm -pthread".split()]
    subprocess.run([shutil.which("cc"), "-std=gnu17", "-Wall", "-Wextra", "-Werror", source, "-o",
                    program, *words], check=True, env=environment)
    result = subprocess.run([program, server.url], capture_output=True, text=True, timeout=60,
                            env=environment, check=True)
    fault, *pages = result.stdout.splitlines()
    assert fault == "QueueDoesNotExist 1"
    assert [len(page.split()) for page in pages] == [2, 2, 1]
    assert set(result.stdout.split()[2:]) == urls


def test_only_prefixed_names_are_exported(installed):
    for pattern, flags in [("libtern.so", ["-D"]), ("libtern.a", [])]:
        out = subprocess.run(["nm", "--defined-only", "-g", "-f", "posix", *flags,
                              find(installed, pattern)], check=True, capture_output=True,
                             text=True).stdout
        names = [line.split()[0] for line in out.splitlines()
                 if len(line.split()) > 2 and line.split()[1] != "A"]
        assert "tern_call_run" in names
        services = [path.stem for path in ROOT.glob("model/*.ops")]
        ours = tuple(f"{name}_" for service in services for name in (service, service.upper()))
        strangers = [name for name in names if not name.startswith(("tern_", *ours))]
        assert strangers == []


def test_completions_and_manual_are_installed(installed):
    for pattern in ("bash-completion/completions/tern", "site-functions/_tern", "tern.fish",
                    "man1/tern.1"):
        assert find(installed, pattern).read_text() != ""
