/* SPDX-License-Identifier: MIT */
/* Tests of constraints: both sides of each limit, and AWS's words for what is wrong. */
#include "base/fixture.h"
#include "core/constraint.h"

static const struct fault_type fault = {.shape = STR_INIT("ValidationError")};

static struct call call;

static int setup(void **state)
{
	(void)state;
	call = (struct call){.arena = &arena};
	return 0;
}

static void assert_text(const struct constraints *constraints, const char *text)
{
	assert_int_equal(constraints_check(constraints, &fault), ERR_FAULT);
	assert_ptr_equal(call.fault, &fault);
	assert_string_equal(arena_cstr(&arena, call.fault_text), text);
}

static void test_what_is_right_passes(void **state)
{
	struct constraints constraints = {.call = &call};

	(void)state;
	constraint_present(&constraints, "name", true);
	constraint_length(&constraints, "name", STR("ab"), 2, 4);
	constraint_length(&constraints, "name", STR("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 2, 4);
	constraint_length(&constraints, "name", (struct str){0}, 2, 4);
	constraint_characters(&constraints, "name", STR("aZ09-_"), "-_", "[\\w-]*");
	constraint_range(&constraints, "number", true, 900, 900, 3600);
	constraint_range(&constraints, "number", true, 3600, 900, 3600);
	constraint_range(&constraints, "number", false, 0, 900, 3600);
	constraint_list_length(&constraints, "list", 10, 10);
	assert_int_equal(constraints_check(&constraints, &fault), ERR_OK);
}

static void test_one_mistake_is_named(void **state)
{
	struct constraints constraints = {.call = &call};

	(void)state;
	constraint_present(&constraints, "roleArn", false);
	assert_text(&constraints, "1 validation error detected: Value null at 'roleArn' failed to "
				  "satisfy constraint: Member must not be null");
}

static void test_all_mistakes_are_named(void **state)
{
	struct constraints constraints = {.call = &call};

	(void)state;
	constraint_length(&constraints, "a", STR("x"), 2, 4);
	constraint_length(&constraints, "a", STR("xxxxx"), 2, 4);
	constraint_characters(&constraints, "b", STR("a b\n"), "-", "[\\w-]*");
	constraint_range(&constraints, "c", true, 899, 900, 3600);
	constraint_range(&constraints, "c", true, 3601, 900, 3600);
	constraint_list_length(&constraints, "d", 11, 10);
	assert_text(&constraints, "6 validation errors detected: "
				  "Value 'x' at 'a' failed to satisfy constraint: "
				  "Member must have length greater than or equal to 2; "
				  "Value 'xxxxx' at 'a' failed to satisfy constraint: "
				  "Member must have length less than or equal to 4; "
				  "Value 'a b\n' at 'b' failed to satisfy constraint: "
				  "Member must satisfy regular expression pattern: [\\w-]*; "
				  "Value '899' at 'c' failed to satisfy constraint: "
				  "Member must have value greater than or equal to 900; "
				  "Value '3601' at 'c' failed to satisfy constraint: "
				  "Member must have value less than or equal to 3600; "
				  "Value '[11 members]' at 'd' failed to satisfy constraint: "
				  "Member must have length less than or equal to 10");
}
