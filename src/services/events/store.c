/* SPDX-License-Identifier: MIT */
/* store: between snapshots and the records that model/events.ops declares. A record has each target
 * as the API writes it, in JSON. */
#include "services/events/store.h"

#include "api/events_records.h"
#include "core/message.h"

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
	return message_member(events_service.operations[EVENTS_PUT_TARGETS].in, STR("Targets"));
}

struct events_target_settings events_target_of(struct arena *arena,
					       const struct events_target *target)
{
	const struct events_input_transformer *transformer = target->input_transformer;
	const struct events_retry_policy *retry = target->retry_policy;
	struct events_target_settings settings = {
		.json = message_encode(arena, target_shape(), target),
		.id = target->id,
		.arn = target->arn,
		.role_arn = target->role_arn,
		.input = target->input,
		.input_path = target->input_path,
		.attempts_max = EVENTS_ATTEMPTS_MAX,
		.age_max_seconds = EVENTS_AGE_MAX_SECONDS,
	};

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

	if (message_decode(arena, json, target_shape(), &target, &problem) != ERR_OK ||
	    !target.id.data || !target.arn.data)
		return false;
	*out_target = target;
	return true;
}

/* ---- buses ---- */

void events_bus_encode(struct buf *out, const struct events_bus *bus)
{
	struct events_bus_record record = {
		.account = bus->account,
		.region = bus->region,
		.name = bus->name,
		.arn = bus->arn,
		.description = bus->description,
		.kms_key_identifier = bus->kms_key,
		.dead_letter_arn = bus->dead_letter_arn,
		.log_include_detail = bus->log_detail,
		.log_level = bus->log_level,
		.created_ms = bus->created_ms,
		.modified_ms = bus->modified_ms,
		.tags = bus->tags,
		.tags_count = bus->tag_count,
	};

	if (bus->policy) {
		struct policy_names names = policy_names(bus->policy);

		record.policy = policy_text(bus->policy);
		record.policy_principals = names.items;
		record.policy_principals_count = names.count;
	}
	events_bus_record_encode(out, &record);
}

enum err events_bus_decode(struct arena *arena, struct str bytes, const struct events_bus **out_bus)
{
	struct events_bus_record record;

	enum err err = events_bus_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.account.size == 0 || record.region.size == 0 || record.name.size == 0)
		return ERR_DAMAGED;
	struct policy_names names = {record.policy_principals, record.policy_principals_count};
	const struct policy *policy = policy_compile_stored(record.policy, names, record.arn);
	const struct events_bus draft = {
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.arn = record.arn,
		.description = record.description,
		.kms_key = record.kms_key_identifier,
		.dead_letter_arn = record.dead_letter_arn,
		.log_detail = record.log_include_detail,
		.log_level = record.log_level,
		.created_ms = record.created_ms,
		.modified_ms = record.modified_ms,
		.policy = policy,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	*out_bus = events_bus_new(&draft);
	policy_release(policy);
	return ERR_OK;
}

/* ---- rules ---- */

void events_rule_encode(struct buf *out, const struct events_bus_rule *rule)
{
	struct arena arena;

	arena_init(&arena);
	struct str *targets = arena_array(&arena, struct str, rule->target_count);
	for (size_t i = 0; i < rule->target_count; i++)
		targets[i] = rule->targets[i].json;
	const struct events_rule_record record = {
		.account = rule->account,
		.region = rule->region,
		.event_bus_name = rule->bus,
		.name = rule->name,
		.arn = rule->arn,
		.event_pattern = rule->pattern,
		.schedule_expression = rule->schedule,
		.description = rule->description,
		.role_arn = rule->role_arn,
		.managed_by = rule->managed_by,
		.created_by = rule->created_by,
		.state = rule->state,
		.created_ms = rule->created_ms,
		.archive_queue = rule->archive_queue,
		.archive_key = rule->archive_key,
		.tags = rule->tags,
		.tags_count = rule->tag_count,
		.targets = targets,
		.targets_count = rule->target_count,
	};
	events_rule_record_encode(out, &record);
	arena_done(&arena);
}

static enum err read_targets(struct arena *arena, const struct events_rule_record *record,
			     const struct events_target_settings **out_targets)
{
	struct events_target_settings *targets =
		arena_array(arena, struct events_target_settings, record->targets_count);

	for (size_t i = 0; i < record->targets_count; i++) {
		struct events_target target;

		if (!events_target_read(arena, record->targets[i], &target))
			return ERR_DAMAGED;
		targets[i] = events_target_of(arena, &target);
	}
	*out_targets = targets;
	return ERR_OK;
}

enum err events_rule_decode(struct arena *arena, struct str bytes,
			    const struct events_bus_rule **out_rule)
{
	const struct events_target_settings *targets;
	struct events_rule_record record;

	enum err err = events_rule_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.account.size == 0 || record.event_bus_name.size == 0 || record.name.size == 0)
		return ERR_DAMAGED;
	err = read_targets(arena, &record, &targets);
	if (err)
		return err;
	const struct events_bus_rule draft = {
		.account = record.account,
		.region = record.region,
		.bus = record.event_bus_name,
		.name = record.name,
		.arn = record.arn,
		.pattern = record.event_pattern,
		.schedule = record.schedule_expression,
		.description = record.description,
		.role_arn = record.role_arn,
		.managed_by = record.managed_by,
		.created_by = record.created_by,
		.state = record.state,
		.created_ms = record.created_ms,
		.archive_queue = record.archive_queue,
		.archive_key = record.archive_key,
		.tags = record.tags,
		.tag_count = record.tags_count,
		.targets = targets,
		.target_count = record.targets_count,
	};
	*out_rule = events_rule_new(&draft);
	return ERR_OK;
}
