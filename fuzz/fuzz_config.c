/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: a sentence that says what is wrong, or settings within their ranges; then
 * the queues it declares, up to where the service takes them over, and the networks.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "server/settings.h"
#include "server/throttling.h"
#include "services/ec2/network.h"
#include "services/sqs/declare.h"
#include "services/sqs/state.h"

/* In place of the service's: reads all it is given. */
enum err sqs_declare(struct core *core, struct arena *arena,
		     const struct sqs_declaration *declaration, struct str *out_problem)
{
	struct buf all = {0};

	(void)core;
	buf_append(&all, declaration->account);
	buf_append(&all, declaration->region);
	buf_append(&all, declaration->name);
	for (size_t i = 0; i < declaration->attribute_count; i++) {
		buf_append(&all, declaration->attributes[i].key);
		buf_append(&all, declaration->attributes[i].value);
	}
	for (size_t i = 0; i < declaration->tag_count; i++) {
		buf_append(&all, declaration->tags[i].key);
		buf_append(&all, declaration->tags[i].value);
	}
	bool is_refused = all.size % 2;
	*out_problem = arena_copy(arena, buf_str(&all));
	buf_done(&all);
	return is_refused ? ERR_FAULT : ERR_OK;
}

static void check_networks(const struct core *core, struct str config)
{
	struct ec2_network network;
	struct str problem = {0};

	enum err err = ec2_network_read(&network, core, config, &problem);
	check(err != ERR_FAULT || problem.size > 0);
	for (size_t i = 0; i < network.count && !err; i++) {
		const struct ec2_label *label = &network.items[i];
		check(ec2_network_find(&network, label->account, label->region, label->kind,
				       label->id) == label);
	}
	ec2_network_done(&network);
}

static const struct operation operation = {.action = STR_INIT("sqs:SendMessage")};
static const struct service service = {.operation_count = 1, .operations = &operation};
static const struct service *const services[] = {&service};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct core core = {.default_account = STR_INIT("000000000000"),
				   .default_region = STR_INIT("us-east-1")};
	struct settings settings;
	char path[64], problem[256] = "";
	char *argv[] = {"ternd", "--config", path, NULL};
	struct throttle *throttle = NULL;
	struct str text = {0};

	int file = memfd_create("config", MFD_CLOEXEC);
	check(file >= 0);
	check(write(file, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (settings_load(3, argv, &settings, problem, sizeof(problem))) {
		check(settings.listen.count >= 1 && settings.listen.count <= SETTINGS_LIST_MAX);
		check(settings.account.size == 12);
		check(settings.threads >= 1 && settings.threads <= 64);
		enum err err =
			sqs_declare_queues(&core, &settings.arena, settings.config_text, &text);
		check(err != ERR_FAULT || text.size > 0);
		check_networks(&core, settings.config_text);
		check(throttling_open(&settings, services, 1, &throttle, problem,
				      sizeof(problem)) ||
		      problem[0] != '\0');
		throttle_free(&throttle);
	} else {
		check(problem[0] != '\0');
	}
	settings_done(&settings);
	close(file);
	return 0;
}
