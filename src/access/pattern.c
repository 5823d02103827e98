/* SPDX-License-Identifier: MIT */
/* pattern: most patterns are plain text or plain text and a `*`; all others are lists of parts. */
#include "access/pattern.h"

#include <string.h>

#include "base/arn.h"

/* Without a closing brace the dollar is a character like others. */
static size_t variable_size(struct str text, size_t at)
{
	if (text.data[at] != '$' || at + 1 >= text.size || text.data[at + 1] != '{')
		return 0;
	size_t end = str_find_char(text, '}', at);
	return end == SIZE_MAX ? 0 : end - at + 1;
}

/* "key" or "key, 'fallback'". */
static void read_variable(struct store *store, struct str inner, struct pattern_part *part)
{
	struct pattern_variable *variable = store_array(store, struct pattern_variable, 1);
	struct str rest = inner;

	struct str name = str_trim(str_cut(&rest, ','));
	variable->name = context_name_of(store_text(store, name));
	rest = str_trim(rest);
	if (rest.size >= 2 && rest.data[0] == '\'' && rest.data[rest.size - 1] == '\'')
		variable->fallback = store_text(store, str_slice(rest, 1, rest.size - 2));
	part->kind = PATTERN_VARIABLE;
	part->variable = variable;
}

struct splitter {
	struct store *store;
	struct pattern_syntax syntax;
	struct pattern_part *parts;
	size_t count;
	size_t variables, wildcards;
	char *texts; /* room for the texts of all parts */
};

static void add_character(struct splitter *splitter, char c)
{
	struct pattern_part *last =
		splitter->count > 0 ? &splitter->parts[splitter->count - 1] : NULL;

	if (!last || last->kind != PATTERN_TEXT) {
		last = &splitter->parts[splitter->count++];
		*last = (struct pattern_part){.kind = PATTERN_TEXT, .text = {splitter->texts, 0}};
	}
	*splitter->texts++ = c;
	last->text.size++;
}

static void add_wildcard(struct splitter *splitter, char c)
{
	enum pattern_part_kind kind = c == '*' ? PATTERN_RUN : PATTERN_CHARACTER;

	/* Two runs side by side are one. */
	if (kind == PATTERN_RUN && splitter->count > 0 &&
	    splitter->parts[splitter->count - 1].kind == PATTERN_RUN)
		return;
	splitter->parts[splitter->count++] = (struct pattern_part){.kind = kind};
	splitter->wildcards++;
}

static void add_variable(struct splitter *splitter, struct str inner)
{
	if (inner.size == 1 &&
	    (inner.data[0] == '*' || inner.data[0] == '?' || inner.data[0] == '$')) {
		add_character(splitter, inner.data[0]);
		return;
	}
	read_variable(splitter->store, inner, &splitter->parts[splitter->count++]);
	splitter->variables++;
}

static void split(struct splitter *splitter, struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		size_t size = splitter->syntax.has_variables ? variable_size(text, i) : 0;
		if (size > 0) {
			add_variable(splitter, str_slice(text, i + 2, size - 3));
			i += size - 1;
		} else if (splitter->syntax.has_wildcards && (c == '*' || c == '?')) {
			add_wildcard(splitter, c);
		} else {
			add_character(splitter, c);
		}
	}
}

/* At most: each special character is a part and begins another. */
static size_t part_count_max(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '*' || text.data[i] == '?' || text.data[i] == '$')
			count += 2;
	return count;
}

bool pattern_compile(struct store *store, struct str text, struct pattern_syntax syntax,
		     struct pattern *out_pattern)
{
	struct splitter splitter = {
		.store = store,
		.syntax = syntax,
		.parts = store_array(store, struct pattern_part, part_count_max(text)),
		.texts = store_take(store, text.size),
	};

	check(!syntax.has_wildcards ||
	      !syntax.ignores_case); /* segments are looked for as they are */
	split(&splitter, text);
	if (splitter.variables > LIMIT_POLICY_VARIABLES ||
	    splitter.wildcards > LIMIT_POLICY_WILDCARDS)
		return false;
	const struct pattern_part *parts = splitter.parts;
	*out_pattern = (struct pattern){.form = PATTERN_PARTS,
					.ignores_case = syntax.ignores_case,
					.parts = parts,
					.part_count = splitter.count};
	if (splitter.count == 0 || (splitter.count == 1 && parts[0].kind == PATTERN_TEXT)) {
		out_pattern->form = PATTERN_EXACT;
		out_pattern->text = splitter.count == 0 ? STR("") : parts[0].text;
	} else if (parts[splitter.count - 1].kind == PATTERN_RUN &&
		   (splitter.count == 1 ||
		    (splitter.count == 2 && parts[0].kind == PATTERN_TEXT))) {
		out_pattern->form = PATTERN_PREFIX;
		out_pattern->text = splitter.count == 1 ? STR("") : parts[0].text;
	}
	return true;
}

/* The place of the next colon that is not within ${...}, or the text's end. */
static size_t next_colon(struct str text, size_t from, bool has_variables)
{
	size_t i = from;

	while (i < text.size && text.data[i] != ':') {
		size_t size = has_variables ? variable_size(text, i) : 0;
		i += size > 0 ? size : 1;
	}
	return i;
}

static struct arn_parts split_arn(struct str text, bool is_pattern, bool has_variables)
{
	struct arn_parts arn = {0};
	size_t from = 0;

	for (int i = 0; i < ARN_PARTS; i++) {
		size_t end = i == ARN_PARTS - 1 ? text.size : next_colon(text, from, has_variables);
		arn.parts[i] = str_slice(text, from, end - from);
		if (end < text.size) {
			from = end + 1;
			continue;
		}
		/* The parts after a "*" at the end may be left out: "arn:aws:sqs:*". */
		if (i < ARN_PARTS - 1 && (!is_pattern || !str_ends(text, STR("*"))))
			return arn;
		while (++i < ARN_PARTS)
			arn.parts[i] = STR("*");
	}
	arn.is_arn = str_equal(arn.parts[0], STR("arn"));
	return arn;
}

struct arn_parts arn_parts_of(struct str text)
{
	return split_arn(text, false, false);
}

static bool is_plain(struct str text, bool has_variables)
{
	return str_find_char(text, '*', 0) == SIZE_MAX && str_find_char(text, '?', 0) == SIZE_MAX &&
	       !(has_variables && str_find(text, STR("${"), 0) != SIZE_MAX);
}

bool arn_pattern_compile(struct store *store, struct str text, bool has_variables,
			 struct arn_pattern *out_pattern)
{
	struct pattern_syntax syntax = {.has_wildcards = true, .has_variables = has_variables};
	struct arn_parts arn = split_arn(text, true, has_variables);

	*out_pattern = (struct arn_pattern){.is_any = str_equal(text, STR("*"))};
	if (out_pattern->is_any)
		return true;
	if (!arn.is_arn || is_plain(text, has_variables)) {
		struct str identity = arn_identity(text);
		out_pattern->is_identity = identity.data != NULL;
		out_pattern->whole = (struct pattern){
			.form = PATTERN_EXACT,
			.text = store_text(store, identity.data ? identity : text)};
		return true;
	}
	struct pattern *parts = store_array(store, struct pattern, ARN_PARTS);
	for (int i = 0; i < ARN_PARTS; i++)
		if (!pattern_compile(store, arn.parts[i], syntax, &parts[i]))
			return false;
	out_pattern->parts = parts;
	return true;
}

/* As arn_identity, of a text that was cut before. */
static struct str identity_of(struct str text, const struct arn_parts *parts)
{
	struct str service = parts->parts[2];

	if (!parts->is_arn || (!str_equal(service, STR("iam")) && !str_equal(service, STR("sts"))))
		return (struct str){0};
	return str_slice(text, (size_t)(service.data - text.data), SIZE_MAX);
}

bool arn_pattern_matches(const struct arn_pattern *pattern, struct str text,
			 const struct arn_parts *parts, const struct policy_request *request)
{
	if (pattern->is_any)
		return true;
	struct str identity = identity_of(text, parts);
	if (!pattern->parts)
		return pattern_matches(&pattern->whole, pattern->is_identity ? identity : text,
				       request);
	if (!parts->is_arn)
		return false;
	/* An identity is the same in all partitions, so the partition in its ARN is not compared:
	 * otherwise a call in another region would evade a deny. */
	for (int i = ARN_PARTS - 1; i > (identity.data ? 1 : 0); i--)
		if (!pattern_matches(&pattern->parts[i], parts->parts[i], request))
			return false;
	return true;
}
