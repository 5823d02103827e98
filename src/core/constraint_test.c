/* SPDX-License-Identifier: MIT */
/* Tests of constraints: both sides of each limit, and AWS's texts for mistakes. */
#include "base/fixture.h"
#include "core/constraint.h"
#include "wire/constraint.h"

struct tag {
	struct str key;
};
struct in {
	struct str text, secret, kind;
	int64_t number;
	bool has_number;
	struct str *names;
	size_t names_count;
	struct tag *tags;
	size_t tags_count;
	struct tag *tag;
	struct shape_pair *labels;
	size_t labels_count;
};

static const struct fault_type violation = {.shape = STR_INIT("ValidationError")};
static const struct fault_type missing = {.shape = STR_INIT("MissingParameter")};
static const struct fault_type own = {.shape = STR_INIT("InvalidParameterValue")};

/* [a-z]+ */
static const struct shape_pattern letters = {
	.text = STR_INIT("[a-z]+"),
	.starts = (const uint32_t[]){0, 'a', 'z' + 1},
	.next = (const uint8_t[]){0, 2, 0, 0, 2, 0},
	.accepts = (const bool[]){false, true},
	.interval_count = 3,
};
static const struct str values[] = {STR_INIT("A"), STR_INIT("B"), STR_INIT("C")};
static const struct shape_constraint two_to_four = {.least = 2, .most = 4, .pattern = &letters};
static const struct shape_constraint one_to_two = {.least = 1, .most = 2};
static const struct shape_constraint choice = {.least = INT64_MIN,
					       .most = INT64_MAX,
					       .values = values,
					       .value_count = 3,
					       .shown_count = 2};
static const struct shape_constraint range = {.least = 900, .most = 3600};
static const struct shape_constraint own_range = {
	.least = 1,
	.most = 10,
	.fault = &own,
	.text = STR_INIT("Value {value} for parameter {Name} is not between {least} and {most}."),
};
static const struct shape_constraint names_rule = {
	.least = INT64_MIN, .most = 3, .item = &one_to_two};

static const struct shape_constraint labels_rule = {
	.least = INT64_MIN, .most = 3, .item = &one_to_two, .key = &two_to_four};

static const struct shape_member tag_members[] = {{.name = STR_INIT("Key"),
						   .kind = SHAPE_STRING,
						   .constraint = &one_to_two,
						   .is_required = true}};
static const struct shape tag_shape = {.name = STR_INIT("Tag"),
				       .size = sizeof(struct tag),
				       .member_count = 1,
				       .members = tag_members,
				       .is_constrained = true};

#define AT(field) .offset = offsetof(struct in, field)
static struct shape_member members[] = {
	{.name = STR_INIT("Text"), .kind = SHAPE_STRING, AT(text), .constraint = &two_to_four},
	{.name = STR_INIT("Secret"),
	 .kind = SHAPE_STRING,
	 AT(secret),
	 .constraint = &one_to_two,
	 .is_sensitive = true},
	{.name = STR_INIT("Kind"), .kind = SHAPE_STRING, AT(kind), .constraint = &choice},
	{.name = STR_INIT("Number"),
	 .kind = SHAPE_INTEGER,
	 AT(number),
	 .extra_offset = offsetof(struct in, has_number),
	 .constraint = &range},
	{.name = STR_INIT("Names"),
	 .kind = SHAPE_LIST,
	 .item_kind = SHAPE_STRING,
	 AT(names),
	 .extra_offset = offsetof(struct in, names_count),
	 .item_size = sizeof(struct str),
	 .constraint = &names_rule},
	{.name = STR_INIT("Tags"),
	 .kind = SHAPE_LIST,
	 .item_kind = SHAPE_STRUCTURE,
	 AT(tags),
	 .extra_offset = offsetof(struct in, tags_count),
	 .item_size = sizeof(struct tag),
	 .shape = &tag_shape},
	{.name = STR_INIT("Tag"), .kind = SHAPE_STRUCTURE, AT(tag), .shape = &tag_shape},
	{.name = STR_INIT("Labels"),
	 .kind = SHAPE_MAP,
	 .item_kind = SHAPE_STRING,
	 AT(labels),
	 .extra_offset = offsetof(struct in, labels_count),
	 .item_size = sizeof(struct shape_pair),
	 .item_value_offset = offsetof(struct shape_pair, value),
	 .constraint = &labels_rule},
};
enum { TEXT, SECRET, KIND, NUMBER };

static struct shape shape = {.name = STR_INIT("In"),
			     .size = sizeof(struct in),
			     .member_count = sizeof(members) / sizeof(members[0]),
			     .members = members,
			     .is_constrained = true};
static struct service service;
static const struct operation operation = {.service = &service, .in = &shape};
static struct call call;

static int setup(void **state)
{
	(void)state;
	call = (struct call){.arena = &arena, .operation = &operation};
	service = (struct service){.violation = &violation};
	members[TEXT].is_required = false;
	members[NUMBER].constraint = &range;
	return 0;
}

static void assert_fault(struct in *in, const struct fault_type *fault, const char *text)
{
	call.in = in;
	assert_int_equal(constraint_check(&call), ERR_FAULT);
	assert_ptr_equal(call.fault, fault);
	assert_string_equal(arena_cstr(&arena, call.fault_text), text);
}

static void test_valid_requests_pass(void **state)
{
	struct str names[] = {STR("a"), STR("bb"), STR("\xc3\xa9\xc3\xa9")};
	struct tag tags[] = {{STR("k")}, {STR("kk")}};
	struct in in = {
		.text = STR("abcd"),
		.secret = STR("s"),
		.kind = STR("C"),
		.number = 3600,
		.has_number = true,
		.names = names,
		.names_count = 3,
		.tags = tags,
		.tags_count = 2,
		.tag = tags,
	};

	(void)state;
	call.in = &in;
	assert_int_equal(constraint_check(&call), ERR_OK);
	in.number = 900;
	in.text = STR("ab");
	assert_int_equal(constraint_check(&call), ERR_OK);
	in = (struct in){0};
	assert_int_equal(constraint_check(&call), ERR_OK);
}

static void test_missing_members_are_named(void **state)
{
	struct in in = {0};

	(void)state;
	members[TEXT].is_required = true;
	assert_fault(&in, &violation,
		     "1 validation error detected: Value null at 'text' failed to satisfy co"
		     "nstraint: Member must not be null");
	service.hides_values = true;
	assert_fault(&in, &violation,
		     "1 validation error detected: Value at 'text' failed to satisfy constra"
		     "int: Member must not be null");
	service.missing = &missing;
	service.missing_text = STR("The request must contain the parameter {Name}.");
	assert_fault(&in, &missing, "The request must contain the parameter Text.");
	in.text = STR("");
	assert_fault(&in, &missing, "The request must contain the parameter Text.");
}

static void test_all_mistakes_are_named(void **state)
{
	struct in in = {
		.text = STR("A"),
		.secret = STR("xxx"),
		.kind = STR("D"),
		.number = 899,
		.has_number = true,
	};

	(void)state;
	assert_fault(&in, &violation,
		     "5 validation errors detected: Value 'A' at 'text' failed to satisfy co"
		     "nstraint: Member must have length greater than or equal to 2; Value 'A"
		     "' at 'text' failed to satisfy constraint: Member must satisfy regular "
		     "expression pattern: [a-z]+; Value at 'secret' failed to satisfy constr"
		     "aint: Member must have length less than or equal to 2; Value 'D' at 'k"
		     "ind' failed to satisfy constraint: Member must satisfy enum value set:"
		     " [A, B]; Value '899' at 'number' failed to satisfy constraint: Member "
		     "must have value greater than or equal to 900");
	service.hides_values = true;
	in = (struct in){.kind = STR("D"), .number = 3601, .has_number = true};
	assert_fault(&in, &violation,
		     "2 validation errors detected: Value at 'kind' failed to satisfy constr"
		     "aint: Member must satisfy enum value set; Value at 'number' failed to "
		     "satisfy constraint: Member must have value less than or equal to 3600");
}

static void test_items_are_named(void **state)
{
	struct str names[] = {STR("a"), STR("bbb"), STR(""), STR("d")};
	struct tag tags[] = {{STR("k")}, {{0}}, {STR("kkk")}};
	struct in in = {.names = names, .names_count = 3};

	(void)state;
	assert_fault(&in, &violation,
		     "1 validation error detected: Value '[a, bbb, ]' at 'names' failed to "
		     "satisfy constraint: Member must satisfy constraint: [Member must have "
		     "length less than or equal to 2, Member must have length greater than o"
		     "r equal to 1]");
	in.names_count = 4;
	assert_fault(&in, &violation,
		     "1 validation error detected: Value '[a, bbb, , d]' at 'names' failed to "
		     "satisfy constraint: Member must have length less than or equal to 3");
	in = (struct in){.tags = tags, .tags_count = 3, .tag = &tags[2]};
	assert_fault(&in, &violation,
		     "3 validation errors detected: Value null at 'tags.2.member.key' failed"
		     " to satisfy constraint: Member must not be null; Value 'kkk' at 'tags."
		     "3.member.key' failed to satisfy constraint: Member must have length le"
		     "ss than or equal to 2; Value 'kkk' at 'tag.key' failed to satisfy cons"
		     "traint: Member must have length less than or equal to 2");
}

static void test_keys_and_values_of_maps_are_named(void **state)
{
	struct shape_pair labels[] = {{STR("ab"), STR("x")}, {STR("cd"), STR("yy")}};
	struct in in = {.labels = labels, .labels_count = 2};

	(void)state;
	call.in = &in;
	assert_int_equal(constraint_check(&call), ERR_OK);
	labels[1] = (struct shape_pair){STR("C"), STR("zzz")};
	assert_fault(&in, &violation,
		     "2 validation errors detected: Value '{ab=x, C=zzz}' at 'labels' failed to "
		     "satisfy constraint: Map keys must satisfy constraint: [Member must have "
		     "length less than or equal to 4, Member must have length greater than or "
		     "equal to 2, Member must satisfy regular expression pattern: [a-z]+]; Value "
		     "'{ab=x, C=zzz}' at 'labels' failed to satisfy constraint: Map value must "
		     "satisfy constraint: [Member must have length less than or equal to 2, Member "
		     "must have length greater than or equal to 1]");
}

static void test_special_texts_are_reported_last(void **state)
{
	struct in in = {.number = 11, .has_number = true};

	(void)state;
	members[NUMBER].constraint = &own_range;
	assert_fault(&in, &own, "Value 11 for parameter Number is not between 1 and 10.");
	in.kind = STR("D");
	assert_fault(&in, &violation,
		     "1 validation error detected: Value 'D' at 'kind' failed to satisfy con"
		     "straint: Member must satisfy enum value set: [A, B]");
	in = (struct in){.number = 10, .has_number = true};
	call.in = &in;
	assert_int_equal(constraint_check(&call), ERR_OK);
}

static void test_patterns_match_whole_texts(void **state)
{
	(void)state;
	assert_true(shape_pattern_matches(&letters, STR("azm")));
	assert_false(shape_pattern_matches(&letters, STR("")));
	assert_false(shape_pattern_matches(&letters, STR("a b")));
	assert_false(shape_pattern_matches(&letters, STR("ab{")));
	assert_false(shape_pattern_matches(&letters, STR("ab`")));
	assert_false(shape_pattern_matches(&letters, STR("ab\xc3\xa9")));
	assert_false(shape_pattern_matches(&letters, STR("ab\xff")));
}
