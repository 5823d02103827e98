/* SPDX-License-Identifier: MIT */
/* path: the operation of the kitchen's REST services for a path, and the methods that it has. */
#include "base/fixture.h"
#include "kitchen.h"
#include "wire/path.h"

static void test_literals_of_paths_go_before_labels_and_fall_back(void **state)
{
	static const struct {
		struct str method, path, query;
		const char *operation;
		const char *allow;
	} cases[] = {
		{STR_INIT("GET"), STR_INIT("/files/b/whole"), STR_INIT(""), "WholeFile", NULL},
		{STR_INIT("GET"), STR_INIT("/files/b/wh%6fle/"), STR_INIT(""), "WholeFile", NULL},
		{STR_INIT("GET"), STR_INIT("/files/b/whole/of/it"), STR_INIT(""), "GetFile", NULL},
		{STR_INIT("GET"), STR_INIT("/files/b/c"), STR_INIT("versions"), "GetFileVersions",
		 NULL},
		{STR_INIT("GET"), STR_INIT("/files/b/c"), STR_INIT("version"), "GetFile", NULL},
		{STR_INIT("GET"), STR_INIT("/files/b"), STR_INIT(""), "ListFiles", NULL},
		{STR_INIT("PUT"), STR_INIT("/files/b"), STR_INIT(""), NULL, "GET"},
		{STR_INIT("PUT"), STR_INIT("/files/b/c"), STR_INIT(""), NULL, "GET"},
		{STR_INIT("GET"), STR_INIT("/files"), STR_INIT(""), NULL, NULL},
		{STR_INIT("GET"), STR_INIT("/nothing"), STR_INIT(""), NULL, NULL},
	};
	const struct service *service = kitchen_operation("restjson", "GetFile")->service;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct operation *wanted = NULL;
		struct str allow;
		struct form form;
		assert_int_equal(form_parse(&arena, cases[i].query, &form), ERR_OK);
		if (cases[i].operation)
			wanted = kitchen_operation("restjson", cases[i].operation);
		assert_ptr_equal(
			path_find(&arena, service, cases[i].method, cases[i].path, &form, &allow),
			wanted);
		if (cases[i].allow)
			assert_str(allow, cases[i].allow);
		else
			assert_null(allow.data);
	}
}
