/* SPDX-License-Identifier: MIT */
/*
 * matcher: a rule is one block: a header, its anchors, then for each conjunction its requirements
 * with their encoded predicates. Blocks are read in place.
 */
#include "match/matcher.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "match/anchors.h"
#include "match/consistency.h"
#include "match/fields.h"

struct match_rule {
	void *user;
	struct match_rule *twin;
	uint32_t number; /* in matcher->rules */
	uint32_t conjunction_count;
	uint32_t anchor_count;
	uint32_t size; /* bytes of conjunctions */
	struct anchor anchors[];
	/* the conjunctions follow */
};

/* In a rule's block, each followed by its requirements; offsets are multiples of 8. */
struct rule_conjunction {
	uint32_t id; /* for marks of a scratch */
	uint32_t size;
	uint16_t count;
	uint16_t anchored; /* requirement */
	uint32_t anchor_count;
};

/* Followed by the predicates, padded to a multiple of 8. */
struct rule_requirement {
	struct path_node *node;
	uint32_t size; /* of the predicates */
	uint16_t count;
	bool has_absent;
};

struct numbers {
	uint32_t *items;
	size_t count, capacity;
};

struct matcher {
	struct path_tree tree;
	struct anchors anchors;
	struct {
		struct match_rule **items; /* by number; NULL: free */
		size_t count, capacity;
	} rules;
	struct numbers free_rules, free_ids;
	size_t rule_count;
	uint32_t id_count; /* of conjunctions, with those that are free */
};

struct marks {
	uint32_t *items; /* the fields' epoch in which it was reached */
	size_t count, capacity;
};

struct match_scratch {
	struct field_set fields;
	struct arena arena; /* for one conjunction */
	struct marks rules, conjunctions;
	struct {
		void **items;
		size_t count, capacity;
	} users;
};

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static char *rule_bytes(struct match_rule *rule)
{
	return (char *)&rule->anchors[rule->anchor_count];
}

static const struct rule_conjunction *conjunction_at(const struct match_rule *rule, size_t offset)
{
	const char *bytes = (const char *)&rule->anchors[rule->anchor_count];

	check(offset < rule->size && offset % 8 == 0);
	return (const struct rule_conjunction *)(const void *)(bytes + offset);
}

static const struct rule_requirement *first_requirement(const struct rule_conjunction *conjunction)
{
	const char *bytes = (const char *)conjunction + padded(sizeof(*conjunction));

	return (const struct rule_requirement *)(const void *)bytes;
}

static const struct rule_requirement *next_requirement(const struct rule_requirement *requirement)
{
	const char *bytes =
		(const char *)requirement + sizeof(*requirement) + padded(requirement->size);

	return (const struct rule_requirement *)(const void *)bytes;
}

static struct str predicates_of(const struct rule_requirement *requirement)
{
	return str_of(requirement + 1, requirement->size);
}

/* ---- rules ---- */

struct matcher *matcher_new(void)
{
	struct matcher *matcher = heap_alloc(sizeof(*matcher));

	static_assert(sizeof(struct rule_requirement) % 8 == 0, "requirements stay aligned");
	path_tree_init(&matcher->tree);
	anchors_init(&matcher->anchors);
	return matcher;
}

void matcher_free(struct matcher **matcher)
{
	if (!*matcher)
		return;
	for (size_t i = 0; i < (*matcher)->rules.count; i++)
		if ((*matcher)->rules.items[i])
			matcher_remove(*matcher, (*matcher)->rules.items[i]);
	anchors_done(&(*matcher)->anchors);
	path_tree_done(&(*matcher)->tree);
	vec_done(&(*matcher)->rules);
	vec_done(&(*matcher)->free_rules);
	vec_done(&(*matcher)->free_ids);
	heap_free(*matcher);
	*matcher = NULL;
}

void match_rule_set_twin(struct match_rule *rule, struct match_rule *twin)
{
	rule->twin = twin;
}

struct match_rule *match_rule_twin(const struct match_rule *rule)
{
	return rule->twin;
}

size_t matcher_rule_count(const struct matcher *matcher)
{
	return matcher->rule_count;
}

static uint32_t take_number(struct numbers *free, uint32_t *count)
{
	return free->count > 0 ? free->items[--free->count] : (*count)++;
}

static bool has_absent(const struct requirement *requirement)
{
	struct str rest = requirement->predicates;

	for (size_t i = 0; i < requirement->count; i++)
		if (predicate_decode(&rest).kind == PREDICATE_ABSENT)
			return true;
	return false;
}

static uint64_t requirement_cost(const struct matcher *matcher, const struct path_node *node,
				 const struct requirement *requirement)
{
	struct str rest = requirement->predicates;
	uint64_t cost = 0;

	for (size_t i = 0; i < requirement->count; i++) {
		struct predicate predicate = predicate_decode(&rest);
		cost += anchor_cost(&matcher->anchors, node, &predicate);
	}
	return cost;
}

struct plan {
	struct path_node **nodes;
	size_t anchored;
	size_t size; /* of the conjunction's block */
};

static struct plan plan_conjunction(struct matcher *matcher, struct arena *arena,
				    const struct conjunction *conjunction)
{
	struct plan plan = {
		.nodes = arena_array(arena, struct path_node *, conjunction->count),
		.size = padded(sizeof(struct rule_conjunction)),
	};
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < conjunction->count; i++) {
		const struct requirement *requirement = conjunction->requirements[i];
		plan.nodes[i] = path_acquire(&matcher->tree, requirement->path);
		uint64_t cost = requirement_cost(matcher, plan.nodes[i], requirement);
		if (cost < least) {
			least = cost;
			plan.anchored = i;
		}
		plan.size += sizeof(struct rule_requirement) + padded(requirement->predicates.size);
	}
	check(plan.size <= UINT32_MAX && conjunction->count <= UINT16_MAX);
	return plan;
}

static void write_conjunction(char *out, uint32_t id, const struct plan *plan,
			      const struct conjunction *conjunction)
{
	const struct rule_conjunction head = {
		.id = id,
		.size = (uint32_t)plan->size,
		.count = (uint16_t)conjunction->count,
		.anchored = (uint16_t)plan->anchored,
		.anchor_count = (uint32_t)conjunction->requirements[plan->anchored]->count,
	};

	memcpy(out, &head, sizeof(head));
	out += padded(sizeof(head));
	for (size_t i = 0; i < conjunction->count; i++) {
		const struct requirement *from = conjunction->requirements[i];
		const struct rule_requirement to = {
			.node = plan->nodes[i],
			.size = (uint32_t)from->predicates.size,
			.count = (uint16_t)from->count,
			.has_absent = has_absent(from),
		};
		check(from->count <= UINT16_MAX);
		memcpy(out, &to, sizeof(to));
		memcpy(out + sizeof(to), from->predicates.data, from->predicates.size);
		out += sizeof(to) + padded(from->predicates.size);
	}
}

static struct match_rule *new_rule(const struct event_pattern *pattern, const struct plan *plans)
{
	size_t size = 0, anchors = 0;

	for (size_t i = 0; i < pattern->count; i++) {
		size += plans[i].size;
		anchors += pattern->conjunctions[i].requirements[plans[i].anchored]->count;
	}
	check(size <= UINT32_MAX && anchors <= UINT32_MAX);
	struct match_rule *rule =
		heap_alloc(sizeof(*rule) + anchors * sizeof(struct anchor) + size);
	rule->conjunction_count = (uint32_t)pattern->count;
	rule->anchor_count = (uint32_t)anchors;
	rule->size = (uint32_t)size;
	return rule;
}

static void add_anchors(struct matcher *matcher, struct match_rule *rule, uint32_t offset,
			const struct plan *plan, const struct requirement *requirement,
			struct anchor *out)
{
	struct str rest = requirement->predicates;

	for (size_t i = 0; i < requirement->count; i++) {
		struct predicate predicate = predicate_decode(&rest);
		out[i] = anchor_add(&matcher->anchors, plan->nodes[plan->anchored], &predicate,
				    rule->number, offset);
	}
}

struct match_rule *matcher_add(struct matcher *matcher, const struct event_pattern *pattern,
			       void *user)
{
	uint32_t rules = (uint32_t)matcher->rules.count, offset = 0;
	struct anchor *anchor;
	struct arena arena;

	arena_init(&arena);
	struct plan *plans = arena_array(&arena, struct plan, pattern->count);
	for (size_t i = 0; i < pattern->count; i++)
		plans[i] = plan_conjunction(matcher, &arena, &pattern->conjunctions[i]);
	struct match_rule *rule = new_rule(pattern, plans);
	rule->user = user;
	rule->number = take_number(&matcher->free_rules, &rules);
	if (rules > matcher->rules.count)
		vec_push(&matcher->rules, NULL);
	matcher->rules.items[rule->number] = rule;
	matcher->rule_count++;
	anchor = rule->anchors;
	for (size_t i = 0; i < pattern->count; i++) {
		const struct conjunction *conjunction = &pattern->conjunctions[i];
		const struct requirement *anchored = conjunction->requirements[plans[i].anchored];
		uint32_t id = take_number(&matcher->free_ids, &matcher->id_count);
		write_conjunction(rule_bytes(rule) + offset, id, &plans[i], conjunction);
		add_anchors(matcher, rule, offset, &plans[i], anchored, anchor);
		anchor += anchored->count;
		offset += (uint32_t)plans[i].size;
	}
	arena_done(&arena);
	return rule;
}

static void remove_conjunction(struct matcher *matcher, const struct rule_conjunction *conjunction,
			       const struct anchor *anchors)
{
	const struct rule_requirement *requirement = first_requirement(conjunction);
	const struct rule_requirement *anchored = requirement;

	for (size_t i = 0; i < conjunction->anchored; i++)
		anchored = next_requirement(anchored);
	for (size_t i = 0; i < conjunction->anchor_count; i++)
		anchor_remove(&matcher->anchors, anchored->node, &anchors[i]);
	for (size_t i = 0; i < conjunction->count; i++) {
		struct path_node *node = requirement->node;
		requirement = next_requirement(requirement);
		path_release(&matcher->tree, node);
	}
	vec_push(&matcher->free_ids, conjunction->id);
}

void matcher_remove(struct matcher *matcher, struct match_rule *rule)
{
	const struct anchor *anchors = rule->anchors;
	size_t offset = 0;

	check(matcher->rules.items[rule->number] == rule);
	for (size_t i = 0; i < rule->conjunction_count; i++) {
		const struct rule_conjunction *conjunction = conjunction_at(rule, offset);
		remove_conjunction(matcher, conjunction, anchors);
		anchors += conjunction->anchor_count;
		offset += conjunction->size;
	}
	matcher->rules.items[rule->number] = NULL;
	vec_push(&matcher->free_rules, rule->number);
	matcher->rule_count--;
	heap_free(rule);
}

/* ---- one event ---- */

struct match_scratch *match_scratch_new(void)
{
	struct match_scratch *scratch = heap_alloc(sizeof(*scratch));

	field_set_init(&scratch->fields);
	arena_init(&scratch->arena);
	return scratch;
}

void match_scratch_free(struct match_scratch **scratch)
{
	if (!*scratch)
		return;
	field_set_done(&(*scratch)->fields);
	arena_done(&(*scratch)->arena);
	vec_done(&(*scratch)->rules);
	vec_done(&(*scratch)->conjunctions);
	vec_done(&(*scratch)->users);
	heap_free(*scratch);
	*scratch = NULL;
}

/* Marks of the epochs before the first are not valid. */
static void marks_begin(struct marks *marks, size_t count, bool is_first)
{
	if (is_first)
		marks->count = 0;
	if (marks->count >= count)
		return;
	size_t more = count - marks->count;
	vec_reserve(marks, more);
	memset(marks->items + marks->count, 0, more * sizeof(*marks->items));
	marks->count = count;
}

struct matching {
	const struct matcher *matcher;
	struct match_scratch *scratch;
};

static bool has_match(const struct rule_requirement *requirement, struct match_value *value,
		      struct arena *arena)
{
	struct str rest = predicates_of(requirement);

	for (size_t i = 0; i < requirement->count; i++) {
		struct predicate predicate = predicate_decode(&rest);
		if (predicate_matches(&predicate, value, arena))
			return true;
	}
	return false;
}

static size_t count_fields(const struct field_set *set, uint32_t first)
{
	size_t count = 0;

	for (uint32_t at = first; at != FIELD_NONE; at = set->fields.items[at].next)
		count++;
	return count;
}

static int compare_scopes(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * The scopes of the requirement's values in *out_scopes. True if it is fulfilled, whatever the
 * others are, or has scopes.
 */
static bool collect(struct match_scratch *scratch, const struct rule_requirement *requirement,
		    struct scope_list *out_scopes, bool *out_is_free)
{
	struct field_set *set = &scratch->fields;
	uint32_t first = field_set_first(set, requirement->node);
	uint32_t *scopes = NULL;
	bool is_ascending = true; /* unless the event names a path twice in one object */
	size_t count = 0;

	*out_is_free = first == FIELD_NONE && requirement->has_absent;
	if (*out_is_free)
		return true;
	for (uint32_t at = first; at != FIELD_NONE; at = set->fields.items[at].next) {
		struct field *field = &set->fields.items[at];
		if (!has_match(requirement, &field->value, &set->arena))
			continue;
		*out_is_free = field->scope == 0;
		if (*out_is_free)
			return true;
		if (!scopes)
			scopes = arena_array(&scratch->arena, uint32_t, count_fields(set, at));
		if (count > 0 && field->scope < scopes[count - 1])
			is_ascending = false;
		scopes[count++] = field->scope;
	}
	if (!is_ascending)
		qsort(scopes, count, sizeof(*scopes), compare_scopes);
	*out_scopes = (struct scope_list){scopes, count};
	return count > 0;
}

static bool conjunction_matches(struct match_scratch *scratch,
				const struct rule_conjunction *conjunction)
{
	const struct rule_requirement *requirement = first_requirement(conjunction);
	struct scope_list one, *lists = NULL;
	size_t bound = 0;
	bool is_free;

	arena_reset(&scratch->arena);
	for (size_t i = 0; i < conjunction->count; i++) {
		if (!collect(scratch, requirement, &one, &is_free))
			return false;
		if (!is_free) {
			if (!lists)
				lists = arena_array(&scratch->arena, struct scope_list,
						    conjunction->count);
			lists[bound++] = one;
		}
		requirement = next_requirement(requirement);
	}
	return bound < 2 || scopes_are_consistent(&scratch->fields, &scratch->arena, lists, bound);
}

static void on_candidate(void *context, uint32_t number, uint32_t offset)
{
	struct matching *matching = context;
	struct match_scratch *scratch = matching->scratch;
	const struct match_rule *rule = matching->matcher->rules.items[number];
	uint32_t epoch = scratch->fields.epoch;

	if (scratch->rules.items[number] == epoch)
		return;
	const struct rule_conjunction *conjunction = conjunction_at(rule, offset);
	if (scratch->conjunctions.items[conjunction->id] == epoch)
		return;
	scratch->conjunctions.items[conjunction->id] = epoch;
	if (!conjunction_matches(scratch, conjunction))
		return;
	scratch->rules.items[number] = epoch;
	vec_push(&scratch->users, rule->user);
}

/* The fields of the event have been collected. */
static size_t find_rules(const struct matcher *matcher, struct match_scratch *scratch,
			 void *const **out_users)
{
	struct matching matching = {matcher, scratch};
	struct field_set *set = &scratch->fields;

	scratch->users.count = 0;
	bool is_first = set->epoch == 1;
	marks_begin(&scratch->rules, matcher->rules.count, is_first);
	marks_begin(&scratch->conjunctions, matcher->id_count, is_first);
	for (size_t i = 0; i < set->fields.count; i++)
		anchors_look_up(&matcher->anchors, &set->fields.items[i], &set->arena, on_candidate,
				&matching);
	anchors_look_up_absent(&matcher->anchors, on_candidate, &matching);
	*out_users = scratch->users.items;
	return scratch->users.count;
}

size_t matcher_match(const struct matcher *matcher, struct match_scratch *scratch,
		     yyjson_val *event, void *const **out_users)
{
	field_set_read(&scratch->fields, &matcher->tree, event);
	return find_rules(matcher, scratch, out_users);
}

enum err matcher_match_text(const struct matcher *matcher, struct match_scratch *scratch,
			    struct str event, void *const **out_users, size_t *out_count)
{
	enum err err = field_set_scan(&scratch->fields, &matcher->tree, event);
	if (!err)
		*out_count = find_rules(matcher, scratch, out_users);
	return err;
}

size_t matcher_match_attributes(const struct matcher *matcher, struct match_scratch *scratch,
				const struct match_attribute *attributes, size_t count,
				void *const **out_users)
{
	field_set_read_attributes(&scratch->fields, &matcher->tree, attributes, count);
	return find_rules(matcher, scratch, out_users);
}

bool event_pattern_matches(const struct event_pattern *pattern, yyjson_val *event)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	void *const *users;

	(void)matcher_add(matcher, pattern, NULL);
	bool is_match = matcher_match(matcher, scratch, event, &users) > 0;
	match_scratch_free(&scratch);
	matcher_free(&matcher);
	return is_match;
}
