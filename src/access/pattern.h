/* SPDX-License-Identifier: MIT */
/*
 * pattern: texts of a policy with wildcards and policy variables, and their matching.
 *
 * `*` stands for any run of characters, `?` for one. ${key} stands for the request's value of a
 * condition key, ${key, 'x'} for x if there is none, ${*}, ${?} and ${$} for that character itself;
 * a variable's value is compared literally, with wildcards in it as plain characters.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
#ifndef TERN_ACCESS_PATTERN_H
#define TERN_ACCESS_PATTERN_H

#include "access/context.h"
#include "access/store.h"

enum pattern_part_kind { PATTERN_TEXT, PATTERN_RUN, PATTERN_CHARACTER, PATTERN_VARIABLE };

struct pattern_variable {
	struct context_name name;
	struct str fallback; /* data NULL: none */
};

struct pattern_part {
	enum pattern_part_kind kind;
	struct str text;
	const struct pattern_variable *variable;
};

enum pattern_form {
	PATTERN_EXACT,	/* `text` itself */
	PATTERN_PREFIX, /* `text` and anything behind it */
	PATTERN_PARTS,
};

struct pattern {
	enum pattern_form form;
	bool ignores_case;
	struct str text;
	const struct pattern_part *parts;
	size_t part_count;
};

/* A text with wildcards is compared with case. */
struct pattern_syntax {
	bool has_wildcards, has_variables, ignores_case;
};

/* False if the text has more variables or wildcards than limits.h allows. */
must_check bool pattern_compile(struct store *store, struct str text, struct pattern_syntax syntax,
				struct pattern *out_pattern);
/* Takes steps of request->steps. Without variables it reads no other member of the request. */
bool pattern_matches(const struct pattern *pattern, struct str text,
		     const struct policy_request *request);

/* An ARN's six parts; the last one may hold colons. */
enum { ARN_PARTS = 6 };
struct arn_parts {
	bool is_arn;
	struct str parts[ARN_PARTS];
};
struct arn_parts arn_parts_of(struct str text);

/* An ARN whose six parts are compared one by one, so that a `*` in one does not extend into the
 * next. */
struct arn_pattern {
	bool is_any;	      /* "*" */
	bool is_identity;     /* `whole` is without the partition: arn_identity */
	struct pattern whole; /* without wildcards and variables, or not an ARN: the very text */
	const struct pattern *parts; /* ARN_PARTS; NULL: `whole` is used */
};
must_check bool arn_pattern_compile(struct store *store, struct str text, bool has_variables,
				    struct arn_pattern *out_pattern);
bool arn_pattern_matches(const struct arn_pattern *pattern, struct str text,
			 const struct arn_parts *parts, const struct policy_request *request);

#endif
