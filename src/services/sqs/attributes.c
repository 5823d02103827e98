/* SPDX-License-Identifier: MIT */
/*
 * attributes: numbers have a row with their range and place in the snapshot; the others a function
 * each.
 */
#include "services/sqs/attributes.h"
#include "services/sqs/redrive.h"

#include <string.h>

#include "api/sqs.h"
#include "core/policies.h"
#include "format/json.h"

static const struct str names[SQS_ATTRIBUTE_COUNT] = {
#define SQS_ATTRIBUTE_TEXT(name, text) STR_INIT(text),
	SQS_ATTRIBUTES(SQS_ATTRIBUTE_TEXT)
#undef SQS_ATTRIBUTE_TEXT
};

struct number {
	int64_t least, most, standard;
	size_t offset; /* of an int64_t in struct sqs_queue */
};

static const struct number numbers[SQS_ATTRIBUTE_COUNT] = {
	[SQS_ATTRIBUTE_DELAY] = {0, LIMIT_DELAY_S, 0, offsetof(struct sqs_queue, delay_seconds)},
	[SQS_ATTRIBUTE_MESSAGE_SIZE] = {LIMIT_MESSAGE_SIZE_MIN, LIMIT_MESSAGE_SIZE,
					LIMIT_MESSAGE_SIZE,
					offsetof(struct sqs_queue, message_size_max)},
	[SQS_ATTRIBUTE_RETENTION] = {LIMIT_RETENTION_S_MIN, LIMIT_RETENTION_S, 345600,
				     offsetof(struct sqs_queue, retention_seconds)},
	[SQS_ATTRIBUTE_WAIT] = {0, LIMIT_WAIT_S, 0, offsetof(struct sqs_queue, wait_seconds)},
	[SQS_ATTRIBUTE_VISIBILITY] = {0, LIMIT_VISIBILITY_S, 30,
				      offsetof(struct sqs_queue, visibility_seconds)},
	[SQS_ATTRIBUTE_KMS_REUSE] = {60, 86400, 300, offsetof(struct sqs_queue, kms_reuse_seconds)},
};

enum sqs_attribute sqs_attribute_find(struct str name)
{
	enum sqs_attribute attribute = 0;

	while (attribute < SQS_ATTRIBUTE_COUNT && !str_equal(names[attribute], name))
		attribute++;
	return attribute;
}

struct str sqs_attribute_name(enum sqs_attribute attribute)
{
	return names[attribute];
}

bool sqs_attribute_range(struct str name, int64_t *out_least, int64_t *out_most)
{
	enum sqs_attribute attribute = sqs_attribute_find(name);

	if (attribute == SQS_ATTRIBUTE_COUNT || numbers[attribute].most == 0)
		return false;
	*out_least = numbers[attribute].least;
	*out_most = numbers[attribute].most;
	return true;
}

static int64_t *number_of(struct sqs_queue *queue, enum sqs_attribute attribute)
{
	return (int64_t *)(void *)((char *)queue + numbers[attribute].offset);
}

void sqs_attributes_default(struct sqs_queue *draft)
{
	for (enum sqs_attribute i = 0; i < SQS_ATTRIBUTE_COUNT; i++)
		if (numbers[i].most > 0)
			*number_of(draft, i) = numbers[i].standard;
	draft->has_sqs_managed_sse = true;
}

/* ---- setting ---- */

static enum err bad_value(struct call *call, enum sqs_attribute attribute)
{
	return fail(call, &SQS_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %.*s.",
		    STR_ARG(names[attribute]));
}

static enum err unknown(struct call *call, struct str name)
{
	return fail(call, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", STR_ARG(name));
}

static enum err set_number(struct call *call, struct sqs_queue *draft, enum sqs_attribute attribute,
			   struct str text)
{
	int64_t value;

	if (!str_to_i64(text, &value) || value < numbers[attribute].least ||
	    value > numbers[attribute].most)
		return bad_value(call, attribute);
	*number_of(draft, attribute) = value;
	return ERR_OK;
}

static enum err parse_bool(struct call *call, enum sqs_attribute attribute, struct str text,
			   bool *out_value)
{
	if (str_equal_nocase(text, STR("true")))
		*out_value = true;
	else if (str_equal_nocase(text, STR("false")))
		*out_value = false;
	else
		return bad_value(call, attribute);
	return ERR_OK;
}

static enum err set_policy(struct call *call, struct sqs_queue *draft, struct str text)
{
	struct policy_names bound;
	struct str problem;
	yyjson_val *root;

	draft->policy = (struct str){0};
	draft->policy_names = (struct policy_names){0};
	if (text.size == 0)
		return ERR_OK;
	if (text.size > LIMIT_POLICY_SIZE)
		return bad_value(call, SQS_ATTRIBUTE_POLICY);
	size_t count = json_parse(call->arena, text, &root) == ERR_OK
			       ? yyjson_arr_size(json_member(root, "Statement"))
			       : 0;
	if (count > LIMIT_POLICY_STATEMENTS)
		return fail(call, &SQS_OVER_LIMIT,
			    "%zu statements were found in the submitted policy, max allowed is %d",
			    count, LIMIT_POLICY_STATEMENTS);
	if (policies_bind(call, text, POLICY_RESOURCE, &bound, &problem) != ERR_OK)
		return bad_value(call, SQS_ATTRIBUTE_POLICY);
	draft->policy = text;
	draft->policy_names = bound;
	return ERR_OK;
}

static enum err set_fifo(struct call *call, struct sqs_queue *draft, struct str text)
{
	bool is_fifo = false;

	if (!draft->is_fifo)
		return unknown(call, names[SQS_ATTRIBUTE_FIFO]);
	enum err err = parse_bool(call, SQS_ATTRIBUTE_FIFO, text, &is_fifo);
	if (err)
		return err;
	if (!is_fifo)
		return fail(call, &SQS_INVALID_ATTRIBUTE_VALUE,
			    "Invalid value for the parameter FifoQueue. Reason: Modifying queue "
			    "type is not supported.");
	return ERR_OK;
}

static enum err set_fifo_choice(struct call *call, struct sqs_queue *draft,
				enum sqs_attribute attribute, struct str text)
{
	bool is_scope = attribute == SQS_ATTRIBUTE_DEDUP_SCOPE;
	struct str choices[2] = {is_scope ? STR("queue") : STR("perQueue"),
				 is_scope ? STR("messageGroup") : STR("perMessageGroupId")};

	if (!draft->is_fifo)
		return fail(call, &SQS_INVALID_ATTRIBUTE_NAME,
			    "You can specify the %.*s only when FifoQueue is set to true.",
			    STR_ARG(names[attribute]));
	if (!str_equal(text, choices[0]) && !str_equal(text, choices[1]))
		return bad_value(call, attribute);
	if (is_scope)
		draft->dedup_scope =
			str_equal(text, choices[1]) ? SQS_DEDUP_GROUP : SQS_DEDUP_QUEUE;
	else
		draft->is_per_group_limit = str_equal(text, choices[1]);
	return ERR_OK;
}

static enum err set_one(struct call *call, struct sqs_queue *draft, struct shape_pair given)
{
	enum sqs_attribute attribute = sqs_attribute_find(given.key);

	switch (attribute) {
	case SQS_ATTRIBUTE_DELAY:
	case SQS_ATTRIBUTE_MESSAGE_SIZE:
	case SQS_ATTRIBUTE_RETENTION:
	case SQS_ATTRIBUTE_WAIT:
	case SQS_ATTRIBUTE_VISIBILITY:
	case SQS_ATTRIBUTE_KMS_REUSE:
		return set_number(call, draft, attribute, given.value);
	case SQS_ATTRIBUTE_POLICY:
		return set_policy(call, draft, given.value);
	case SQS_ATTRIBUTE_REDRIVE:
		return sqs_redrive_set(call, draft, given.value);
	case SQS_ATTRIBUTE_REDRIVE_ALLOW:
		return sqs_redrive_allow_set(call, draft, given.value);
	case SQS_ATTRIBUTE_KMS_KEY:
		draft->kms_key = given.value;
		return ERR_OK;
	case SQS_ATTRIBUTE_MANAGED_SSE:
		return parse_bool(call, attribute, given.value, &draft->has_sqs_managed_sse);
	case SQS_ATTRIBUTE_FIFO:
		return set_fifo(call, draft, given.value);
	case SQS_ATTRIBUTE_CONTENT_DEDUP:
		if (!draft->is_fifo)
			return unknown(call, given.key);
		return parse_bool(call, attribute, given.value, &draft->has_content_dedup);
	case SQS_ATTRIBUTE_DEDUP_SCOPE:
	case SQS_ATTRIBUTE_THROUGHPUT_LIMIT:
		return set_fifo_choice(call, draft, attribute, given.value);
	default: /* unknown names and read-only attributes */
		return unknown(call, given.key);
	}
}

static const struct shape_pair *find_given(const struct shape_pair *attributes, size_t count,
					   enum sqs_attribute attribute)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(attributes[i].key, names[attribute]))
			return &attributes[i];
	return NULL;
}

/* A KMS key and SQS's own key exclude each other; the attribute of this request wins over the
 * stored one. */
static enum err resolve_encryption(struct call *call, struct sqs_queue *draft,
				   const struct shape_pair *attributes, size_t count)
{
	const struct shape_pair *key = find_given(attributes, count, SQS_ATTRIBUTE_KMS_KEY);
	const struct shape_pair *managed = find_given(attributes, count, SQS_ATTRIBUTE_MANAGED_SSE);

	if (key && key->value.size > 0) {
		if (managed && draft->has_sqs_managed_sse)
			return fail(call, &SQS_INVALID_ATTRIBUTE_NAME,
				    "You can use one type of server-side encryption (SSE) at one "
				    "time. You can either enable KMS SSE or SQS SSE.");
		draft->has_sqs_managed_sse = false;
	} else if (managed && draft->has_sqs_managed_sse) {
		draft->kms_key = (struct str){0};
	}
	return ERR_OK;
}

enum err sqs_attributes_set(struct call *call, struct sqs_queue *draft,
			    const struct shape_pair *attributes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum err err = set_one(call, draft, attributes[i]);
		if (err)
			return err;
	}
	if (draft->is_per_group_limit && draft->dedup_scope != SQS_DEDUP_GROUP)
		return fail(call, &SQS_INVALID_ATTRIBUTE_VALUE,
			    "The perMessageGroupId value is allowed only when the value for "
			    "DeduplicationScope is messageGroup");
	return resolve_encryption(call, draft, attributes, count);
}

/* ---- showing ---- */

static struct str count_text(struct arena *arena, const _Atomic int64_t *counter)
{
	int64_t count = atomic_load_explicit(counter, memory_order_relaxed);

	return arena_format(arena, "%lld", (long long)(count > 0 ? count : 0));
}

static struct str bool_text(bool value)
{
	return value ? STR("true") : STR("false");
}

static struct str text_or_none(struct str text)
{
	return text.size > 0 ? text : (struct str){0};
}

static struct str fifo_text(const struct sqs_queue *queue, enum sqs_attribute attribute)
{
	if (!queue->is_fifo)
		return (struct str){0};
	if (attribute == SQS_ATTRIBUTE_FIFO)
		return STR("true");
	if (attribute == SQS_ATTRIBUTE_CONTENT_DEDUP)
		return bool_text(queue->has_content_dedup);
	if (attribute == SQS_ATTRIBUTE_DEDUP_SCOPE)
		return queue->dedup_scope == SQS_DEDUP_GROUP ? STR("messageGroup") : STR("queue");
	return queue->is_per_group_limit ? STR("perMessageGroupId") : STR("perQueue");
}

struct str sqs_attribute_text(struct arena *arena, const struct sqs_queue *queue,
			      enum sqs_attribute attribute)
{
	const struct queue_counters *counters = &queue->life->counters;

	switch (attribute) {
	case SQS_ATTRIBUTE_NUMBER_VISIBLE:
		return count_text(arena, &counters->visible);
	case SQS_ATTRIBUTE_NUMBER_DELAYED:
		return count_text(arena, &counters->delayed);
	case SQS_ATTRIBUTE_NUMBER_IN_FLIGHT:
		return count_text(arena, &counters->in_flight);
	case SQS_ATTRIBUTE_CREATED:
		return arena_format(arena, "%lld", (long long)(queue->created_ms / 1000));
	case SQS_ATTRIBUTE_MODIFIED:
		return arena_format(arena, "%lld", (long long)(queue->modified_ms / 1000));
	case SQS_ATTRIBUTE_ARN:
		return queue->arn;
	case SQS_ATTRIBUTE_POLICY:
		return text_or_none(queue->policy);
	case SQS_ATTRIBUTE_REDRIVE:
		return text_or_none(queue->redrive_policy);
	case SQS_ATTRIBUTE_REDRIVE_ALLOW:
		return text_or_none(queue->redrive_allow_policy);
	case SQS_ATTRIBUTE_KMS_KEY:
		return text_or_none(queue->kms_key);
	case SQS_ATTRIBUTE_KMS_REUSE:
		if (queue->kms_key.size == 0 ||
		    queue->kms_reuse_seconds == numbers[attribute].standard)
			return (struct str){0};
		break;
	case SQS_ATTRIBUTE_MANAGED_SSE:
		return bool_text(queue->has_sqs_managed_sse);
	case SQS_ATTRIBUTE_FIFO:
	case SQS_ATTRIBUTE_CONTENT_DEDUP:
	case SQS_ATTRIBUTE_DEDUP_SCOPE:
	case SQS_ATTRIBUTE_THROUGHPUT_LIMIT:
		return fifo_text(queue, attribute);
	default:
		break;
	}
	return arena_format(arena, "%lld",
			    (long long)*number_of((struct sqs_queue *)queue, attribute));
}
