/* SPDX-License-Identifier: MIT */
/*
 * fixture: what every unit test includes: cmocka with the headers that it needs, an arena, and what
 * cmocka does not know to compare.
 *
 * tools/testmain.py gives each test the arena empty, before its file's own setup.
 */
#ifndef TERN_BASE_FIXTURE_H
#define TERN_BASE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/* cmocka's fail has the name of a function of core/call.h. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		print_error("ERROR: " __VA_ARGS__);                                                \
		print_error("\n");                                                                 \
		_fail(__FILE__, __LINE__);                                                         \
	} while (0)

static struct arena arena;

static inline void fixture_check_str(struct str actual, const char *expected, const char *file,
				     int line)
{
	if (str_equal(actual, str_from(expected)))
		return;
	print_error("\"%.*s\" != \"%s\"\n", STR_ARG(actual), expected);
	_fail(file, line);
}

#define assert_str(actual, expected) fixture_check_str((actual), (expected), __FILE__, __LINE__)

#endif
