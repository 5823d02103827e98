/* SPDX-License-Identifier: MIT */
/*
 * constraint: one walk over the request; one fault's text names all mistakes. Names and values are
 * formatted only then: a valid request costs no formatting.
 */
#include "core/constraint.h"

#include <string.h>

#include "wire/constraint.h"
#include "wire/member.h"
#include "wire/print.h"

struct violation {
	struct violation *next;
	struct str text;
};

struct checking {
	struct call *call;
	const struct service *service;
	struct violation *first, **end;
	size_t count, text_size;
	const struct fault_type *own_fault; /* of the first constraint with words of its own */
	struct str own_text;
};

/* A value that is being checked. */
struct checked {
	const struct shape_member *member;
	const struct checked *parent; /* the structure that has this member; NULL: the request's */
	size_t item; /* of the parent, a list or map, from 1; 0: it is a structure */
	enum { SHOWS_TEXT, SHOWS_ITEMS, SHOWS_NUMBER } shows;
	struct str text;
	const void *structure; /* that has the items */
	int64_t number;
	bool is_hidden;
};

/* ---- texts ---- */

/* As AWS's texts name a member: "tags.1.member.key". */
static struct str name_of(struct checking *checking, const struct checked *checked)
{
	struct arena *arena = checking->call->arena;
	struct buf name = {0};

	if (checked->parent) { /* as deep as the model's structures */
		buf_append(&name, name_of(checking, checked->parent));
		if (checked->item > 0)
			buf_format(&name, ".%zu.member", checked->item);
		buf_append_char(&name, '.');
	}
	wire_print_name(&name, checked->member);
	struct str copy = arena_copy(arena, buf_str(&name));
	buf_done(&name);
	return copy;
}

/* As texts show it. */
static struct str value_of(struct checking *checking, const struct checked *checked)
{
	struct arena *arena = checking->call->arena;
	struct buf items = {0};
	struct str copy;

	switch (checked->shows) {
	case SHOWS_TEXT:
		break;
	case SHOWS_ITEMS:
		wire_print_items(&items, checked->member, checked->structure);
		copy = arena_copy(arena, buf_str(&items));
		buf_done(&items);
		return copy;
	case SHOWS_NUMBER:
		return arena_format(arena, "%lld", (long long)checked->number);
	}
	return checked->text;
}

static void violate(struct checking *checking, const struct checked *checked, struct str value,
		    struct str rule)
{
	struct violation *violation = arena_new(checking->call->arena, struct violation);

	violation->text = arena_format(
		checking->call->arena, "Value%.*s at '%.*s' failed to satisfy constraint: %.*s",
		STR_ARG(value), STR_ARG(name_of(checking, checked)), STR_ARG(rule));
	*checking->end = violation;
	checking->end = &violation->next;
	checking->count++;
	checking->text_size += violation->text.size + 2;
}

static struct str join(const struct checking *checking)
{
	char *text = arena_bytes(checking->call->arena, checking->text_size);
	size_t size = 0;

	for (const struct violation *each = checking->first; each; each = each->next) {
		memcpy(text + size, each->text.data, each->text.size);
		memcpy(text + size + each->text.size, "; ", 2);
		size += each->text.size + 2;
	}
	return str_of(text, size - 2);
}

/* A value's text after "Value": quoted, or left out. */
static struct str shown(struct checking *checking, const struct checked *checked)
{
	if (checking->service->hides_values || checked->is_hidden)
		return STR("");
	return arena_format(checking->call->arena, " '%.*s'", STR_ARG(value_of(checking, checked)));
}

/* The text with placeholders in braces replaced; unknown ones stay. */
static struct str fill(struct checking *checking, struct str text, const struct checked *checked,
		       const struct shape_constraint *constraint)
{
	struct arena *arena = checking->call->arena;
	const struct shape_member *member = checked->member;
	const struct shape_constraint none = {0};
	const struct shape_constraint *bounds = constraint ? constraint : &none;
	const struct {
		struct str name, value;
	} places[] = {
		{STR("{name}"), name_of(checking, checked)},
		{STR("{Name}"), member->called.size > 0 ? member->called : member->name},
		{STR("{value}"), checked->is_hidden ? STR("") : value_of(checking, checked)},
		{STR("{least}"), arena_format(arena, "%lld", (long long)bounds->least)},
		{STR("{most}"), arena_format(arena, "%lld", (long long)bounds->most)},
	};
	struct buf filled = {0};

	while (text.size > 0) {
		size_t i = 0, count = sizeof(places) / sizeof(places[0]);
		while (i < count && !str_starts(text, places[i].name))
			i++;
		buf_append(&filled, i < count ? places[i].value : str_slice(text, 0, 1));
		text = str_slice(text, i < count ? places[i].name.size : 1, SIZE_MAX);
	}
	struct str copy = arena_copy(arena, buf_str(&filled));
	buf_done(&filled);
	return copy;
}

/* True if the constraint has its own text, which is kept if it is the first one. */
static bool has_own_words(struct checking *checking, const struct checked *checked,
			  const struct shape_constraint *constraint)
{
	if (!constraint->fault)
		return false;
	if (!checking->own_fault) {
		checking->own_fault = constraint->fault;
		checking->own_text = fill(checking, constraint->text, checked, constraint);
	}
	return true;
}

/* ---- values ---- */

static struct str list_values(struct checking *checking, const struct shape_constraint *constraint)
{
	struct arena *arena = checking->call->arena;
	struct str text = STR("");

	if (checking->service->hides_values)
		return text;
	for (uint32_t i = 0; i < constraint->shown_count; i++)
		text = arena_format(arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? ", " : ": [",
				    STR_ARG(constraint->values[i]));
	return arena_format(arena, "%.*s]", STR_ARG(text));
}

/* `what` is "length" or "value"; `number` is the length or the value. */
static void check_bounds(struct checking *checking, const struct checked *checked,
			 const struct shape_constraint *constraint, int64_t number,
			 const char *what)
{
	bool is_small = number < constraint->least;

	if ((!is_small && number <= constraint->most) ||
	    has_own_words(checking, checked, constraint))
		return;
	violate(checking, checked, shown(checking, checked),
		arena_format(checking->call->arena, "Member must have %s %s than or equal to %lld",
			     what, is_small ? "greater" : "less",
			     (long long)(is_small ? constraint->least : constraint->most)));
}

static void check_text(struct checking *checking, const struct checked *checked,
		       const struct shape_constraint *constraint)
{
	struct str text = checked->text;
	int64_t size = (int64_t)str_count_characters(text);

	/* EC2 takes an empty parameter for an absent one. */
	if (size == 0 && checking->service->query_style == QUERY_STYLE_EC2)
		return;
	/* A pattern's own words are not for lengths. */
	if (size < constraint->least || size > constraint->most) {
		struct shape_constraint bounds = *constraint;
		if (constraint->pattern)
			bounds.fault = NULL;
		check_bounds(checking, checked, &bounds, size, "length");
	}
	if (constraint->pattern && !shape_pattern_matches(constraint->pattern, text) &&
	    !has_own_words(checking, checked, constraint))
		violate(checking, checked, shown(checking, checked),
			arena_format(checking->call->arena,
				     "Member must satisfy regular expression pattern: %.*s",
				     STR_ARG(constraint->pattern->text)));
	if (!shape_constraint_allows_text(constraint, text) &&
	    !has_own_words(checking, checked, constraint))
		violate(checking, checked, shown(checking, checked),
			arena_format(checking->call->arena,
				     "Member must satisfy enum value set%.*s",
				     STR_ARG(list_values(checking, constraint))));
}

static bool is_allowed(const struct shape_constraint *constraint, struct str text)
{
	int64_t size = (int64_t)str_count_characters(text);

	return size >= constraint->least && size <= constraint->most &&
	       (!constraint->pattern || shape_pattern_matches(constraint->pattern, text)) &&
	       shape_constraint_allows_text(constraint, text);
}

/*
 * AWS's framework names the list or map once, with all constraints of its items. `subject` is
 * "Member", "Map keys" or "Map value".
 */
static void violate_items(struct checking *checking, const struct checked *checked,
			  const struct shape_constraint *item, const char *subject)
{
	struct arena *arena = checking->call->arena;
	struct str rules = STR("");

	if (item->most < INT64_MAX)
		rules = arena_format(arena, ", Member must have length less than or equal to %lld",
				     (long long)item->most);
	if (item->least > INT64_MIN)
		rules = arena_format(arena,
				     "%.*s, Member must have length greater than or equal to %lld",
				     STR_ARG(rules), (long long)item->least);
	if (item->pattern)
		rules = arena_format(arena,
				     "%.*s, Member must satisfy regular expression pattern: %.*s",
				     STR_ARG(rules), STR_ARG(item->pattern->text));
	if (item->value_count > 0)
		rules = arena_format(arena, "%.*s, Member must satisfy enum value set%.*s",
				     STR_ARG(rules), STR_ARG(list_values(checking, item)));
	violate(checking, checked, shown(checking, checked),
		arena_format(arena, "%s must satisfy constraint: [%.*s]", subject,
			     STR_ARG(str_slice(rules, 2, SIZE_MAX))));
}

/* The texts of a list, or the keys or values of a map: `first` and those of the next items. */
static bool are_allowed(const struct shape_constraint *constraint, const void *first, size_t count,
			const struct shape_member *member)
{
	const char *text = first;

	for (size_t i = 0; i < count; i++, text += member->item_size)
		if (!is_allowed(constraint, *(const struct str *)(const void *)text))
			return false;
	return true;
}

static void check_structure(struct checking *checking, const struct shape *shape, const void *in,
			    const struct checked *parent, size_t item);

/* Items beyond the maximum are not checked. */
static void check_items(struct checking *checking, struct checked *checked, const void *in)
{
	const struct shape_member *member = checked->member;
	const struct shape_constraint *constraint = member->constraint;
	size_t count = member_count(in, member);
	const char *item = member_items(in, member);

	checked->shows = SHOWS_ITEMS;
	checked->structure = in;
	if (constraint)
		check_bounds(checking, checked, constraint, (int64_t)count, "length");
	if (constraint && (int64_t)count > constraint->most)
		return;
	if (constraint && constraint->key && !are_allowed(constraint->key, item, count, member))
		violate_items(checking, checked, constraint->key, "Map keys");
	if (member->item_kind == SHAPE_STRUCTURE && member->shape->is_constrained)
		for (size_t i = 0; i < count; i++, item += member->item_size)
			check_structure(checking, member->shape, member_item_value(member, item),
					checked, i + 1);
	else if (constraint && constraint->item &&
		 !are_allowed(constraint->item, member_item_value(member, item), count, member))
		violate_items(checking, checked, constraint->item,
			      member->kind == SHAPE_MAP ? "Map value" : "Member");
}

static bool is_present(const void *in, const struct shape_member *member, bool is_empty_missing)
{
	const void *place = member_in(in, member->offset);

	switch (member->kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		return is_empty_missing ? member_str(in, member->offset).size > 0
					: member_str(in, member->offset).data != NULL;
	case SHAPE_LIST:
	case SHAPE_MAP:
		return is_empty_missing ? member_count(in, member) > 0
					: *(void *const *)place != NULL;
	case SHAPE_STRUCTURE:
		return *(void *const *)place != NULL;
	default:
		return member_has(in, member);
	}
}

/* A value that is there. */
static void check_value(struct checking *checking, struct checked *checked, const void *in)
{
	const struct shape_member *member = checked->member;
	const struct shape_constraint *constraint = member->constraint;
	const void *place = member_in(in, member->offset);

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		check_items(checking, checked, in);
		return;
	case SHAPE_STRUCTURE:
		if (member->shape->is_constrained)
			check_structure(checking, member->shape, *(void *const *)place, checked, 0);
		return;
	case SHAPE_STRING:
		checked->text = member_str(in, member->offset);
		if (constraint)
			check_text(checking, checked, constraint);
		return;
	case SHAPE_BLOB:
		checked->is_hidden = true;
		if (constraint)
			check_bounds(checking, checked, constraint,
				     (int64_t)member_str(in, member->offset).size, "length");
		return;
	case SHAPE_INTEGER:
	case SHAPE_LONG:
		if (!constraint)
			return;
		checked->shows = SHOWS_NUMBER;
		checked->number = *(const int64_t *)place;
		check_bounds(checking, checked, constraint, *(const int64_t *)place, "value");
		return;
	default:
		return;
	}
}

static void check_structure(struct checking *checking, const struct shape *shape, const void *in,
			    const struct checked *parent, size_t item)
{
	bool has_words = checking->service->missing != NULL;

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		struct checked checked = {
			.member = member,
			.parent = parent,
			.item = item,
			.is_hidden = member->is_sensitive,
		};
		bool is_needed =
			member->is_required && !member->is_unchecked && (!has_words || !parent);
		if (is_needed && !is_present(in, member, has_words)) {
			if (!has_words)
				violate(checking, &checked,
					checking->service->hides_values ? STR("") : STR(" null"),
					STR("Member must not be null"));
			else if (!checking->own_fault) {
				checking->own_fault = checking->service->missing;
				checking->own_text = fill(checking, checking->service->missing_text,
							  &checked, NULL);
			}
		} else if (is_present(in, member, false)) {
			check_value(checking, &checked, in);
		}
	}
}

enum err constraint_check(struct call *call)
{
	struct checking checking = {.call = call, .service = call->operation->service};

	if (!call->operation->in->is_constrained)
		return ERR_OK;
	checking.end = &checking.first;
	check_structure(&checking, call->operation->in, call->in, NULL, 0);
	if (checking.count > 0)
		return fail(call, checking.service->violation,
			    "%zu validation error%s detected: %.*s", checking.count,
			    checking.count > 1 ? "s" : "", STR_ARG(join(&checking)));
	if (!checking.own_fault)
		return ERR_OK;
	/* A misspelt parameter explains why a member is missing. */
	enum err err = call_refuse_unknown(call);
	return err ? err : fail(call, checking.own_fault, "%.*s", STR_ARG(checking.own_text));
}
