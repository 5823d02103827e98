/* SPDX-License-Identifier: MIT */
/* form: application/x-www-form-urlencoded and percent-encoding (RFC 3986). Pure, any thread. */
#ifndef TERN_FORMAT_FORM_H
#define TERN_FORMAT_FORM_H

#include "base/base.h"

struct form_pair {
	struct str key, value;
};
struct form {
	struct form_pair *pairs;
	size_t count;
};

/* Decodes in order, '+' as a blank. ERR_INVALID: a bad escape; ERR_TOOLARGE: over
 * LIMIT_FORM_PARAMETERS. */
must_check enum err form_parse(struct arena *arena, struct str text, struct form *out_form);
/* Appends the pairs of text behind those of *form. Errors as form_parse. */
must_check enum err form_add(struct arena *arena, struct str text, struct form *form);
/* The first value of that key; false if there is none. */
bool form_find(const struct form *form, struct str key, struct str *out_value);
/* Percent-decodes; '+' is a blank if plus_is_blank. ERR_INVALID. */
must_check enum err form_decode(struct arena *arena, struct str text, bool plus_is_blank,
				struct str *out_text);
/* All but RFC 3986's unreserved characters as %XX with capitals; '/' too unless keeps_slash. */
void form_encode(struct buf *out, struct str text, bool keeps_slash);

#endif
