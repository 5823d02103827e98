/* SPDX-License-Identifier: MIT */
/* constraint: violations are put together to one text as they are found. */
#include "core/constraint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RULE_SIZE = 160 };

/* As AWS prints it behind "Value": quoted, or null; nothing if the service leaves values out. */
static struct str printed(const struct constraints *constraints, struct str value)
{
	if (constraints->hides_values)
		return STR("");
	if (!value.data)
		return STR(" null");
	return arena_format(constraints->call->arena, " '%.*s'", STR_ARG(value));
}

static void add(struct constraints *constraints, const char *name, struct str value,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add(struct constraints *constraints, const char *name, struct str value,
		const char *format, ...)
{
	struct str text = printed(constraints, value);
	char rule[RULE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(rule, sizeof(rule), format, arguments);
	va_end(arguments);
	constraints->text =
		arena_format(constraints->call->arena,
			     "%.*s%sValue%.*s at '%s' failed to satisfy constraint: Member must %s",
			     STR_ARG(constraints->text), constraints->count > 0 ? "; " : "",
			     STR_ARG(text), name, rule);
	constraints->count++;
}

void constraint_present(struct constraints *constraints, const char *name, bool is_present)
{
	if (!is_present)
		add(constraints, name, (struct str){0}, "not be null");
}

void constraint_length(struct constraints *constraints, const char *name, struct str value,
		       size_t length_min, size_t length_max)
{
	size_t length = str_count_characters(value);

	if (!value.data)
		return;
	if (length < length_min)
		add(constraints, name, value, "have length greater than or equal to %zu",
		    length_min);
	if (length > length_max)
		add(constraints, name, value, "have length less than or equal to %zu", length_max);
}

static bool is_allowed(char c, const char *others)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr(others, c));
}

void constraint_characters(struct constraints *constraints, const char *name, struct str value,
			   const char *others, const char *pattern)
{
	for (size_t i = 0; i < value.size; i++) {
		if (is_allowed(value.data[i], others))
			continue;
		add(constraints, name, value, "satisfy regular expression pattern: %s", pattern);
		return;
	}
}

void constraint_range(struct constraints *constraints, const char *name, bool is_present,
		      int64_t value, int64_t least, int64_t most)
{
	struct str text = arena_format(constraints->call->arena, "%lld", (long long)value);

	if (!is_present)
		return;
	if (value < least)
		add(constraints, name, text, "have value greater than or equal to %lld",
		    (long long)least);
	if (value > most)
		add(constraints, name, text, "have value less than or equal to %lld",
		    (long long)most);
}

void constraint_items(struct constraints *constraints, const char *name, const struct str *items,
		      size_t count, size_t length_min, size_t length_max)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = str_count_characters(items[i]);
		if (length >= length_min && length <= length_max)
			continue;
		add(constraints, name,
		    arena_format(constraints->call->arena, "[%zu members]", count),
		    "satisfy constraint: [Member must have length less than or equal to %zu, "
		    "Member must have length greater than or equal to %zu]",
		    length_max, length_min);
		return;
	}
}

void constraint_list_length(struct constraints *constraints, const char *name, size_t count,
			    size_t count_max)
{
	if (count > count_max)
		add(constraints, name,
		    arena_format(constraints->call->arena, "[%zu members]", count),
		    "have length less than or equal to %zu", count_max);
}

enum err constraints_check(const struct constraints *constraints, const struct fault_type *fault)
{
	if (constraints->count == 0)
		return ERR_OK;
	return fail(constraints->call, fault, "%zu validation error%s detected: %.*s",
		    constraints->count, constraints->count > 1 ? "s" : "",
		    STR_ARG(constraints->text));
}
