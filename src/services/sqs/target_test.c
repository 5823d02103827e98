/* SPDX-License-Identifier: MIT */
/* Tests of queues as targets of SNS, on a disk in memory; main is the control thread. */
#include "core/target.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixture.h"
#include "core/control.h"
#include "core/core.h"
#include "core/data_keys.h"
#include "core/metering.h"
#include "core/runner.h"
#include "core/worker.h"
#include "journal/disk_memory.h"
#include "services/sqs/state.h"

#define ACCOUNT "111122223333"
#define ARN(name) "arn:aws:sqs:us-east-1:" ACCOUNT ":" name
#define POLICY                                                                                     \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"          \
	"{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"sqs:SendMessage\",\"Resource\":\"*\","   \
	"\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:us-east-1:" ACCOUNT         \
	":news\"}}}]}"

static struct core core;
static struct disk *disk;
static char path[64];

static const char config[] =
	"{\"queues\":[{\"name\":\"open\",\"attributes\":{\"Policy\":" POLICY "}},"
	"{\"name\":\"closed\"},"
	"{\"name\":\"order.fifo\",\"attributes\":{\"Policy\":" POLICY "}}]}";

static int setup(void **state)
{
	static const struct service_module *const modules[] = {&sqs_module};
	static const uint8_t master[SEAL_KEY_SIZE] = {1};
	struct runner_options options = {
		.engine = {.journal = {.segment_size = 1 << 20, .spare_segments = 3},
			   .hot_messages_max = 1024,
			   .window = 16}};
	struct journal_report report = {0};
	struct service_start start = {.arena = &arena, .config = STR(config)};
	const struct service_module *failed;
	struct str problem = {0};

	(void)state;
	snprintf(path, sizeof(path), "/tmp/sqs-target-XXXXXX");
	assert_non_null(mkdtemp(path));
	core = (struct core){
		.default_account = STR(ACCOUNT),
		.default_region = STR("us-east-1"),
		.base_url = STR("http://localhost"),
		.is_enforcing = true,
	};
	assert_int_equal(catalog_open(path, false, &core.catalog), ERR_OK);
	core.seal = seal_new(master);
	core.directory = directory_new(false);
	core.workers = workers_new(1);
	core_data_keys_open(&core);
	internals_open(&core);
	services_bind(&core, modules, 1);
	metering_open(&core, 1);
	disk = disk_memory_new_plain();
	options.disk = disk;
	control_new(&core);
	assert_int_equal(runner_new(&core, &options, &report), ERR_OK);
	enum err err = services_start(&core, SERVICE_AFTER_ENGINE, &start, &problem, &failed);
	if (err)
		print_error("%.*s\n", STR_ARG(problem));
	return err == ERR_OK ? 0 : -1;
}

static int remove_entry(const char *name, const struct stat *status, int flag, struct FTW *place)
{
	(void)status, (void)flag, (void)place;
	return remove(name);
}

static int teardown(void **state)
{
	(void)state;
	runner_stop_engine(core.runner);
	do
		runner_settle(core.runner);
	while (control_settle(&core));
	workers_free(&core.workers);
	control_free(&core);
	runner_free(&core);
	disk->ops->free(disk);
	services_stop(&core, SERVICE_AFTER_ENGINE);
	services_unbind(&core);
	core_data_keys_close(&core);
	internals_close(&core);
	metering_close(&core);
	directory_free(&core.directory);
	seal_free(&core.seal);
	catalog_free(&core.catalog);
	return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct internal_caller sns = {
	.identity = INTERNAL_AS_SERVICE,
	.service = STR_INIT("sns.amazonaws.com"),
	.source_arn = STR_INIT("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
	.source_account = STR_INIT(ACCOUNT),
};

static void on_done(void *context)
{
	++*(int *)context;
}

static void deliver(const struct target_delivery *deliveries, size_t count)
{
	int done = 0;

	target_deliver(&core, NULL, &sns, deliveries, count, on_done, &done);
	while (done == 0) {
		(void)control_settle(&core);
		runner_turn(core.runner);
	}
	assert_int_equal(done, 1);
}

static enum target_outcome deliver_one(const char *arn, struct target_payload payload)
{
	struct target_result result = {.outcome = (enum target_outcome) - 1};
	struct target_delivery delivery = {str_from(arn), &payload, 1, &result};

	deliver(&delivery, 1);
	return result.outcome;
}

static int64_t visible(const char *arn)
{
	const struct sqs_queue *queue =
		sqs_registry_find_arn(sqs_of(&core)->registry, str_from(arn));
	int64_t count = atomic_load(&queue->life->counters.visible);

	sqs_queue_release(queue);
	return count;
}

static void test_queues_are_resolved(void **state)
{
	struct target_description queue;

	(void)state;
	assert_int_equal(target_resolve(&core, STR(ARN("open")), &queue), ERR_OK);
	assert_false(queue.is_fifo);
	assert_non_null(queue.policy);
	policy_release(queue.policy);
	assert_int_equal(target_resolve(&core, STR(ARN("order.fifo")), &queue), ERR_OK);
	assert_true(queue.is_fifo);
	assert_true(str_equal(queue.account, STR(ACCOUNT)));
	policy_release(queue.policy);
	assert_int_equal(target_resolve(&core, STR(ARN("missing")), &queue), ERR_NOTFOUND);
	assert_int_equal(target_resolve(&core, STR("arn:aws:s3:::bucket"), &queue), ERR_NOTFOUND);
	assert_int_equal(target_resolve(&core, STR("open"), &queue), ERR_NOTFOUND);
}

static void test_each_target_has_a_result_of_its_own(void **state)
{
	static const char *const arns[] = {ARN("open"), ARN("closed"), ARN("missing"),
					   "arn:aws:s3:::bucket"};
	struct target_payload payload = {.body = STR("hello")};
	struct target_result results[4];
	struct target_delivery deliveries[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		deliveries[i] =
			(struct target_delivery){str_from(arns[i]), &payload, 1, &results[i]};
	deliver(deliveries, 4);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[0].id.size, UUID_TEXT_SIZE);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(results[i].outcome, TARGET_FAILED);
	assert_int_equal(visible(ARN("open")), 1);
	assert_int_equal(visible(ARN("closed")), 0);
}

static void test_payloads_of_a_target_fail_one_by_one(void **state)
{
	const struct target_attribute attributes[] = {
		{STR("color"), STR("String"), STR("red")},
		{STR("raw"), STR("Binary"), STR("\x01\x02")},
		{STR("bad"), STR("Colour"), STR("red")},
	};
	const struct target_payload payloads[] = {
		{.body = STR("one"), .attributes = attributes, .attribute_count = 2},
		{.body = STR("two"), .attributes = attributes, .attribute_count = 3},
		{.body = STR("three"), .dedup = STR("d"), .trace = STR("Root=1-2-3")},
	};
	struct target_result results[3];
	struct target_delivery delivery = {STR(ARN("open")), payloads, 3, results};

	(void)state;
	deliver(&delivery, 1);
	assert_int_equal(results[0].outcome, TARGET_DELIVERED);
	assert_int_equal(results[1].outcome, TARGET_FAILED);
	assert_int_equal(results[2].outcome, TARGET_DELIVERED);
	assert_int_equal(visible(ARN("open")), 2);
}

static void test_a_fifo_queue_needs_a_group_and_drops_duplicates(void **state)
{
	struct target_payload payload = {.body = STR("hello"), .dedup = STR("once")};

	(void)state;
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_FAILED);
	payload.group = STR("g");
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_DELIVERED);
	assert_int_equal(deliver_one(ARN("order.fifo"), payload), TARGET_DELIVERED);
	assert_int_equal(visible(ARN("order.fifo")), 1);
}

static void test_refusals_of_a_stopping_server_may_be_retried(void **state)
{
	struct target_payload payload = {.body = STR("hello")};

	(void)state;
	runner_stop_engine(core.runner);
	assert_int_equal(deliver_one(ARN("open"), payload), TARGET_RETRY);
	assert_int_equal(visible(ARN("open")), 0);
}
