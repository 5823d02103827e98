/* SPDX-License-Identifier: MIT */
/*
 * constraint: what an API's model says of its members, and all that is wrong with them in the words
 * in which IAM, STS and KMS tell it: "2 validation errors detected: Value 'x' at 'name' failed to
 * satisfy constraint: Member must have length greater than or equal to 2; ...". IAM leaves values
 * out since 2025: "Value at 'name' failed to satisfy constraint: ...".
 *
 * A member that is absent (data NULL) satisfies all but constraint_present. Members are named as
 * AWS's texts do: "roleSessionName". The call's thread.
 */
#ifndef TERN_CORE_CONSTRAINT_H
#define TERN_CORE_CONSTRAINT_H

#include "core/call.h"

/* Zero-initialised but for call and hides_values; lives in the call's arena. */
struct constraints {
	struct call *call;
	bool hides_values;
	struct str text; /* of all that is wrong so far */
	size_t count;
};

void constraint_present(struct constraints *constraints, const char *name, bool is_present);
/* In characters. */
void constraint_length(struct constraints *constraints, const char *name, struct str value,
		       size_t length_min, size_t length_max);
/* ASCII letters, digits and what stands in `others`; `pattern` is what AWS's text shows. */
void constraint_characters(struct constraints *constraints, const char *name, struct str value,
			   const char *others, const char *pattern);
void constraint_range(struct constraints *constraints, const char *name, bool is_present,
		      int64_t value, int64_t least, int64_t most);
/* Of each text of a list, in characters; AWS tells of the list once, with both bounds. */
void constraint_items(struct constraints *constraints, const char *name, const struct str *items,
		      size_t count, size_t length_min, size_t length_max);
void constraint_list_length(struct constraints *constraints, const char *name, size_t count,
			    size_t count_max);
/* ERR_OK, or the fault with all that is wrong. */
must_check enum err constraints_check(const struct constraints *constraints,
				      const struct fault_type *fault);

#endif
