/* SPDX-License-Identifier: MIT */
/* store: names as in the API where the API has one. A target is stored as the API writes it. */
#include "services/events/store.h"

#include <string.h>

#include "core/policies.h"
#include "wire/json.h"

#define STORE_VERSION 1

struct field {
	const char *name;
	size_t offset;
};

static const struct field bus_texts[] = {
	{"account", offsetof(struct events_bus, account)},
	{"region", offsetof(struct events_bus, region)},
	{"name", offsetof(struct events_bus, name)},
	{"arn", offsetof(struct events_bus, arn)},
	{"description", offsetof(struct events_bus, description)},
	{"kmsKeyIdentifier", offsetof(struct events_bus, kms_key)},
	{"deadLetterArn", offsetof(struct events_bus, dead_letter_arn)},
	{"logIncludeDetail", offsetof(struct events_bus, log_detail)},
	{"logLevel", offsetof(struct events_bus, log_level)},
};

static const struct field bus_numbers[] = {
	{"createdMs", offsetof(struct events_bus, created_ms)},
	{"modifiedMs", offsetof(struct events_bus, modified_ms)},
};

static const struct field rule_texts[] = {
	{"account", offsetof(struct events_bus_rule, account)},
	{"region", offsetof(struct events_bus_rule, region)},
	{"eventBusName", offsetof(struct events_bus_rule, bus)},
	{"name", offsetof(struct events_bus_rule, name)},
	{"arn", offsetof(struct events_bus_rule, arn)},
	{"eventPattern", offsetof(struct events_bus_rule, pattern)},
	{"scheduleExpression", offsetof(struct events_bus_rule, schedule)},
	{"description", offsetof(struct events_bus_rule, description)},
	{"roleArn", offsetof(struct events_bus_rule, role_arn)},
	{"managedBy", offsetof(struct events_bus_rule, managed_by)},
	{"createdBy", offsetof(struct events_bus_rule, created_by)},
	{"state", offsetof(struct events_bus_rule, state)},
};

static const struct field rule_numbers[] = {
	{"createdMs", offsetof(struct events_bus_rule, created_ms)},
	{"archiveQueue", offsetof(struct events_bus_rule, archive_queue)},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void *at(const void *object, const struct field *field)
{
	return (char *)object + field->offset;
}

/* Within one account no two buses or rules have the same key: region and rule have no "/". */
struct str events_bus_key(struct arena *arena, const struct events_bus *bus)
{
	return arena_format(arena, "%.*s/%.*s/%.*s", STR_ARG(bus->account), STR_ARG(bus->region),
			    STR_ARG(bus->name));
}

struct str events_rule_key(struct arena *arena, const struct events_bus_rule *rule)
{
	return arena_format(arena, "%.*s/%.*s/%.*s/%.*s", STR_ARG(rule->account),
			    STR_ARG(rule->region), STR_ARG(rule->bus), STR_ARG(rule->name));
}

/* ---- targets ---- */

static const struct shape *target_shape(void)
{
	return events_service.operations[EVENTS_PUT_TARGETS].in->members[2].shape;
}

struct events_target_settings events_target_of(struct arena *arena,
					       const struct events_target *target)
{
	const struct events_input_transformer *transformer = target->input_transformer;
	const struct events_retry_policy *retry = target->retry_policy;
	struct buf json = {0};

	wire_json_encode(&json, target_shape(), target);
	struct events_target_settings settings = {
		.json = arena_copy(arena, buf_str(&json)),
		.id = target->id,
		.arn = target->arn,
		.role_arn = target->role_arn,
		.input = target->input,
		.input_path = target->input_path,
		.attempts_max = EVENTS_ATTEMPTS_MAX,
		.age_max_seconds = EVENTS_AGE_MAX_SECONDS,
	};
	buf_done(&json);
	if (transformer) {
		settings.input_template = transformer->input_template;
		settings.paths = transformer->input_paths_map;
		settings.path_count = transformer->input_paths_map_count;
	}
	if (target->sqs_parameters)
		settings.group = target->sqs_parameters->message_group_id;
	if (target->dead_letter_config)
		settings.dead_letter_arn = target->dead_letter_config->arn;
	if (retry && retry->has_maximum_retry_attempts)
		settings.attempts_max = retry->maximum_retry_attempts;
	if (retry && retry->has_maximum_event_age_in_seconds)
		settings.age_max_seconds = retry->maximum_event_age_in_seconds;
	return settings;
}

bool events_target_read(struct arena *arena, struct str json, struct events_target *out_target)
{
	struct events_target target = {0};
	struct str problem;

	if (wire_json_decode(arena, json, target_shape(), &target, &problem) != ERR_OK ||
	    !target.id.data || !target.arn.data)
		return false;
	*out_target = target;
	return true;
}

/* ---- writing ---- */

static void write_fields(struct json_writer *writer, const void *object, const struct field *texts,
			 size_t text_count, const struct field *numbers, size_t number_count)
{
	json_key(writer, STR("version"));
	json_i64(writer, STORE_VERSION);
	for (size_t i = 0; i < text_count; i++) {
		const struct str *text = at(object, &texts[i]);
		if (!text->data)
			continue;
		json_key(writer, str_from(texts[i].name));
		json_str(writer, *text);
	}
	for (size_t i = 0; i < number_count; i++) {
		json_key(writer, str_from(numbers[i].name));
		json_i64(writer, *(const int64_t *)at(object, &numbers[i]));
	}
}

static void write_tags(struct json_writer *writer, const struct shape_pair *tags, size_t count)
{
	json_key(writer, STR("tags"));
	json_open_object(writer);
	for (size_t i = 0; i < count; i++) {
		json_key(writer, tags[i].key);
		json_str(writer, tags[i].value);
	}
	json_close_object(writer);
}

void events_bus_encode(struct buf *out, const struct events_bus *bus)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_fields(&writer, bus, bus_texts, COUNT(bus_texts), bus_numbers, COUNT(bus_numbers));
	write_tags(&writer, bus->tags, bus->tag_count);
	if (bus->policy) {
		json_key(&writer, STR("policy"));
		json_str(&writer, policy_text(bus->policy));
		policies_write_names(&writer, STR("policyPrincipals"), policy_names(bus->policy));
	}
	json_close_object(&writer);
}

void events_rule_encode(struct buf *out, const struct events_bus_rule *rule)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	write_fields(&writer, rule, rule_texts, COUNT(rule_texts), rule_numbers,
		     COUNT(rule_numbers));
	write_tags(&writer, rule->tags, rule->tag_count);
	json_key(&writer, STR("targets"));
	json_open_array(&writer);
	for (size_t i = 0; i < rule->target_count; i++)
		json_str(&writer, rule->targets[i].json);
	json_close_array(&writer);
	json_close_object(&writer);
}

/* ---- reading ---- */

/* A text that the record does not have stays absent. */
static void read_fields(yyjson_val *root, void *object, const struct field *texts,
			size_t text_count, const struct field *numbers, size_t number_count)
{
	for (size_t i = 0; i < text_count; i++) {
		yyjson_val *value = json_member(root, texts[i].name);
		if (value)
			*(struct str *)at(object, &texts[i]) = json_text(value);
	}
	for (size_t i = 0; i < number_count; i++)
		*(int64_t *)at(object, &numbers[i]) =
			yyjson_get_sint(json_member(root, numbers[i].name));
}

static const struct shape_pair *read_tags(struct arena *arena, yyjson_val *root, size_t *out_count)
{
	yyjson_val *object = json_member(root, "tags"), *key, *value;
	size_t count = yyjson_obj_size(object), i, most;
	struct shape_pair *tags = arena_array(arena, struct shape_pair, count);

	yyjson_obj_foreach(object, i, most, key, value)
		tags[i] = (struct shape_pair){json_text(key), json_text(value)};
	*out_count = count;
	return tags;
}

static enum err open_record(struct arena *arena, struct str record, yyjson_val **out_root)
{
	yyjson_val *root;

	if (json_parse(arena, record, &root) != ERR_OK || !yyjson_is_obj(root))
		return ERR_DAMAGED;
	if (yyjson_get_sint(json_member(root, "version")) != STORE_VERSION)
		return ERR_VERSION;
	*out_root = root;
	return ERR_OK;
}

enum err events_bus_decode(struct arena *arena, struct str record,
			   const struct events_bus **out_bus)
{
	struct events_bus draft = {0};
	yyjson_val *root;

	enum err err = open_record(arena, record, &root);
	if (err)
		return err;
	read_fields(root, &draft, bus_texts, COUNT(bus_texts), bus_numbers, COUNT(bus_numbers));
	if (draft.account.size == 0 || draft.region.size == 0 || draft.name.size == 0)
		return ERR_DAMAGED;
	draft.tags = read_tags(arena, root, &draft.tag_count);
	draft.policy = policy_compile_stored(
		json_text(json_member(root, "policy")),
		policies_read_names(arena, json_member(root, "policyPrincipals")), draft.arn);
	*out_bus = events_bus_new(&draft);
	policy_release(draft.policy);
	return ERR_OK;
}

enum err events_rule_decode(struct arena *arena, struct str record,
			    const struct events_bus_rule **out_rule)
{
	struct events_bus_rule draft = {0};
	yyjson_val *root, *item;
	size_t i, most;

	enum err err = open_record(arena, record, &root);
	if (err)
		return err;
	read_fields(root, &draft, rule_texts, COUNT(rule_texts), rule_numbers, COUNT(rule_numbers));
	if (draft.account.size == 0 || draft.bus.size == 0 || draft.name.size == 0)
		return ERR_DAMAGED;
	draft.tags = read_tags(arena, root, &draft.tag_count);
	yyjson_val *array = json_member(root, "targets");
	struct events_target_settings *targets =
		arena_array(arena, struct events_target_settings, yyjson_arr_size(array));
	yyjson_arr_foreach(array, i, most, item) {
		struct events_target target;
		if (!events_target_read(arena, json_text(item), &target))
			return ERR_DAMAGED;
		targets[i] = events_target_of(arena, &target);
	}
	draft.targets = targets;
	draft.target_count = yyjson_arr_size(array);
	*out_rule = events_rule_new(&draft);
	return ERR_OK;
}
