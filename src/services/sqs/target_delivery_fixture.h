/* SPDX-License-Identifier: MIT */
/* target_delivery_fixture: deliveries of SNS to the queues of target_fixture.h, and what they get.
 */
#ifndef TERN_SERVICES_SQS_TARGET_DELIVERY_FIXTURE_H
#define TERN_SERVICES_SQS_TARGET_DELIVERY_FIXTURE_H

#include "services/sqs/target_fixture.h"

static const struct internal_caller sns = {
	.identity = INTERNAL_AS_SERVICE,
	.service = STR_INIT("sns.amazonaws.com"),
	.source_arn = STR_INIT("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
	.source_account = STR_INIT(ACCOUNT),
};

struct waiting {
	const struct target_delivery *deliveries;
	size_t count;
	int done;
};

/* The texts of the results end with the delivery: the test gets copies. */
static void on_done(void *context)
{
	struct waiting *waiting = context;

	for (size_t i = 0; i < waiting->count; i++) {
		for (size_t j = 0; j < waiting->deliveries[i].count; j++) {
			struct target_result *result = &waiting->deliveries[i].results[j];
			result->code = arena_copy(&arena, result->code);
			result->id = arena_copy(&arena, target_result_id(&arena, result));
		}
	}
	waiting->done++;
}

static void deliver(const struct target_delivery *deliveries, size_t count)
{
	struct waiting waiting = {deliveries, count, 0};
	struct target_send send = {.caller = &sns, .deliveries = deliveries, .count = count};

	target_deliver(&core, NULL, &send, on_done, &waiting);
	while (waiting.done == 0) {
		(void)control_drain(&core);
		runner_turn(core.runners[0]);
	}
	assert_int_equal(waiting.done, 1);
}

static int64_t visible(const char *arn)
{
	const struct sqs_queue *queue =
		sqs_registry_find_arn(sqs_of(&core)->registry, str_from(arn));
	int64_t count = atomic_load(&queue->life->counters.visible);

	sqs_queue_release(queue);
	return count;
}

struct received {
	int answers;
	size_t count;
	struct str bodies[LIMIT_RECEIVE_MESSAGES], ids[LIMIT_RECEIVE_MESSAGES];
	struct str attribute;
};

static void on_received(void *context, const struct internal_answer *answer)
{
	struct received *received = context;

	assert_int_equal(answer->result, ERR_OK);
	const struct sqs_receive_message_out *out = answer->out;
	received->count = out->messages_count;
	for (size_t i = 0; i < out->messages_count; i++) {
		received->bodies[i] = arena_copy(&arena, out->messages[i].body);
		received->ids[i] = arena_copy(&arena, out->messages[i].message_id);
		if (out->messages[i].message_attributes_count > 0)
			received->attribute = arena_copy(
				&arena, out->messages[i].message_attributes[0].value.string_value);
	}
	received->answers++;
}

static struct received receive(const char *arn)
{
	static const struct internal_caller server = {.identity = INTERNAL_AS_SERVER,
						      .account = STR_INIT(ACCOUNT),
						      .region = STR_INIT("us-east-1")};
	static struct str all = STR_INIT("All");
	struct received received = {0};
	struct internal_request *request = internal_new(&core, NULL, &server);
	struct sqs_receive_message_in *in =
		arena_new(internal_arena(request), struct sqs_receive_message_in);

	in->queue_url = str_from(arn);
	in->has_max_number_of_messages = true;
	in->max_number_of_messages = LIMIT_RECEIVE_MESSAGES;
	in->message_attribute_names = &all;
	in->message_attribute_names_count = 1;
	assert_true(internal_submit(request, &sqs_service.operations[SQS_RECEIVE_MESSAGE], in,
				    on_received, &received));
	while (received.answers == 0) {
		(void)control_drain(&core);
		runner_turn(core.runners[0]);
	}
	return received;
}

#endif
