/* SPDX-License-Identifier: MIT */
/*
 * Attributes of a queue, redrive policies among them, as a form of names and values: refused with
 * a fault, or set so that they can be shown and set again. The first byte chooses the queue's type.
 */
#include "api/sqs.h"
#include "format/form.h"
#include "fuzz.h"
#include "services/sqs/attributes.h"

static struct sqs sqs;
static struct core core;

static struct sqs_queue draft_of(bool is_fifo, struct str name, struct str arn)
{
	struct sqs_queue draft = {
		.account = STR("000000000000"),
		.region = STR("us-east-1"),
		.name = name,
		.arn = arn,
		.is_fifo = is_fifo,
	};

	sqs_attributes_default(&draft);
	return draft;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sqs_queue plain =
		draft_of(false, STR("dead"), STR("arn:aws:sqs:us-east-1:000000000000:dead"));
	struct sqs_queue fifo = draft_of(true, STR("dead.fifo"),
					 STR("arn:aws:sqs:us-east-1:000000000000:dead.fifo"));

	(void)argc, (void)argv;
	base_init();
	services_bind_one(&core, &sqs_module, &sqs);
	core.directory = directory_new(true);
	sqs.registry = sqs_registry_new();
	sqs_registry_put(sqs.registry, sqs_queue_new(&plain));
	sqs_registry_put(sqs.registry, sqs_queue_new(&fifo));
	return 0;
}

/* The attributes as GetQueueAttributes shows them; those that can be set, if `is_settable`. */
static size_t show(struct arena *arena, const struct sqs_queue *queue, struct shape_pair *out_pairs)
{
	size_t count = 0;

	for (enum sqs_attribute i = 0; i < SQS_ATTRIBUTE_COUNT; i++) {
		struct str text = sqs_attribute_text(arena, queue, i);
		bool is_read_only =
			i == SQS_ATTRIBUTE_NUMBER_VISIBLE || i == SQS_ATTRIBUTE_NUMBER_DELAYED ||
			i == SQS_ATTRIBUTE_NUMBER_IN_FLIGHT || i == SQS_ATTRIBUTE_CREATED ||
			i == SQS_ATTRIBUTE_MODIFIED || i == SQS_ATTRIBUTE_ARN;
		if (text.data && !is_read_only)
			out_pairs[count++] = (struct shape_pair){sqs_attribute_name(i), text};
	}
	return count;
}

static void check_shown(struct call *call, const struct sqs_queue *draft)
{
	struct shape_pair shown[SQS_ATTRIBUTE_COUNT], again[SQS_ATTRIBUTE_COUNT];
	struct sqs_queue copy = draft_of(draft->is_fifo, draft->name, draft->arn);
	struct sqs_queue *first = sqs_queue_new(draft);

	size_t count = show(call->arena, first, shown);
	check(sqs_attributes_set(call, &copy, shown, count) == ERR_OK);
	struct sqs_queue *second = sqs_queue_new(&copy);
	check(show(call->arena, second, again) == count);
	for (size_t i = 0; i < count; i++)
		check(str_equal(shown[i].key, again[i].key) &&
		      str_equal(shown[i].value, again[i].value));
	sqs_queue_release(first);
	sqs_queue_release(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct form form;

	if (size < 1)
		return 0;
	arena_init(&arena);
	struct call call = {.core = &core, .arena = &arena, .region = STR("us-east-1")};
	struct sqs_queue draft =
		draft_of(data[0] & 1, STR("q"), STR("arn:aws:sqs:us-east-1:000000000000:q"));
	if (form_parse(&arena, str_of(data + 1, size - 1), &form) == ERR_OK) {
		struct shape_pair *pairs = arena_array(&arena, struct shape_pair, form.count);
		for (size_t i = 0; i < form.count; i++)
			pairs[i] = (struct shape_pair){form.pairs[i].key, form.pairs[i].value};
		enum err err = sqs_attributes_set(&call, &draft, pairs, form.count);
		check(err == ERR_OK || (err == ERR_FAULT && call.fault_text.size > 0));
		if (!err)
			check_shown(&call, &draft);
	}
	arena_done(&arena);
	return 0;
}
