/* SPDX-License-Identifier: MIT */
/*
 * check: assertions that stay on in production.
 *
 * For our own mistakes, never for input, disk or network. One condition per check. Any thread.
 */
#ifndef TERN_BASE_CHECK_H
#define TERN_BASE_CHECK_H

#define check(condition)                                                                           \
	((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__, __func__))

/* Writes the place to standard error and aborts. */
_Noreturn void check_failed(const char *condition, const char *file, int line,
			    const char *function);

#endif
