/* SPDX-License-Identifier: MIT */
/*
 * str: text and bytes by value, borrowed, with a length and no NUL.
 *
 * A struct str never owns. Code that keeps the bytes past their owner's life copies them.
 * Pure functions, any thread.
 */
#ifndef TERN_BASE_STR_H
#define TERN_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *data; /* may be NULL only when size is 0 */
	size_t size;	  /* bytes */
};

/* Text of a literal, usable in static initialisers too. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}
/* For printf: printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).size, (s).data

/* The size of the formatted text, without NUL. */
size_t str_format_size(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
struct str str_from(const char *text); /* NUL-terminated; NULL gives the empty str */
static inline struct str str_of(const void *data, size_t size)
{
	return (struct str){(const char *)data, size};
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
bool str_equal_nocase(struct str a, struct str b); /* ASCII only */
/* Same time whatever the bytes are; for secrets. Sizes are not secret. */
bool str_equal_secret(struct str a, struct str b);
int str_compare(struct str a, struct str b); /* byte order, as memcmp, shorter first */
static inline bool str_starts(struct str s, struct str prefix)
{
	return s.size >= prefix.size &&
	       (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}
bool str_ends(struct str s, struct str suffix);
/* Position of the first `needle` at or after `from`, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_char(struct str s, char c, size_t from);
/* The bytes [from, from + size), cut to what is there. */
struct str str_slice(struct str s, size_t from, size_t size);
struct str str_trim(struct str s); /* without blanks and tabs at both ends */
/*
 * Cuts `*rest` at the first `separator`: returns what stands before it and leaves the rest
 * behind it. Without a separator the whole is returned and *rest becomes empty with data NULL.
 */
struct str str_cut(struct str *rest, char separator);

/* Decimal, whole text, no sign for u64, optional '-' for i64. False if it is not one or overflows.
 */
bool str_to_u64(struct str s, uint64_t *out_value);
bool str_to_i64(struct str s, int64_t *out_value);

/* 64-bit hash for tables (wyhash-like quality, seeded per process by base_init). Not for security.
 */
uint64_t str_hash(struct str s);

/* True if all of s is UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF). */
bool str_is_utf8(struct str s);
size_t str_count_characters(struct str s); /* of UTF-8 */
/* Bytes of the well-formed UTF-8 sequence at the start of s, which is not empty; 0: there is none.
 */
size_t str_utf8_sequence(struct str s);
/* Writes a character, at most U+10FFFF, in 1 to 4 bytes; returns how many. */
size_t str_utf8_encode(uint32_t character, char *out);

#endif
