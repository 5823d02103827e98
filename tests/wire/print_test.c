/* SPDX-License-Identifier: MIT */
/* Tests of values as the texts of faults show them. */
#include "cases.h"
#include "wire/print.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static struct shape_member changed;

/* The member of that name of the input of Containers, as it is printed. */
static void assert_printed(const char *name, bool is_sensitive, const char *json, const char *text)
{
	const struct operation *operation = kitchen_operation("json11", "Containers");
	void *value = arena_alloc(&arena, operation->in->size);
	struct str problem;

	check(wire_json_decode(&arena, str_from(json), operation->in, value, &problem) == ERR_OK);
	buf_reset(&out);
	for (uint32_t i = 0; i < operation->in->member_count; i++) {
		changed = operation->in->members[i];
		changed.is_sensitive = is_sensitive;
		if (str_equal(changed.name, str_from(name)))
			wire_print_items(&out, &changed, value);
	}
	assert_string_equal(arena_cstr(&arena, buf_str(&out)), text);
}

static void test_lists_maps_and_structures_are_printed(void **state)
{
	(void)state;
	assert_printed("Texts", false, "{\"Texts\":[\"a\",\"\",\"b c\"]}", "[a, , b c]");
	assert_printed("Texts", false, "{\"Texts\":[]}", "[]");
	assert_printed("Numbers", false, "{\"Numbers\":[1,-2]}", "[1, -2]");
	assert_printed("Labels", false, "{\"Labels\":{\"k\":\"v\",\"l\":\"\"}}", "{k=v, l=}");
	assert_printed("Things", false, "{\"Things\":[{\"Name\":\"n\",\"Inner\":{\"Number\":7}}]}",
		       "[Nested(name=n, number=null, inner=Nested(name=null, number=7, "
		       "inner=null))]");
	assert_printed("Groups", false, "{\"Groups\":{\"g\":[\"a\",\"b\"]}}", "{g=[a, b]}");
}

static void test_secrets_and_bytes_are_not_printed(void **state)
{
	(void)state;
	assert_printed("Texts", true, "{\"Texts\":[\"secret\"]}",
		       "[*** Sensitive Data Redacted ***]");
	assert_printed("Blobs", false, "{\"Blobs\":[\"AAEC\"]}",
		       "[*** Sensitive Data Redacted ***]");
}
