/* SPDX-License-Identifier: MIT */
/* target_check: see target_check.h. */
#include "services/events/target_check.h"

#include "base/arn.h"
#include "match/template.h"
#include "services/events/deliver.h"
#include "services/events/log_target.h"
#include "services/events/transform.h"

static enum err check_arn(struct call *call, const struct events_target *target)
{
	struct arn arn;

	if (arn_parse(target->arn, &arn))
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Parameter %.*s is not valid. Reason: Provided Arn is not in correct format.",
		    STR_ARG(target->arn));
}

static enum err check_dead_letter(struct call *call, const struct events_target *target)
{
	struct arn arn;

	if (!target->dead_letter_config || !target->dead_letter_config->arn.data)
		return ERR_OK;
	struct str text = target->dead_letter_config->arn;
	if (arn_parse(text, &arn) && str_equal(arn.service, STR("sqs")) &&
	    str_equal(arn.region, call->region) && !str_ends(text, STR(".fifo")))
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION,
		    "Parameter DeadLetterConfig.Arn is not valid for target %.*s. Reason: the "
		    "dead-letter queue must be a standard SQS queue of the same region.",
		    STR_ARG(target->id));
}

static enum err check_parameters(struct call *call, const struct events_target *target)
{
	struct arn arn;
	bool is_arn = arn_parse(target->arn, &arn);

	check(is_arn);
	if (str_equal(arn.service, STR("sqs")) && str_ends(arn.resource, STR(".fifo")) &&
	    (!target->sqs_parameters || target->sqs_parameters->message_group_id.size == 0))
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter(s) SqsParameters must be specified for target: %.*s.",
			    STR_ARG(target->id));
	if (events_target_kind(target->arn) == EVENTS_TARGET_LOGS &&
	    !events_log_target_check(target))
		return fail(call, &EVENTS_VALIDATION,
			    "The input of the log group target %.*s must be the event, or an "
			    "InputTemplate of the form "
			    "{\"timestamp\":<timestamp>,\"message\":<message>}.",
			    STR_ARG(target->id));
	if (events_target_kind(target->arn) == EVENTS_TARGET_API && !target->role_arn.data)
		return fail(call, &EVENTS_VALIDATION, "RoleArn is required for target %.*s.",
			    STR_ARG(target->arn));
	if (str_equal(arn.service, STR("ecs")) && !target->ecs_parameters)
		return fail(call, &EVENTS_VALIDATION,
			    "Parameter(s) EcsParameters must be specified for target: %.*s.",
			    STR_ARG(target->id));
	return ERR_OK;
}

static enum err check_input(struct call *call, const struct events_target *target)
{
	int given = (target->input.data != NULL) + (target->input_path.data != NULL) +
		    (target->input_transformer != NULL);
	const struct events_input_transformer *transformer = target->input_transformer;
	struct str problem;

	if (given > 1)
		return fail(
			call, &EVENTS_VALIDATION,
			"Only one of Input, InputPath, or InputTransformer must be provided for "
			"target %.*s.",
			STR_ARG(target->id));
	if (target->input.data && !transform_is_json(call->arena, target->input))
		return fail(call, &EVENTS_VALIDATION, "JSON syntax error in input for target %.*s.",
			    STR_ARG(target->id));
	if (target->input_path.data && !template_is_path(target->input_path))
		return fail(call, &EVENTS_VALIDATION, "InputPath for target %.*s is invalid.",
			    STR_ARG(target->id));
	if (!transformer)
		return ERR_OK;
	if (transform_check(call->arena, target->id, transformer->input_template,
			    transformer->input_paths_map, transformer->input_paths_map_count,
			    &problem))
		return ERR_OK;
	return fail(call, &EVENTS_VALIDATION, "%.*s", STR_ARG(problem));
}

enum err events_target_check(struct call *call, const struct events_target *target)
{
	enum err err = check_arn(call, target);
	if (!err)
		err = check_input(call, target);
	if (!err)
		err = check_parameters(call, target);
	if (!err)
		err = check_dead_letter(call, target);
	return err;
}

bool events_target_is_served(struct call *call, const struct events_target *target,
			     struct str *out_problem)
{
	static const struct str served[] = {STR_INIT("sqs"),	STR_INIT("sns"), STR_INIT("events"),
					    STR_INIT("lambda"), STR_INIT("ecs"), STR_INIT("logs")};
	struct arn arn;
	bool is_arn = arn_parse(target->arn, &arn);

	check(is_arn);
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (str_equal(arn.service, served[i]))
			return true;
	*out_problem = arena_format(call->arena,
				    "Parameter %.*s is not valid. Reason: Tern does not deliver "
				    "events to the service %.*s.",
				    STR_ARG(target->arn), STR_ARG(arn.service));
	return false;
}
