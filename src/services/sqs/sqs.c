/* SPDX-License-Identifier: MIT */
/* sqs: starts and ends the service; functions of the configuration and the administrator's API. */
#include "services/sqs/state.h"

#include <string.h>

#include "api/handlers.h"
#include "api/sqs.h"
#include "base/arn.h"
#include "core/authorize.h"
#include "core/internal.h"
#include "services/sqs/attributes.h"
#include "services/sqs/declare.h"
#include "services/sqs/lifecycle.h"
#include "services/sqs/measure.h"
#include "services/sqs/metrics.h"
#include "services/sqs/move_scheduler.h"
#include "services/sqs/queues.h"
#include "services/sqs/seat.h"
#include "services/sqs/source.h"
#include "services/sqs/tags.h"
#include "services/sqs/target.h"

/*
 * Loads queues and move tasks from the catalog, submits QUEUE_DEFINE for each to the engine, and
 * resumes the running move tasks. Then the queues of the configuration.
 */
static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	struct sqs *sqs = sqs_of(core);

	sqs->registry = sqs_registry_new();
	sqs->seats = sqs_seats_new();
	sqs->next_number = 1;
	list_init(&sqs->deletions);
	list_init(&sqs->drops);
	enum err err = sqs_queues_load(core);
	if (!err)
		err = sqs_moves_start(core);
	return err ? err : sqs_declare_queues(core, start->arena, start->config, out_problem);
}

/* The engine's own reference, which it releases only for deleted queues. */
static bool release_life(void *context, const struct sqs_queue *queue)
{
	(void)context;
	sqs_queue_life_release(queue->life);
	return true;
}

static void stop(struct core *core)
{
	struct sqs *sqs = sqs_of(core);

	sqs_moves_stop(core);
	sqs_deletions_done(sqs);
	sqs_drops_done(sqs);
	sqs_registry_each(sqs->registry, (struct str){0}, (struct str){0}, STR(""), release_life,
			  NULL);
	sqs_seats_free(&sqs->seats);
	sqs_registry_free(&sqs->registry);
}

static enum err declare(struct call *call, const struct sqs_declaration *declaration)
{
	struct core *core = call->core;
	const struct sqs_queue *queue;
	struct sqs_queue draft;

	enum err err =
		sqs_draft_new(call, declaration->account, declaration->region, declaration->name,
			      declaration->attributes, declaration->attribute_count, &draft);
	if (!err)
		err = sqs_attributes_set(call, &draft, declaration->attributes,
					 declaration->attribute_count);
	if (!err)
		err = sqs_tags_merge(call, &draft, declaration->tags, declaration->tag_count);
	if (err)
		return err;
	queue = sqs_registry_find_arn(sqs_of(core)->registry, draft.arn);
	if (!queue)
		return sqs_queue_create(core, &draft);
	struct sqs_queue changed = sqs_queue_draft(queue);
	changed.tags = draft.tags;
	changed.tag_count = draft.tag_count;
	err = sqs_attributes_set(call, &changed, declaration->attributes,
				 declaration->attribute_count);
	if (!err)
		err = sqs_queue_change(core, &changed, true);
	sqs_queue_release(queue);
	return err;
}

/* AWS's sentence about a value does not list the valid values. */
static struct str add_range(struct arena *arena, const struct sqs_declaration *declaration,
			    struct str problem)
{
	int64_t least, most;

	for (size_t i = 0; i < declaration->attribute_count; i++) {
		struct str name = declaration->attributes[i].key;
		if (str_find(problem, name, 0) != SIZE_MAX &&
		    sqs_attribute_range(name, &least, &most))
			return arena_format(
				arena, "%.*s \"%.*s\" is not a number from %lld to %lld.",
				STR_ARG(problem), STR_ARG(declaration->attributes[i].value),
				(long long)least, (long long)most);
	}
	return problem;
}

static enum err run_declare(struct call *call, const void *in, void *out)
{
	const struct sqs_create_queue_in *input = in;
	const struct sqs_declaration declaration = {
		.account = call->account,
		.region = call->region,
		.name = input->queue_name,
		.attributes = input->attributes,
		.attribute_count = input->attributes_count,
		.tags = input->tags,
		.tag_count = input->tags_count,
	};
	struct resource resource = {
		.arn = arn_make(call->arena, STR("sqs"), call->region, call->account,
				input->queue_name),
		.account = call->account,
	};

	(void)out;
	enum err err = call_authorize(call, STR("sqs:CreateQueue"), &resource);
	return err ? err : declare(call, &declaration);
}

/* CreateQueue, but for a queue that exists: it gets the attributes and tags. */
static struct operation declare_operation(void)
{
	static const struct shape nothing;
	struct operation operation = sqs_service.operations[SQS_CREATE_QUEUE];

	operation.out = &nothing;
	operation.run = run_declare;
	operation.place = OPERATION_ON_CONTROL;
	operation.index = OPERATION_UNNUMBERED;
	return operation;
}

struct declared {
	struct arena *arena;
	const struct sqs_declaration *declaration;
	enum err err;
	struct str problem;
};

static void on_declared(void *context, const struct internal_answer *answer)
{
	struct declared *declared = context;

	declared->err = answer->error ? answer->error : answer->result;
	if (answer->result == ERR_FAULT)
		declared->problem = add_range(declared->arena, declared->declaration,
					      arena_copy(declared->arena, answer->fault_text));
}

enum err sqs_declare(struct core *core, struct arena *arena,
		     const struct sqs_declaration *declaration, struct str *out_problem)
{
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVER,
		.account = declaration->account,
		.region = declaration->region,
	};
	const struct sqs_create_queue_in in = {
		.queue_name = declaration->name,
		.attributes = (struct shape_pair *)declaration->attributes,
		.attributes_count = declaration->attribute_count,
		.tags = (struct shape_pair *)declaration->tags,
		.tags_count = declaration->tag_count,
	};
	const struct operation operation = declare_operation();
	struct declared declared = {.arena = arena, .declaration = declaration};

	internal_run(internal_new(core, NULL, &caller), &operation, &in, on_declared, &declared);
	if (declared.err == ERR_FAULT)
		*out_problem = declared.problem;
	return declared.err;
}

/* Queues that one change of the catalog deletes. */
enum { DELETED_AT_ONCE = 1000 };
struct chosen {
	const struct sqs_queue *queues[DELETED_AT_ONCE];
	size_t count;
};

static bool choose(void *context, const struct sqs_queue *queue)
{
	struct chosen *chosen = context;

	chosen->queues[chosen->count++] = sqs_queue_hold(queue);
	return chosen->count < DELETED_AT_ONCE;
}

/* All queues and move tasks of the account, in all regions. */
static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	struct sqs_registry *registry = sqs_of(core)->registry;
	struct chosen *chosen = heap_alloc(sizeof(*chosen));
	enum err err = ERR_OK;

	do {
		chosen->count = 0;
		sqs_registry_each(registry, account, (struct str){0}, STR(""), choose, chosen);
		err = sqs_queues_delete(core, chosen->queues, chosen->count);
		for (size_t i = 0; i < chosen->count; i++)
			sqs_queue_release(chosen->queues[i]);
		*count += chosen->count;
	} while (!err && chosen->count > 0);
	heap_free(chosen);
	return err;
}

const struct service_module sqs_module = {
	.service = &sqs_service,
	.bind = sqs_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam kms",
	.state_magic = 0x53515353,
	.state_size = sizeof(struct sqs),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_queues",
	.metrics = sqs_metrics,
	.collect = sqs_collect,
	.targets = &sqs_target_provider,
	.sources = &sqs_source_provider,
};
