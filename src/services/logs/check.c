/* SPDX-License-Identifier: MIT */
/* check: AWS's texts where they are known; the others are Tern's own (doc/logs.md). */
#include "services/logs/check.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/data_keys.h"
#include "services/logs/change.h"

enum { REUSE_MS = 300 * 1000 };

/* ---- ARNs ---- */

struct str logs_arn(struct arena *arena, struct str region, struct str account, struct str group,
		    struct str stream)
{
	struct str resource = stream.data ? arena_format(arena, "log-group:%.*s:log-stream:%.*s",
							 STR_ARG(group), STR_ARG(stream))
					  : arena_format(arena, "log-group:%.*s", STR_ARG(group));

	return arn_make(arena, STR("logs"), region, account, resource);
}

bool logs_arn_parse(struct str text, struct arn *out_arn, struct str *out_name)
{
	struct str prefix = STR("log-group:");
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_equal(arn.service, STR("logs")) ||
	    !str_starts(arn.resource, prefix))
		return false;
	struct str name = str_slice(arn.resource, prefix.size, SIZE_MAX);
	if (str_ends(name, STR(":*")))
		name = str_slice(name, 0, name.size - 2);
	if (name.size == 0 || str_find_char(name, ':', 0) != SIZE_MAX)
		return false;
	*out_arn = arn;
	*out_name = name;
	return true;
}

/* ---- authorization ---- */

static void release_policy(void *policy)
{
	policy_release(policy);
}

static enum err authorize(struct call *call, struct str action, struct str group, struct str arn)
{
	struct resource resource = {.arn = arn, .account = call->account};
	const struct logs_group *found = NULL;

	resource.policy = logs_policy_of(call->core, call->account, call->region);
	if (resource.policy)
		call_on_end(call, release_policy, resource.policy);
	if (group.size > 0)
		found = logs_registry_find(logs_of(call->core)->registry, call->account,
					   call->region, group);
	if (found) {
		resource.tags = found->tags;
		resource.tag_count = found->tag_count;
	}
	enum err err = call_authorize(call, action, &resource);
	logs_group_release(found);
	return err;
}

enum err logs_authorize(struct call *call, struct str action, struct str group, struct str stream)
{
	return authorize(call, action, group,
			 logs_arn(call->arena, call->region, call->account, group,
				  stream.data ? stream : STR("")));
}

enum err logs_authorize_tags(struct call *call, struct str action, struct str group)
{
	return authorize(
		call, action, group,
		logs_arn(call->arena, call->region, call->account, group, (struct str){0}));
}

/* ---- finding ---- */

static void release_group(void *group)
{
	logs_group_release(group);
}

static void release_stream(void *stream)
{
	logs_stream_release(stream);
}

enum err logs_group_of_call(struct call *call, struct str name, const struct logs_group **out_group)
{
	const struct logs_group *group = logs_registry_find(logs_of(call->core)->registry,
							    call->account, call->region, name);

	if (!group)
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "The specified log group does not exist.");
	call_on_end(call, release_group, group);
	*out_group = group;
	return ERR_OK;
}

enum err logs_stream_of_call(struct call *call, const struct logs_group *group, struct str name,
			     const struct logs_stream **out_stream)
{
	const struct logs_stream *stream =
		logs_registry_find_stream(logs_of(call->core)->registry, group->number, name);

	if (!stream)
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "The specified log stream does not exist.");
	call_on_end(call, release_stream, stream);
	*out_stream = stream;
	return ERR_OK;
}

enum err logs_name_of_call(struct call *call, struct str name, struct str identifier,
			   struct str *out_name)
{
	struct arn arn;

	if (name.data && identifier.data)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "LogGroup name and LogGroup identifier cannot both be provided");
	if (!name.data && !identifier.data)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "Either LogGroup name or LogGroup identifier must be provided");
	*out_name = name.data ? name : identifier;
	if (name.data || !str_starts(identifier, STR("arn:")))
		return ERR_OK;
	if (!logs_arn_parse(identifier, &arn, out_name))
		return fail(call, &LOGS_INVALID_PARAMETER, "Invalid LogGroup identifier: %.*s",
			    STR_ARG(identifier));
	/* Groups of other accounts and regions do not exist for the caller. */
	if (!str_equal(arn.account, call->account) || !str_equal(arn.region, call->region))
		*out_name = STR("");
	return ERR_OK;
}

/* ---- keys ---- */

/* The service uses the key, for the caller. Kept until the call ends. */
static const struct principal *service_of(struct call *call)
{
	const struct principal *service = principal_service(
		arena_format(call->arena, "logs.%.*s.amazonaws.com", STR_ARG(call->region)));

	call_on_end(call, (call_end_fn)principal_release, service);
	return service;
}

static struct envelope_use use_of(struct call *call)
{
	return call_envelope_use(call, STR("logs"), STR("aws:logs:arn"), REUSE_MS);
}

static enum err refuse_key(struct call *call, struct str key_id)
{
	return fail(
		call, &LOGS_INVALID_PARAMETER,
		"The specified KMS key does not exist or is not allowed to be used with LogGroup "
		"'%.*s'",
		STR_ARG(key_id));
}

static void release_key(void *key)
{
	data_key_release(key);
}

static enum kms_problem hold_key(struct call *call, struct str group, struct str key_id,
				 struct data_key **out_key)
{
	struct str text, context = logs_arn(call->arena, call->region, call->account, group,
					    (struct str){0});
	const struct principal *caller = call->principal;

	call->principal = service_of(call);
	struct envelope_use use = use_of(call);
	enum kms_problem problem =
		context.size > ENVELOPE_CONTEXT_SIZE_MAX
			? KMS_PROBLEM_DENIED
			: data_key_hold(&use, call->account, key_id, context, out_key, &text);
	call->principal = caller;
	if (!problem)
		call_on_end(call, release_key, *out_key);
	return problem;
}

enum err logs_key_of_call(struct call *call, const struct logs_group *group,
			  struct data_key **out_key)
{
	*out_key = NULL;
	if (group->kms_key.size == 0)
		return ERR_OK;
	if (hold_key(call, group->name, group->kms_key, out_key) == KMS_PROBLEM_NONE)
		return ERR_OK;
	return fail(
		call, &LOGS_INVALID_PARAMETER,
		"The KMS key %.*s of the log group cannot be used: it must exist, be enabled, and "
		"allow logs.%.*s.amazonaws.com kms:GenerateDataKey.",
		STR_ARG(group->kms_key), STR_ARG(call->region));
}

enum err logs_check_key(struct call *call, struct str group, struct str key_id)
{
	struct data_key *key;

	if (hold_key(call, group, key_id, &key) != KMS_PROBLEM_NONE)
		return refuse_key(call, logs_arn(call->arena, call->region, call->account, group,
						 (struct str){0}));
	return ERR_OK;
}

struct logs_opener {
	struct call *call;
	const struct principal *service;
	struct envelope_reader reader;
};

static void close_opener(void *subject)
{
	struct logs_opener *opener = subject;

	envelope_reader_done(&opener->reader);
}

struct logs_opener *logs_opener_new(struct call *call)
{
	struct logs_opener *opener = arena_new(call->arena, struct logs_opener);
	const struct principal *caller = call->principal;

	opener->call = call;
	opener->service = service_of(call);
	call->principal = opener->service;
	opener->reader.use = use_of(call);
	call->principal = caller;
	call_on_end(call, close_opener, opener);
	return opener;
}

enum err logs_open(struct logs_opener *opener, char *sealed, size_t size, struct str *out_plain)
{
	struct call *call = opener->call;
	const struct principal *caller = call->principal;

	call->principal = opener->service;
	enum kms_problem problem = envelope_open(&opener->reader, sealed, size, out_plain);
	call->principal = caller;
	if (problem == KMS_PROBLEM_DAMAGED)
		return ERR_DAMAGED;
	if (problem)
		return fail(
			call, &LOGS_INVALID_PARAMETER,
			"The events are encrypted under a KMS key that cannot be used now: %.*s",
			STR_ARG(opener->reader.text));
	return ERR_OK;
}
