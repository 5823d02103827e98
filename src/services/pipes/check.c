/* SPDX-License-Identifier: MIT */
/* check: AWS's texts where they are known; the others are Tern's own (doc/pipes.md). */
#include "services/pipes/check.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/keep.h"
#include "core/source.h"
#include "match/event_pattern.h"

enum { BATCH_DEFAULT = 10 };

/* Services of targets that AWS has and that do not exist here yet. */
static const struct {
	struct str service, things;
} absents[] = {
	{STR_INIT("lambda"), STR_INIT("Functions")},
	{STR_INIT("states"), STR_INIT("State machines")},
};

enum pipe_way pipe_way_of(struct str text, struct str *out_things)
{
	struct arn arn;

	*out_things = STR("");
	if (!arn_parse(text, &arn))
		return PIPE_REFUSED;
	if (str_equal(arn.service, STR("sqs")))
		return PIPE_QUEUE;
	if (str_equal(arn.service, STR("sns")) && !str_ends(text, STR(".fifo")))
		return PIPE_TOPIC;
	if (str_equal(arn.service, STR("logs")))
		return PIPE_LOGS;
	if (str_equal(arn.service, STR("events")) && str_starts(arn.resource, STR("event-bus/")))
		return PIPE_BUS;
	if (str_equal(arn.service, STR("events")) &&
	    str_starts(arn.resource, STR("api-destination/")))
		return PIPE_API;
	for (size_t i = 0; i < sizeof(absents) / sizeof(absents[0]); i++)
		if (str_equal(arn.service, absents[i].service)) {
			*out_things = absents[i].things;
			return PIPE_ABSENT;
		}
	return PIPE_REFUSED;
}

struct str pipe_arn(struct arena *arena, struct str account, struct str region, struct str name)
{
	return arn_make(arena, STR("pipes"), region, account,
			arena_format(arena, "pipe/%.*s", STR_ARG(name)));
}

enum err pipe_authorize(struct call *call, struct str action, struct str name,
			const struct pipe *pipe)
{
	struct resource resource = {
		.arn = pipe_arn(call->arena, call->account, call->region, name),
		.account = call->account,
	};

	if (pipe) {
		resource.tags = pipe->tags;
		resource.tag_count = pipe->tag_count;
	}
	return call_authorize(call, action, &resource);
}

/* ---- source ---- */

static enum err check_source(struct call *call, struct str source)
{
	struct arn arn;

	if (!arn_parse(source, &arn) || !str_equal(arn.service, STR("sqs")))
		return fail(call, &PIPES_VALIDATION,
			    "Source %.*s is not supported: Tern has pipes from SQS queues only.",
			    STR_ARG(source));
	if (!str_equal(arn.account, call->account) || !str_equal(arn.region, call->region))
		return fail(call, &PIPES_VALIDATION,
			    "Source %.*s must be in the account and Region of the pipe.",
			    STR_ARG(source));
	check(source_find(call->core, source));
	return ERR_OK;
}

static enum err check_filters(struct call *call, const struct pipes_filter_criteria *criteria)
{
	struct event_pattern pattern;
	struct str problem;

	for (size_t i = 0; criteria && i < criteria->filters_count; i++) {
		struct str text = criteria->filters[i].pattern;

		enum err err = text.data ? event_pattern_parse(call->arena, PATTERN_EVENTS, text,
							       &pattern, &problem)
					 : ERR_OK;
		if (err == ERR_TOOLARGE)
			return fail(call, &PIPES_VALIDATION, "The filter pattern %zu is too large.",
				    i + 1);
		if (err)
			return fail(call, &PIPES_VALIDATION,
				    "Event pattern is not valid. Reason: %.*s", STR_ARG(problem));
	}
	return ERR_OK;
}

/* ---- enrichment and target ---- */

static enum err check_enrichment(struct call *call, struct str enrichment)
{
	struct str things;

	if (enrichment.size == 0)
		return ERR_OK;
	enum pipe_way way = pipe_way_of(enrichment, &things);
	if (way == PIPE_API || way == PIPE_ABSENT)
		return ERR_OK;
	return fail(call, &PIPES_VALIDATION, "Enrichment %.*s is not supported.",
		    STR_ARG(enrichment));
}

/* Parameters of one kind of target are refused for another. */
static enum err check_parameters(struct call *call, enum pipe_way way,
				 const struct pipes_pipe_target_parameters *parameters)
{
	const struct {
		bool is_given;
		enum pipe_way way;
		const char *name;
	} kinds[] = {
		{parameters->sqs_queue_parameters != NULL, PIPE_QUEUE, "SqsQueueParameters"},
		{parameters->event_bridge_event_bus_parameters != NULL, PIPE_BUS,
		 "EventBridgeEventBusParameters"},
		{parameters->http_parameters != NULL, PIPE_API, "HttpParameters"},
		{parameters->cloud_watch_logs_parameters != NULL, PIPE_LOGS,
		 "CloudWatchLogsParameters"},
		{parameters->lambda_function_parameters != NULL, PIPE_ABSENT,
		 "LambdaFunctionParameters"},
		{parameters->step_function_state_machine_parameters != NULL, PIPE_ABSENT,
		 "StepFunctionStateMachineParameters"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].is_given && kinds[i].way != way)
			return fail(call, &PIPES_VALIDATION,
				    "TargetParameters.%s is not valid for this target.",
				    kinds[i].name);
	return ERR_OK;
}

static enum err check_target(struct call *call, const struct pipes_describe_pipe_out *shown)
{
	static const struct pipes_pipe_target_parameters none;
	const struct pipes_pipe_target_parameters *parameters =
		shown->target_parameters ? shown->target_parameters : &none;
	struct str things, target = shown->target;
	enum pipe_way way = pipe_way_of(target, &things);

	if (way == PIPE_REFUSED)
		return fail(call, &PIPES_VALIDATION, "Target %.*s is not supported.",
			    STR_ARG(target));
	if (str_equal(target, shown->source))
		return fail(call, &PIPES_VALIDATION, "Source and target must be different.");
	enum err err = check_parameters(call, way, parameters);
	if (err)
		return err;
	const struct pipes_pipe_target_sqs_queue_parameters *queue =
		parameters->sqs_queue_parameters;
	if (way == PIPE_QUEUE && str_ends(target, STR(".fifo")) &&
	    (!queue || queue->message_group_id.size == 0))
		return fail(call, &PIPES_VALIDATION,
			    "SqsQueueParameters.MessageGroupId is required for FIFO queues.");
	return ERR_OK;
}

/*
 * The most messages of a batch that the enrichment and the target take.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
 */
static int64_t batch_most(const struct pipes_describe_pipe_out *shown)
{
	struct str things;
	enum pipe_way way = pipe_way_of(shown->target, &things);

	if (way == PIPE_API ||
	    (shown->enrichment.size > 0 && pipe_way_of(shown->enrichment, &things) == PIPE_API))
		return 1;
	if (str_ends(shown->source, STR(".fifo")))
		return LIMIT_RECEIVE_MESSAGES;
	return way == PIPE_LOGS || way == PIPE_ABSENT ? LIMIT_CONSUMER_BATCH
						      : LIMIT_RECEIVE_MESSAGES;
}

static enum err complete_batch(struct call *call, struct pipes_describe_pipe_out *shown)
{
	struct pipes_pipe_source_parameters *source =
		arena_new(call->arena, struct pipes_pipe_source_parameters);
	struct pipes_pipe_source_sqs_queue_parameters *queue =
		arena_new(call->arena, struct pipes_pipe_source_sqs_queue_parameters);
	int64_t most = batch_most(shown);

	if (shown->source_parameters)
		*source = *shown->source_parameters;
	if (source->sqs_queue_parameters)
		*queue = *source->sqs_queue_parameters;
	if (queue->has_batch_size && queue->batch_size > most)
		return fail(
			call, &PIPES_VALIDATION,
			"BatchSize must be at most %lld for this source, enrichment and target.",
			(long long)most);
	if (!queue->has_batch_size)
		queue->batch_size = most < BATCH_DEFAULT ? most : BATCH_DEFAULT;
	queue->has_batch_size = true;
	source->sqs_queue_parameters = queue;
	shown->source_parameters = source;
	return ERR_OK;
}

/* ---- logs ---- */

static enum err check_logs(struct call *call, const struct pipes_pipe_log_configuration *logs)
{
	if (!logs)
		return ERR_OK;
	if (logs->s3_log_destination || logs->firehose_log_destination)
		return fail(call, &PIPES_VALIDATION,
			    "Tern writes the logs of pipes to CloudWatch Logs only.");
	if (!str_equal(logs->level, STR("OFF")) && !logs->cloudwatch_logs_log_destination)
		return fail(call, &PIPES_VALIDATION,
			    "LogConfiguration must have a destination if its level is not OFF.");
	return ERR_OK;
}

/* ---- role ---- */

static bool is_trusting(struct call *call, const struct directory_entity *role, struct str arn)
{
	const struct principal *service = principal_service(PIPES_SERVICE);
	const struct policy_request request = {
		.principal = service,
		.action = STR("sts:AssumeRole"),
		.resource = role->arn,
		.resource_account = role->account,
		.region = call->region,
		.source_arn = arn,
		.source_account = call->account,
		.is_secure = true,
		.now_ms = call->now_ms,
	};
	bool is_allowed =
		role->trust && policy_evaluate(role->trust, &request).outcome == POLICY_ALLOW;

	principal_release(service);
	return is_allowed;
}

static enum err check_role(struct call *call, const struct pipes_describe_pipe_out *shown)
{
	static const struct str passed_to = STR_INIT("pipes.amazonaws.com");
	const struct directory_entity *role =
		call_keep_entity(call, directory_find_arn(call->core->directory, shown->role_arn));
	struct resource resource = {.arn = shown->role_arn,
				    .account = arn_account(shown->role_arn)};
	bool is_ours =
		role && role->kind == DIRECTORY_ROLE && str_equal(role->account, call->account);

	call_add_key(call, STR("iam:PassedToService"), &passed_to, 1);
	enum err err = call_authorize(call, STR("iam:PassRole"), &resource);
	if (!err && (!is_ours || !is_trusting(call, role, shown->arn)))
		err = fail(call, &PIPES_VALIDATION,
			   "The role %.*s does not exist, or does not allow %.*s to assume it.",
			   STR_ARG(shown->role_arn), STR_ARG(PIPES_SERVICE));
	return err;
}

enum err pipe_check(struct call *call, struct pipes_describe_pipe_out *shown)
{
	enum err err = check_source(call, shown->source);
	if (!err && shown->source_parameters)
		err = check_filters(call, shown->source_parameters->filter_criteria);
	if (!err)
		err = check_enrichment(call, shown->enrichment);
	if (!err)
		err = check_target(call, shown);
	if (!err)
		err = complete_batch(call, shown);
	if (!err)
		err = check_logs(call, shown->log_configuration);
	return err ? err : check_role(call, shown);
}
