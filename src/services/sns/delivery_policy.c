/* SPDX-License-Identifier: MIT */
/*
 * delivery_policy: AWS shows its four backoff functions as curves only. Here, with the backoff
 * phase at i of n retries and t = i / (n - 1): linear grows by equal steps; arithmetic by steps
 * that grow as 1, 2, 3; geometric by an equal factor; exponential by steps that double.
 */
#include "services/sns/delivery_policy.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "format/json.h"

enum { DELAY_MAX_S = 3600, RETRIES_MAX = 100, RECEIVES_MAX = 100000, TOTAL_MAX_S = 3600 };

#define DEFAULT_CONTENT_TYPE STR("text/plain; charset=UTF-8")

const struct sns_retries sns_retries_managed = {
	.min_s = 1,
	.max_s = 20,
	.count = 100015,
	.no_count = 3,
	.min_count = 2,
	.max_count = 100000,
	.backoff = SNS_BACKOFF_EXPONENTIAL,
};
const struct sns_retries sns_retries_customer = {
	.min_s = 10,
	.max_s = 600,
	.count = 50,
	.min_count = 2,
	.max_count = 38,
	.backoff = SNS_BACKOFF_EXPONENTIAL,
};
const struct sns_retries sns_retries_http = {
	.min_s = 20,
	.max_s = 20,
	.count = 3,
	.backoff = SNS_BACKOFF_LINEAR,
	.total_s = TOTAL_MAX_S,
};

static const struct str backoff_names[] = {
	[SNS_BACKOFF_LINEAR] = STR_INIT("linear"),
	[SNS_BACKOFF_ARITHMETIC] = STR_INIT("arithmetic"),
	[SNS_BACKOFF_GEOMETRIC] = STR_INIT("geometric"),
	[SNS_BACKOFF_EXPONENTIAL] = STR_INIT("exponential"),
};
enum { BACKOFFS = sizeof(backoff_names) / sizeof(backoff_names[0]) };

/* ---- delays ---- */

/* The share of the way from the minimum to the maximum. */
static double backoff_share(enum sns_backoff backoff, double i, double n)
{
	switch (backoff) {
	case SNS_BACKOFF_ARITHMETIC:
		return i * (i + 1) / (n * (n - 1));
	case SNS_BACKOFF_EXPONENTIAL:
		return expm1(i * M_LN2) / expm1((n - 1) * M_LN2);
	default:
		return i / (n - 1);
	}
}

/* The delay before retry `i`, from 0, of the `n` of the backoff phase. */
static int64_t backoff_ms(const struct sns_retries *retries, uint32_t i, uint32_t n)
{
	double low = retries->min_s * 1000.0, high = retries->max_s * 1000.0;

	if (n == 1)
		return (int64_t)low;
	double share = backoff_share(retries->backoff, i, n);
	if (retries->backoff == SNS_BACKOFF_GEOMETRIC)
		return llround(low * pow(high / low, share));
	return llround(low + (high - low) * share);
}

static int64_t phase_ms(const struct sns_retries *retries, uint32_t retry)
{
	uint32_t before = retries->no_count + retries->min_count;
	uint32_t backoffs = retries->count - before - retries->max_count;

	if (retry <= retries->no_count)
		return 0;
	if (retry <= before)
		return retries->min_s * INT64_C(1000);
	if (retry <= before + backoffs)
		return backoff_ms(retries, retry - before - 1, backoffs);
	return retries->max_s * INT64_C(1000);
}

int64_t sns_retry_ms(const struct sns_retries *retries, uint32_t attempts)
{
	int64_t total = 0;

	check(attempts > 0);
	if (attempts > retries->count)
		return -1;
	if (retries->total_s > 0) { /* at most RETRIES_MAX of them */
		for (uint32_t i = 1; i <= attempts; i++)
			total += phase_ms(retries, i);
		if (total > retries->total_s * INT64_C(1000))
			return -1;
	}
	return phase_ms(retries, attempts);
}

/* ---- the parsed attribute ---- */

enum retry_member {
	RETRY_MIN_DELAY,
	RETRY_MAX_DELAY,
	RETRY_COUNT,
	RETRY_MAX_COUNT,
	RETRY_NO_COUNT,
	RETRY_MIN_COUNT,
	RETRY_NUMBERS,
	RETRY_BACKOFF = RETRY_NUMBERS,
};

/* In the order of AWS's answers. */
static const struct {
	struct str name;
	int64_t min, max;
	bool is_required;
	size_t offset; /* in struct sns_retries */
} retry_members[RETRY_NUMBERS] = {
	{STR_INIT("minDelayTarget"), 1, DELAY_MAX_S, true, offsetof(struct sns_retries, min_s)},
	{STR_INIT("maxDelayTarget"), 1, DELAY_MAX_S, true, offsetof(struct sns_retries, max_s)},
	{STR_INIT("numRetries"), 0, RETRIES_MAX, true, offsetof(struct sns_retries, count)},
	{STR_INIT("numMaxDelayRetries"), 0, RETRIES_MAX, false,
	 offsetof(struct sns_retries, max_count)},
	{STR_INIT("numNoDelayRetries"), 0, RETRIES_MAX, false,
	 offsetof(struct sns_retries, no_count)},
	{STR_INIT("numMinDelayRetries"), 0, RETRIES_MAX, false,
	 offsetof(struct sns_retries, min_count)},
};

struct sns_delivery_policy {
	_Atomic uint32_t references;
	bool is_topic;
	bool has_retries, has_throttle, has_content_type;
	bool is_given[RETRY_BACKOFF + 1]; /* of retries */
	struct sns_retries retries;
	uint32_t receives_per_second;
	bool is_final;		 /* of a topic: disableSubscriptionOverrides */
	bool is_guaranteed;	 /* of a subscription */
	struct str content_type; /* of the table content_types */
};

static uint32_t *retry_place(struct sns_retries *retries, size_t member)
{
	return (uint32_t *)(void *)((char *)retries + retry_members[member].offset);
}

static uint32_t retry_value(const struct sns_retries *retries, size_t member)
{
	return *(const uint32_t *)(const void *)((const char *)retries +
						 retry_members[member].offset);
}

/* ---- parsing ---- */

struct parser {
	struct arena *arena;
	struct str problem;
	struct sns_delivery_policy policy;
};

static enum err refuse(struct parser *parser, struct str path, struct str name, const char *text)
{
	parser->problem = arena_format(parser->arena, "DeliveryPolicy: %.*s%.*s%s", STR_ARG(path),
				       STR_ARG(name), text);
	return ERR_INVALID;
}

static enum err refuse_member(struct parser *parser, struct str name)
{
	parser->problem = arena_format(
		parser->arena, "DeliveryPolicy: Unexpected JSON member: %.*s", STR_ARG(name));
	return ERR_INVALID;
}

static enum err read_number(struct parser *parser, struct str path, struct str name,
			    yyjson_val *value, int64_t min, int64_t max, uint32_t *out)
{
	char text[64];

	if (!yyjson_is_int(value))
		return refuse(parser, path, name, " must be an integer");
	int64_t number = yyjson_is_uint(value) && yyjson_get_uint(value) > INT64_MAX
				 ? INT64_MAX
				 : yyjson_get_sint(value);
	if (number < min) {
		snprintf(text, sizeof(text), " must be greater than or equal to %lld",
			 (long long)min);
		return refuse(parser, path, name, text);
	}
	if (number > max) {
		snprintf(text, sizeof(text), " must be less than or equal to %lld", (long long)max);
		return refuse(parser, path, name, text);
	}
	*out = (uint32_t)number;
	return ERR_OK;
}

static enum err read_backoff(struct parser *parser, struct str path, yyjson_val *value)
{
	struct str text = json_text(value);

	for (size_t i = 0; i < BACKOFFS; i++) {
		if (!str_equal_nocase(text, backoff_names[i]))
			continue;
		parser->policy.retries.backoff = (enum sns_backoff)i;
		parser->policy.is_given[RETRY_BACKOFF] = true;
		return ERR_OK;
	}
	return refuse(parser, path, STR("backoffFunction"),
		      " must be one of arithmetic, exponential, geometric, linear");
}

static enum err read_retry_member(struct parser *parser, struct str path, struct str name,
				  yyjson_val *value)
{
	struct sns_delivery_policy *policy = &parser->policy;

	if (str_equal(name, STR("backoffFunction")))
		return yyjson_is_null(value) ? ERR_OK : read_backoff(parser, path, value);
	for (size_t i = 0; i < RETRY_NUMBERS; i++) {
		if (!str_equal(name, retry_members[i].name))
			continue;
		if (yyjson_is_null(value))
			return ERR_OK;
		policy->is_given[i] = true;
		return read_number(parser, path, name, value, retry_members[i].min,
				   retry_members[i].max, retry_place(&policy->retries, i));
	}
	return refuse_member(parser, name);
}

static enum err check_retries(struct parser *parser, struct str path)
{
	const struct sns_retries *retries = &parser->policy.retries;

	for (size_t i = 0; i < RETRY_NUMBERS; i++)
		if (retry_members[i].is_required && !parser->policy.is_given[i])
			return refuse(parser, path, retry_members[i].name, " must be specified");
	if (retries->max_s < retries->min_s)
		return refuse(parser, path, STR("maxDelayTarget"),
			      " must be greater than or equal to minDelayTarget");
	if (retries->no_count + retries->min_count + retries->max_count > retries->count)
		return refuse(parser, path, STR("numRetries"),
			      " must be greater than or equal to the sum of numNoDelayRetries, "
			      "numMinDelayRetries and numMaxDelayRetries");
	return ERR_OK;
}

static enum err read_retries(struct parser *parser, struct str path, yyjson_val *object)
{
	size_t index, count;
	yyjson_val *key, *value;

	if (!yyjson_is_obj(object))
		return refuse(parser, str_slice(path, 0, path.size - 1), STR(""),
			      " must be an object");
	parser->policy.has_retries = true;
	parser->policy.retries.total_s = TOTAL_MAX_S;
	yyjson_obj_foreach(object, index, count, key, value) {
		enum err err = read_retry_member(parser, path, json_text(key), value);
		if (err)
			return err;
	}
	return check_retries(parser, path);
}

/* `object` may have the member `only` and no other; *out_value NULL: it has none. */
static enum err read_only_member(struct parser *parser, struct str name, yyjson_val *object,
				 const char *only, yyjson_val **out_value)
{
	size_t index, count;
	yyjson_val *key, *value;

	*out_value = NULL;
	if (!yyjson_is_obj(object))
		return refuse(parser, name, STR(""), " must be an object");
	yyjson_obj_foreach(object, index, count, key, value) {
		if (!yyjson_equals_str(key, only))
			return refuse_member(parser, json_text(key));
		*out_value = yyjson_is_null(value) ? NULL : value;
	}
	return ERR_OK;
}

static enum err read_throttle(struct parser *parser, struct str path, struct str name,
			      yyjson_val *object)
{
	yyjson_val *value;

	enum err err = read_only_member(parser, name, object, "maxReceivesPerSecond", &value);
	if (err || !value)
		return err;
	parser->policy.has_throttle = true;
	return read_number(parser, path, STR("maxReceivesPerSecond"), value, 1, RECEIVES_MAX,
			   &parser->policy.receives_per_second);
}

/* Topics, and subscriptions without raw delivery, may have the first ENVELOPE_TYPES of them. */
static const struct str content_types[] = {
	STR_INIT("application/json"),
	STR_INIT("text/plain"),
	STR_INIT("text/plain; charset=UTF-8"),
	STR_INIT("text/css"),
	STR_INIT("text/csv"),
	STR_INIT("text/html"),
	STR_INIT("text/xml"),
	STR_INIT("application/atom+xml"),
	STR_INIT("application/octet-stream"),
	STR_INIT("application/soap+xml"),
	STR_INIT("application/x-www-form-urlencoded"),
	STR_INIT("application/xhtml+xml"),
	STR_INIT("application/xml"),
};
enum { CONTENT_TYPES = sizeof(content_types) / sizeof(content_types[0]), ENVELOPE_TYPES = 3 };

static enum err read_request(struct parser *parser, struct str path, struct str name,
			     yyjson_val *object)
{
	size_t count = parser->policy.is_topic ? ENVELOPE_TYPES : CONTENT_TYPES;
	yyjson_val *value;

	enum err err = read_only_member(parser, name, object, "headerContentType", &value);
	if (err || !value)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal_nocase(json_text(value), content_types[i]))
			continue;
		parser->policy.has_content_type = true;
		parser->policy.content_type = content_types[i];
		return ERR_OK;
	}
	return refuse(parser, path, STR("headerContentType"), " is not supported");
}

static enum err read_bool(struct parser *parser, struct str name, yyjson_val *value, bool *out)
{
	if (!yyjson_is_bool(value))
		return refuse(parser, name, STR(""), " must be a boolean");
	*out = yyjson_get_bool(value);
	return ERR_OK;
}

static enum err read_topic_member(struct parser *parser, struct str name, yyjson_val *value)
{
	if (str_equal(name, STR("defaultHealthyRetryPolicy")))
		return read_retries(parser, STR("http.defaultHealthyRetryPolicy."), value);
	if (str_equal(name, STR("defaultThrottlePolicy")))
		return read_throttle(parser, STR("http.defaultThrottlePolicy."), name, value);
	if (str_equal(name, STR("defaultRequestPolicy")))
		return read_request(parser, STR("http.defaultRequestPolicy."), name, value);
	if (str_equal(name, STR("disableSubscriptionOverrides")))
		return read_bool(parser, name, value, &parser->policy.is_final);
	return str_equal(name, STR("defaultSicklyRetryPolicy")) ? ERR_OK
								: refuse_member(parser, name);
}

static enum err read_subscription_member(struct parser *parser, struct str name, yyjson_val *value)
{
	if (str_equal(name, STR("healthyRetryPolicy")))
		return read_retries(parser, STR("healthyRetryPolicy."), value);
	if (str_equal(name, STR("throttlePolicy")))
		return read_throttle(parser, STR("throttlePolicy."), name, value);
	if (str_equal(name, STR("requestPolicy")))
		return read_request(parser, STR("requestPolicy."), name, value);
	if (str_equal(name, STR("guaranteed")))
		return read_bool(parser, name, value, &parser->policy.is_guaranteed);
	return str_equal(name, STR("sicklyRetryPolicy")) ? ERR_OK : refuse_member(parser, name);
}

static enum err read_members(struct parser *parser, yyjson_val *object)
{
	size_t index, count;
	yyjson_val *key, *value;

	yyjson_obj_foreach(object, index, count, key, value) {
		if (yyjson_is_null(value))
			continue;
		enum err err = parser->policy.is_topic
				       ? read_topic_member(parser, json_text(key), value)
				       : read_subscription_member(parser, json_text(key), value);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err read_text(struct parser *parser, struct str text)
{
	struct json_problem problem;
	yyjson_val *root, *http;

	enum err err = json_parse_explained(parser->arena, text, &root, &problem);
	if (err == ERR_INVALID) {
		parser->problem = arena_format(
			parser->arena,
			"DeliveryPolicy: failed to parse JSON. %s; line: %zu, column: %zu",
			problem.reason, problem.line, problem.column);
		return err;
	}
	if (err || !yyjson_is_obj(root)) {
		parser->problem = STR("DeliveryPolicy: failed to parse JSON. It is no object");
		return ERR_INVALID;
	}
	if (!parser->policy.is_topic)
		return read_members(parser, root);
	err = read_only_member(parser, STR("DeliveryPolicy"), root, "http", &http);
	if (err || !http)
		return err;
	if (!yyjson_is_obj(http))
		return refuse(parser, STR("http"), STR(""), " must be an object");
	return read_members(parser, http);
}

enum err sns_delivery_policy_parse(struct arena *arena, struct str text, bool is_topic,
				   const struct sns_delivery_policy **out_policy,
				   struct str *out_problem)
{
	struct parser parser = {.arena = arena, .policy = {.is_topic = is_topic}};

	enum err err = read_text(&parser, text);
	if (err) {
		*out_problem = parser.problem;
		return err;
	}
	struct sns_delivery_policy *policy = heap_alloc(sizeof(*policy));
	*policy = parser.policy;
	atomic_init(&policy->references, 1);
	*out_policy = policy;
	return ERR_OK;
}

static struct sns_delivery_policy *counted(const struct sns_delivery_policy *policy)
{
	return (struct sns_delivery_policy *)(uintptr_t)policy;
}

const struct sns_delivery_policy *sns_delivery_policy_hold(const struct sns_delivery_policy *policy)
{
	if (policy)
		atomic_fetch_add_explicit(&counted(policy)->references, 1, memory_order_relaxed);
	return policy;
}

void sns_delivery_policy_release(const struct sns_delivery_policy *policy)
{
	if (policy &&
	    atomic_fetch_sub_explicit(&counted(policy)->references, 1, memory_order_acq_rel) == 1)
		heap_free(counted(policy));
}

/* ---- texts ---- */

/* `is_given` NULL: all members. Members that are not given are left out, or null. */
static void write_retries(struct json_writer *json, const struct sns_retries *retries,
			  const bool *is_given, bool has_nulls)
{
	json_open_object(json);
	for (size_t i = 0; i < RETRY_NUMBERS; i++) {
		if (is_given && !is_given[i] && !has_nulls)
			continue;
		json_key(json, retry_members[i].name);
		if (is_given && !is_given[i])
			json_null(json);
		else
			json_i64(json, retry_value(retries, i));
	}
	if (!is_given || is_given[RETRY_BACKOFF]) {
		json_key(json, STR("backoffFunction"));
		json_str(json, backoff_names[retries->backoff]);
	} else if (has_nulls) {
		json_key(json, STR("backoffFunction"));
		json_null(json);
	}
	json_close_object(json);
}

static void write_throttle(struct json_writer *json, uint32_t receives)
{
	json_open_object(json);
	json_key(json, STR("maxReceivesPerSecond"));
	json_i64(json, receives);
	json_close_object(json);
}

static void write_request(struct json_writer *json, struct str content_type)
{
	json_open_object(json);
	json_key(json, STR("headerContentType"));
	json_str(json, content_type);
	json_close_object(json);
}

static struct str finish(struct arena *arena, struct buf *out)
{
	struct str text = arena_copy(arena, buf_str(out));

	buf_done(out);
	return text;
}

/* `is_given`: as in write_retries; `retries` NULL: none. */
static struct str write_topic(struct arena *arena, const struct sns_retries *retries,
			      const bool *is_given, bool is_final, uint32_t receives,
			      struct str content_type)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("http"));
	json_open_object(&json);
	if (retries) {
		json_key(&json, STR("defaultHealthyRetryPolicy"));
		write_retries(&json, retries, is_given, false);
	}
	json_key(&json, STR("disableSubscriptionOverrides"));
	json_bool(&json, is_final);
	if (receives > 0) {
		json_key(&json, STR("defaultThrottlePolicy"));
		write_throttle(&json, receives);
	}
	if (content_type.size > 0) {
		json_key(&json, STR("defaultRequestPolicy"));
		write_request(&json, content_type);
	}
	json_close_object(&json);
	json_close_object(&json);
	return finish(arena, &out);
}

static struct str write_subscription(struct arena *arena, const struct sns_retries *retries,
				     const bool *is_given, uint32_t receives,
				     struct str content_type, bool is_guaranteed)
{
	struct json_writer json;
	struct buf out = {0};

	json_begin(&json, &out);
	json_open_object(&json);
	json_key(&json, STR("healthyRetryPolicy"));
	if (retries)
		write_retries(&json, retries, is_given, true);
	else
		json_null(&json);
	json_key(&json, STR("sicklyRetryPolicy"));
	json_null(&json);
	json_key(&json, STR("throttlePolicy"));
	if (receives > 0)
		write_throttle(&json, receives);
	else
		json_null(&json);
	json_key(&json, STR("requestPolicy"));
	if (content_type.size > 0)
		write_request(&json, content_type);
	else
		json_null(&json);
	json_key(&json, STR("guaranteed"));
	json_bool(&json, is_guaranteed);
	json_close_object(&json);
	return finish(arena, &out);
}

struct str sns_delivery_policy_stored(struct arena *arena, const struct sns_delivery_policy *policy)
{
	const struct sns_retries *retries = policy->has_retries ? &policy->retries : NULL;

	if (policy->is_topic)
		return write_topic(arena, retries, policy->is_given, policy->is_final,
				   policy->receives_per_second, policy->content_type);
	return write_subscription(arena, retries, policy->is_given, policy->receives_per_second,
				  policy->content_type, policy->is_guaranteed);
}

/* ---- what counts ---- */

/* A retry policy counts as a whole. */
static void apply(struct sns_delivery_rules *rules, const struct sns_delivery_policy *policy)
{
	if (policy->has_retries)
		rules->retries = policy->retries;
	if (policy->has_throttle)
		rules->receives_per_second = policy->receives_per_second;
	if (policy->has_content_type)
		rules->content_type = policy->content_type;
}

static struct sns_delivery_rules combine(const struct sns_delivery_policy *topic,
					 const struct sns_delivery_policy *subscription)
{
	struct sns_delivery_rules rules = {.retries = sns_retries_http,
					   .content_type = DEFAULT_CONTENT_TYPE};

	if (topic)
		apply(&rules, topic);
	if (subscription && !(topic && topic->is_final))
		apply(&rules, subscription);
	return rules;
}

static bool is_envelope_type(struct str type)
{
	for (size_t i = 0; i < ENVELOPE_TYPES; i++)
		if (str_equal(type, content_types[i]))
			return true;
	return false;
}

struct sns_delivery_rules sns_delivery_rules_of(const struct sns_delivery_policy *topic,
						const struct sns_delivery_policy *subscription,
						bool is_raw)
{
	struct sns_delivery_rules rules = combine(topic, subscription);

	if (!is_raw && !is_envelope_type(rules.content_type))
		rules.content_type = DEFAULT_CONTENT_TYPE;
	return rules;
}

struct str sns_delivery_policy_of_topic(struct arena *arena,
					const struct sns_delivery_policy *topic)
{
	struct sns_delivery_rules rules = combine(topic, NULL);

	return write_topic(arena, &rules.retries, NULL, topic && topic->is_final,
			   rules.receives_per_second, rules.content_type);
}

struct str sns_delivery_policy_of_subscription(struct arena *arena,
					       const struct sns_delivery_policy *topic,
					       const struct sns_delivery_policy *subscription)
{
	struct sns_delivery_rules rules = combine(topic, subscription);

	return write_subscription(arena, &rules.retries, NULL, rules.receives_per_second,
				  rules.content_type, subscription && subscription->is_guaranteed);
}
