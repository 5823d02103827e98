/* SPDX-License-Identifier: MIT */
/* declare: two rounds, so that all dead-letter queues exist when the first policy names one. */
#include "services/sqs/declare.h"

#include "base/arn.h"
#include "base/suggest.h"
#include "format/json.h"

static struct str text_or(yyjson_val *object, const char *name, struct str other)
{
	yyjson_val *value = json_member(object, name);

	return yyjson_is_str(value) ? json_text(value) : other;
}

/* Values may be written as text, numbers or booleans; objects become JSON text (policies). */
static bool pair_value(struct arena *arena, yyjson_val *value, struct str *out_text)
{
	if (yyjson_is_str(value)) {
		*out_text = json_text(value);
	} else if (yyjson_is_bool(value)) {
		*out_text = yyjson_get_bool(value) ? STR("true") : STR("false");
	} else if (yyjson_is_int(value)) {
		*out_text = arena_format(arena, "%lld", (long long)yyjson_get_sint(value));
	} else if (yyjson_is_obj(value)) {
		char *text = yyjson_val_write(value, 0, NULL);
		*out_text = arena_copy(arena, str_from(text));
		heap_free(text);
	} else {
		return false;
	}
	return true;
}

static bool read_pairs(struct arena *arena, yyjson_val *object, size_t spare,
		       struct shape_pair **out_pairs, size_t *out_count)
{
	size_t count = yyjson_obj_size(object);
	struct shape_pair *pairs = arena_array(arena, struct shape_pair, count + spare);
	yyjson_val *key, *value;
	size_t i, most;

	*out_pairs = pairs;
	*out_count = count;
	if (count == 0) /* there may be no object at all */
		return true;
	yyjson_obj_foreach(object, i, most, key, value) {
		pairs[i].key = json_text(key);
		if (!pair_value(arena, value, &pairs[i].value))
			return false;
	}
	return true;
}

static void add_pair(struct shape_pair *pairs, size_t *count, struct str key, struct str value)
{
	for (size_t i = 0; i < *count; i++)
		if (str_equal(pairs[i].key, key))
			return;
	pairs[(*count)++] = (struct shape_pair){key, value};
}

static void remove_pair(struct shape_pair *pairs, size_t *count, struct str key)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (!str_equal(pairs[i].key, key))
			pairs[kept++] = pairs[i];
	*count = kept;
}

static void add_redrive(struct arena *arena, yyjson_val *entry,
			const struct sqs_declaration *declaration, struct shape_pair *pairs,
			size_t *count)
{
	struct str target = text_or(entry, "deadLetterQueue", STR(""));
	yyjson_val *receives = json_member(entry, "maxReceiveCount");

	char arn[ARN_SIZE_MAX];
	if (target.size == 0)
		return;
	add_pair(
		pairs, count, STR("RedrivePolicy"),
		arena_format(arena, "{\"deadLetterTargetArn\":\"%.*s\",\"maxReceiveCount\":%lld}",
			     STR_ARG(arn_format(STR("sqs"), declaration->region,
						declaration->account, target, arn)),
			     (long long)(yyjson_is_int(receives) ? yyjson_get_sint(receives) : 3)));
}

static bool has_kind(yyjson_val *value, char kind)
{
	return kind == 't'   ? yyjson_is_str(value)
	       : kind == 'o' ? yyjson_is_obj(value)
			     : yyjson_is_int(value);
}

/* A misspelt key must fail, or it would silently leave the queue with other settings. */
static enum err check_entry(struct arena *arena, yyjson_val *entry, struct str *out_problem)
{
	static const struct {
		const char *name;
		char kind; /* text, object or number */
		const char *kind_name;
	} keys[] = {
		{"name", 't', "text"},
		{"account", 't', "text"},
		{"region", 't', "text"},
		{"attributes", 'o', "an object"},
		{"tags", 'o', "an object"},
		{"deadLetterQueue", 't', "text"},
		{"maxReceiveCount", 'n', "a number"},
	};
	const size_t count = sizeof(keys) / sizeof(keys[0]);
	struct str name = text_or(entry, "name", STR(""));
	const char *names[sizeof(keys) / sizeof(keys[0])], *meant;
	yyjson_val *key, *value;
	size_t i, most;

	if (!yyjson_is_obj(entry)) {
		*out_problem = STR("each of \"queues\" must be an object");
		return ERR_FAULT;
	}
	for (i = 0; i < count; i++)
		names[i] = keys[i].name;
	yyjson_obj_foreach(entry, i, most, key, value) {
		size_t place = 0;
		while (place < count && !yyjson_equals_str(key, keys[place].name))
			place++;
		if (place < count && has_kind(value, keys[place].kind))
			continue;
		meant = suggest_name(json_text(key), names, count);
		*out_problem =
			place == count
				? arena_format(arena, "queue \"%.*s\": unknown key \"%.*s\"%s%s%s",
					       STR_ARG(name), STR_ARG(json_text(key)),
					       meant ? "; did you mean \"" : "", meant ? meant : "",
					       meant ? "\"?" : "")
				: arena_format(arena, "queue \"%.*s\": \"%s\" must be %s",
					       STR_ARG(name), keys[place].name,
					       keys[place].kind_name);
		return ERR_FAULT;
	}
	return ERR_OK;
}

static enum err check_place(struct arena *arena, const struct sqs_declaration *declaration,
			    struct str *out_problem)
{
	if (!arn_is_account(declaration->account)) {
		*out_problem =
			arena_format(arena, "queue \"%.*s\": \"account\" must have 12 digits",
				     STR_ARG(declaration->name));
		return ERR_FAULT;
	}
	if (!arn_is_region(declaration->region)) {
		*out_problem = arena_format(arena,
					    "queue \"%.*s\": \"region\" must have 1 to 32 letters, "
					    "digits and hyphens",
					    STR_ARG(declaration->name));
		return ERR_FAULT;
	}
	return ERR_OK;
}

static enum err declare_one(struct core *core, struct arena *arena, yyjson_val *entry,
			    bool is_first_round, struct str *out_problem)
{
	struct shape_pair *attributes, *tags;
	struct sqs_declaration declaration = {
		.account = text_or(entry, "account", core->default_account),
		.region = text_or(entry, "region", core->default_region),
		.name = text_or(entry, "name", STR("")),
	};

	enum err err = check_entry(arena, entry, out_problem);
	if (!err)
		err = check_place(arena, &declaration, out_problem);
	if (err)
		return err;
	if (!read_pairs(arena, json_member(entry, "attributes"), 2, &attributes,
			&declaration.attribute_count) ||
	    !read_pairs(arena, json_member(entry, "tags"), 0, &tags, &declaration.tag_count)) {
		*out_problem = arena_format(arena,
					    "queue \"%.*s\": values of attributes and tags must be "
					    "text, numbers or booleans",
					    STR_ARG(declaration.name));
		return ERR_FAULT;
	}
	if (str_ends(declaration.name, STR(".fifo")))
		add_pair(attributes, &declaration.attribute_count, STR("FifoQueue"), STR("true"));
	if (is_first_round)
		remove_pair(attributes, &declaration.attribute_count, STR("RedrivePolicy"));
	else
		add_redrive(arena, entry, &declaration, attributes, &declaration.attribute_count);
	declaration.attributes = attributes;
	declaration.tags = tags;
	struct str problem;
	err = sqs_declare(core, arena, &declaration, &problem);
	if (err == ERR_FAULT)
		*out_problem = arena_format(arena, "queue \"%.*s\": %.*s",
					    STR_ARG(declaration.name), STR_ARG(problem));
	return err;
}

enum err sqs_declare_queues(struct core *core, struct arena *arena, struct str config,
			    struct str *out_problem)
{
	yyjson_val *root, *entry;
	size_t i, most;

	if (config.size == 0)
		return ERR_OK;
	enum err err = json_parse(arena, config, &root);
	if (err)
		return err;
	yyjson_val *queues = json_member(root, "queues");
	if (queues && !yyjson_is_arr(queues)) {
		*out_problem = STR("\"queues\" must be a list");
		return ERR_FAULT;
	}
	for (int round = 0; round < 2; round++) {
		yyjson_arr_foreach(queues, i, most, entry) {
			err = declare_one(core, arena, entry, round == 0, out_problem);
			if (err)
				return err;
		}
	}
	return ERR_OK;
}
