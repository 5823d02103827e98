/* SPDX-License-Identifier: MIT */
/*
 * Tests of internal requests to a service with one queue on a disk in memory: main is the control
 * thread, and gives the engine its turns.
 */
#include "core/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fixture.h"
#include "core/audit/audit.h"
#include "core/authorize.h"
#include "core/control.h"
#include "core/core.h"
#include "core/group.h"
#include "core/limit/meter.h"
#include "core/limit/throttle.h"
#include "core/metering.h"
#include "core/runner.h"
#include "core/worker.h"
#include "journal/disk_memory.h"

#define ACCOUNT STR_INIT("111122223333")
#define TOPIC STR_INIT("arn:aws:sns:us-east-1:111122223333:news")
#define SNS STR_INIT("sns.amazonaws.com")

enum { QUEUE = 1, WAIT_MS = 20000 };

/* ---- a service: Put is answered at once, Wait by the first message ---- */

static const struct policy *policy; /* of the resource */

static enum err may(struct call *call)
{
	struct resource resource = {
		.arn = STR("arn:aws:store:us-east-1:111122223333:box"),
		.account = ACCOUNT,
		.policy = policy,
	};

	return call_authorize(call, call->operation->action, &resource);
}

static bool has_seen_changes; /* Put ran in a group with changes */

static enum err put(struct call *call, const void *in, void *out)
{
	(void)in, (void)out;
	has_seen_changes = group_has_changes(call->core);
	return may(call);
}

struct waiting {
	struct queue_command command;
	struct queue_delivery delivery;
};
static size_t received;

static enum err on_received(struct call *call)
{
	struct waiting *waiting = call_state(call, struct waiting);

	if (waiting->command.result != QUEUE_OK)
		return ERR_BUSY;
	received = waiting->command.receive.count;
	if (received > 0)
		queue_delivery_done(engine_of(call->core, waiting->delivery.handle.queue),
				    &waiting->delivery);
	return ERR_OK;
}

static enum err wait_for_message(struct call *call, const void *in, void *out)
{
	struct waiting *waiting = arena_new(call->arena, struct waiting);

	(void)in, (void)out;
	enum err err = may(call);
	if (err)
		return err;
	waiting->command.type = QUEUE_RECEIVE;
	waiting->command.queue = QUEUE;
	waiting->command.receive.max = 1;
	waiting->command.receive.wait_ms = WAIT_MS;
	waiting->command.receive.deliveries = &waiting->delivery;
	call_set_state(call, struct waiting, waiting);
	return call_submit(call, &waiting->command, on_received);
}

static struct service store;
static const struct shape nothing;
enum { PUT, WAIT };
static const struct operation operations[] = {
	{.name = STR_INIT("Put"),
	 .action = STR_INIT("store:Put"),
	 .service = &store,
	 .in = &nothing,
	 .out = &nothing,
	 .run = put,
	 .index = PUT},
	{.name = STR_INIT("Wait"),
	 .action = STR_INIT("store:Wait"),
	 .service = &store,
	 .in = &nothing,
	 .out = &nothing,
	 .run = wait_for_message,
	 .index = WAIT},
};
static struct service store = {
	.name = STR_INIT("store"),
	.throttled = {.shape = STR_INIT("ThrottlingException"), .status = 400},
	.denied = {.shape = STR_INIT("AccessDeniedException"), .status = 400},
	.operation_count = 2,
	.operations = operations,
};
static const struct service *const services[] = {&store};

/* ---- a server ---- */

static struct core core;
static struct disk *disk;

static int setup(void **state)
{
	struct runner_options options = {
		.engine = {.journal = {.segment_size = 1 << 20, .spare_segments = 3},
			   .hot_messages_max = 1024,
			   .window = 16}};
	static struct queue_counters counters;
	struct queue_command define = {
		.type = QUEUE_DEFINE,
		.queue = QUEUE,
		.define = {.settings = {.visibility_ms = 30000, .retention_ms = 345600000},
			   .counters = &counters},
	};
	struct journal_report report = {0};

	(void)state;
	core = (struct core){.is_enforcing = true, .base_url = STR("http://localhost")};
	core.routes = (struct route_table){services, 1, NULL};
	core.workers = workers_new(1);
	disk = disk_memory_new_plain();
	options.disk = disk;
	assert_int_equal(runner_new(&core, &options, &report), ERR_OK);
	control_new(&core);
	internals_open(&core);
	metering_open(&core, 1);
	core.directory = directory_new(false);
	core_submit_and_wait(&core, &define);
	assert_int_equal(define.result, QUEUE_OK);
	received = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	runner_stop_engine(core.runners[0]);
	do
		runner_drain(core.runners[0]);
	while (control_drain(&core));
	assert_int_equal(internal_stats_read(&core).in_flight, 0);
	assert_int_equal(internal_stats_read(&core).in_flight_bytes, 0);
	workers_free(&core.workers);
	internals_close(&core);
	metering_close(&core);
	control_free(&core);
	runners_free(&core);
	disk->ops->free(disk);
	directory_free(&core.directory);
	audit_close(&core.audit);
	policy_release(policy);
	policy = NULL;
	return 0;
}

static const struct policy *compile(const char *text, enum policy_kind kind)
{
	const struct policy *compiled = NULL;
	struct str problem;

	assert_int_equal(policy_compile(&arena, str_from(text), kind, &compiled, &problem), ERR_OK);
	return compiled;
}

static void allow_topic(const char *topic)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
		 "\"Principal\":{\"Service\":\"sns.amazonaws.com\"},\"Action\":\"store:*\","
		 "\"Resource\":\"*\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"%s\"},"
		 "\"StringEquals\":{\"aws:SourceAccount\":\"111122223333\"}}}]}",
		 topic);
	policy_release(policy);
	policy = compile(text, POLICY_RESOURCE);
}

/* ---- requests ---- */

struct outcome {
	int count;
	enum err result;
	struct str fault, text;
};

static void on_done(void *context, const struct internal_answer *answer)
{
	struct outcome *outcome = context;

	outcome->count++;
	outcome->result = answer->result;
	outcome->fault = answer->fault ? answer->fault->shape : (struct str){0};
	outcome->text = arena_copy(&arena, answer->fault_text);
}

static const struct internal_caller sns = {
	.identity = INTERNAL_AS_SERVICE,
	.service = SNS,
	.source_arn = TOPIC,
	.source_account = ACCOUNT,
	.region = STR_INIT("us-east-1"),
};

static struct internal_request *submit(const struct internal_caller *caller, int operation,
				       struct outcome *outcome)
{
	struct internal_request *request = internal_new(&core, NULL, caller);

	*outcome = (struct outcome){0};
	assert_true(internal_submit(request, &operations[operation], NULL, on_done, outcome));
	assert_int_equal(outcome->count, 0);
	return request;
}

static enum err ask(const struct internal_caller *caller, struct outcome *outcome)
{
	(void)submit(caller, PUT, outcome);
	assert_true(control_drain(&core));
	assert_int_equal(outcome->count, 1);
	return outcome->result;
}

static void test_a_service_has_the_permissions_of_its_source(void **state)
{
	struct outcome outcome;

	(void)state;
	assert_int_equal(ask(&sns, &outcome), ERR_FAULT);
	assert_true(str_equal(outcome.fault, STR("AccessDeniedException")));
	allow_topic("arn:aws:sns:us-east-1:111122223333:other");
	assert_int_equal(ask(&sns, &outcome), ERR_FAULT);
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	assert_int_equal(ask(&sns, &outcome), ERR_OK);
	struct internal_caller events = sns;
	events.service = STR("events.amazonaws.com");
	assert_int_equal(ask(&events, &outcome), ERR_FAULT);
	struct internal_caller stranger = sns;
	stranger.source_account = STR("444455556666");
	assert_int_equal(ask(&stranger, &outcome), ERR_FAULT);
}

static void test_the_server_itself_may_everything(void **state)
{
	struct internal_caller server = {
		.identity = INTERNAL_AS_SERVER, .account = ACCOUNT, .region = STR("us-east-1")};
	struct outcome outcome;

	(void)state;
	policy = compile("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","
			 "\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}",
			 POLICY_RESOURCE);
	assert_int_equal(ask(&server, &outcome), ERR_OK);
}

static void put_role(const char *trusted, const struct policy *const *allowed)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
		 "\"Principal\":{\"Service\":\"%s\"},\"Action\":\"sts:AssumeRole\"}]}",
		 trusted);
	struct directory_entity role = {
		.kind = DIRECTORY_ROLE,
		.account = ACCOUNT,
		.name = STR("sender"),
		.id = STR("AROA1"),
		.arn = STR("arn:aws:iam::111122223333:role/sender"),
		.trust = compile(text, POLICY_TRUST),
	};
	struct directory_inline inlines = {.name = STR("allow"), .policy = *allowed};
	role.inlines = &inlines;
	role.inline_count = 1;
	directory_put(core.directory, &role);
	policy_release(role.trust);
}

static void test_a_role_is_assumed_if_its_trust_policy_allows_the_service(void **state)
{
	const struct policy *allow =
		compile("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			"\"Action\":\"store:Put\",\"Resource\":\"*\"}]}",
			POLICY_IDENTITY);
	struct internal_caller caller = sns;
	struct outcome outcome;

	(void)state;
	caller.identity = INTERNAL_AS_ROLE;
	caller.role = STR("arn:aws:iam::111122223333:role/sender");
	assert_int_equal(ask(&caller, &outcome), ERR_FAULT);
	put_role("lambda.amazonaws.com", &allow);
	assert_int_equal(ask(&caller, &outcome), ERR_FAULT);
	put_role("sns.amazonaws.com", &allow);
	assert_int_equal(ask(&caller, &outcome), ERR_OK);
	policy_release(allow);
}

static void test_requests_are_metered_and_throttled(void **state)
{
	static const struct str all[] = {STR_INIT("store:*")};
	struct throttle_rule rule = {
		.actions = all, .action_count = 1, .rate_milli = 1000, .burst = 2};
	struct throttle *throttle = throttle_new(&rule, 1, 1, services, 1);
	struct outcome outcome;

	(void)state;
	core.throttle = throttle;
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	assert_int_equal(ask(&sns, &outcome), ERR_OK);
	assert_int_equal(ask(&sns, &outcome), ERR_OK);
	assert_int_equal(ask(&sns, &outcome), ERR_FAULT);
	assert_true(str_equal(outcome.fault, STR("ThrottlingException")));
	struct meter *sum = metering_sum(&core);
	assert_int_equal(atomic_load(&sum->operations[PUT].answered), 3);
	assert_int_equal(atomic_load(&sum->operations[PUT].throttled), 1);
	meter_free(&sum);
	core.throttle = NULL;
	throttle_free(&throttle);
}

static void test_requests_in_flight_are_bounded(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	for (int i = 0; i < LIMIT_INTERNAL_REQUESTS; i++)
		assert_true(internal_submit(internal_new(&core, NULL, &sns), &operations[PUT], NULL,
					    on_done, &outcome));
	assert_false(internal_submit(internal_new(&core, NULL, &sns), &operations[PUT], NULL,
				     on_done, &outcome));
	struct internal_stats stats = internal_stats_read(&core);
	assert_int_equal(stats.in_flight, LIMIT_INTERNAL_REQUESTS);
	assert_int_equal(stats.refused, 1);
	assert_true(control_drain(&core));
	assert_int_equal(outcome.count, LIMIT_INTERNAL_REQUESTS);
	struct internal_request *large = internal_new(&core, NULL, &sns);
	(void)arena_bytes(internal_arena(large), LIMIT_INTERNAL_SIZE);
	assert_false(internal_submit(large, &operations[PUT], NULL, on_done, &outcome));
}

static void test_a_request_waits_for_the_engine(void **state)
{
	struct queue_send message = {.id = {1}, .payload = STR("hello")};
	struct queue_command send = {
		.type = QUEUE_SEND, .queue = QUEUE, .send = {.messages = &message, .count = 1}};
	struct outcome outcome;

	(void)state;
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	(void)submit(&sns, WAIT, &outcome);
	(void)control_drain(&core);
	assert_int_equal(internal_stats_read(&core).in_flight, 1);
	assert_int_equal(outcome.count, 0);
	core_submit_and_wait(&core, &send);
	while (outcome.count == 0) {
		struct queue_command tick = {.type = QUEUE_TICK};
		core_submit_and_wait(&core, &tick);
		(void)control_drain(&core);
	}
	assert_int_equal(outcome.result, ERR_OK);
	assert_int_equal(received, 1);
}

static void test_a_cancelled_request_ends_its_wait(void **state)
{
	struct outcome outcome;

	(void)state;
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	struct internal_request *request = submit(&sns, WAIT, &outcome);
	(void)control_drain(&core);
	internal_cancel(request);
	while (outcome.count == 0) {
		struct queue_command tick = {.type = QUEUE_TICK};
		core_submit_and_wait(&core, &tick);
		(void)control_drain(&core);
	}
	assert_int_equal(outcome.result, ERR_OK);
	assert_int_equal(received, 0);
	request = submit(&sns, PUT, &outcome);
	internal_cancel(request);
	(void)control_drain(&core);
	assert_int_equal(outcome.result, ERR_FAULT);
	assert_int_equal(outcome.count, 1);
}

static void test_a_stop_ends_the_wait_of_requests(void **state)
{
	struct outcome outcome;

	(void)state;
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	(void)submit(&sns, WAIT, &outcome);
	(void)control_drain(&core);
	runner_stop_engine(core.runners[0]);
	do
		runner_drain(core.runners[0]);
	while (control_drain(&core));
	assert_int_equal(outcome.count, 1);
	(void)submit(&sns, WAIT, &outcome);
	do
		runner_drain(core.runners[0]);
	while (control_drain(&core));
	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.result, ERR_FAULT);
}

/* ---- with a catalog ---- */

static void leave(struct group_answer *answer)
{
	assert_int_equal(answer->result, ERR_OK);
	answer->leave = NULL;
}

static struct group_answer changed; /* of the operation below */

/* An operation that changes a setting. */
static void run_change(struct core *same, struct core_task *task)
{
	struct catalog_changes changes = {0};

	(void)task;
	catalog_changes_put(&changes, CATALOG_META, STR("setting"), STR("value"));
	assert_int_equal(catalog_write(same->catalog, &changes), ERR_OK);
	changed = (struct group_answer){.leave = leave};
	assert_true(group_hold(same, &changed, ERR_OK));
}

static void test_an_operation_of_net_threads_sees_no_change_before_its_sync(void **state)
{
	char path[] = "/tmp/tern-internal-XXXXXX", file[64];
	struct core_task change = {.run = run_change};
	struct outcome outcome;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(catalog_open(path, true, &core.catalog), ERR_OK);
	allow_topic("arn:aws:sns:us-east-1:111122223333:news");
	core_task_assign(&change, CORE_CALLS, STR("111122223333"));
	core_post_control(&core, &change);
	assert_int_equal(ask(&sns, &outcome), ERR_OK);
	assert_false(has_seen_changes);
	assert_null(changed.leave);
	catalog_free(&core.catalog);
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	unlink(file);
	snprintf(file, sizeof(file), "%s/lock.mdb", path);
	unlink(file);
	rmdir(path);
}

static void test_the_audit_log_names_the_service(void **state)
{
	char path[] = "/tmp/internal-audit-XXXXXX", text[4096];
	struct audit_options options = {
		.file = {.path = path, .size_max = 1 << 20, .waiting_max = 1 << 20}};
	struct outcome outcome;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(audit_open(&options, &core.audit), ERR_OK);
	assert_int_equal(ask(&sns, &outcome), ERR_FAULT);
	audit_close(&core.audit);
	FILE *file = fopen(path, "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	unlink(path);
	assert_non_null(strstr(text, "\"userIdentity\":{\"type\":\"AWSService\","
				     "\"invokedBy\":\"sns.amazonaws.com\"}"));
	assert_non_null(
		strstr(text, "\"eventSource\":\"store.amazonaws.com\",\"eventName\":\"Put\""));
	assert_non_null(strstr(text, "\"sourceIPAddress\":\"sns.amazonaws.com\""));
	assert_non_null(strstr(text, "\"errorCode\":\"AccessDenied\""));
	assert_non_null(strstr(text, "arn:aws:store:us-east-1:111122223333:box"));
}
