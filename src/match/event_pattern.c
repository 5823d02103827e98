/* SPDX-License-Identifier: MIT */
/*
 * event_pattern: one pass over the tokens, in the order of AWS's own parser, since the first
 * mistake in that order is the one that is reported.
 *
 * The conjunctions under construction are a list that every array of predicates is added to.
 * "$or" gives each of its objects a copy of the list as it was and joins the results.
 */
#include "match/event_pattern.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/network.h"
#include "match/predicate.h"
#include "match/token.h"

struct parser {
	struct arena *arena;
	struct token_reader reader;
	enum pattern_dialect dialect;
	struct conjunctions conjunctions;
	struct str keys[LIMIT_PATTERN_KEYS];
	size_t key_count;
	bool is_nested;
	size_t values; /* of all arrays, and of lists in anything-but */
	struct buf path;
	size_t depth; /* of names in the path */
	struct str problem;
};

#define TOO_COMPLEX                                                                                \
	"Rule is too complex - try using fewer wildcard characters or fewer repeating character "  \
	"sequences after a wildcard character"

/* ---- problems ---- */

static enum err refuse_text(struct parser *parser, struct str problem)
{
	parser->problem = problem;
	return ERR_INVALID;
}

/* The reader's own problem wins: its text is no JSON there. */
static enum err refuse(struct parser *parser, const char *problem)
{
	struct token_reader *reader = &parser->reader;
	bool is_json = !reader->problem.data;
	struct str text = is_json ? str_from(problem) : reader->problem;
	struct str location = token_location(reader, is_json ? reader->at : reader->problem_offset);
	struct str prefix = !is_json && parser->dialect == PATTERN_SNS
				    ? STR("failed to parse JSON. ")
				    : STR("");

	return refuse_text(parser,
			   arena_join(parser->arena, (struct str[]){prefix, text, location}, 3));
}

static enum err refuse_named(struct parser *parser, const char *before, struct str name,
			     const char *behind)
{
	return refuse(parser,
		      arena_cstr(parser->arena, arena_format(parser->arena, "%s%.*s%s", before,
							     STR_ARG(name), behind)));
}

static enum err expect_end(struct parser *parser, const char *problem)
{
	if (token_next(&parser->reader) == TOKEN_OBJECT_END)
		return ERR_OK;
	return refuse(parser, problem);
}

/* Counts are kept in 16 bits, and encoded predicates take memory. */
static enum err count_value(struct parser *parser)
{
	static_assert(LIMIT_PATTERN_VALUES <= UINT16_MAX, "counts fit");
	return ++parser->values <= LIMIT_PATTERN_VALUES ? ERR_OK
							: refuse_text(parser, STR(TOO_COMPLEX));
}

/* ---- one match expression ---- */

#define ONE_KEY "Only one key allowed in match expression"
#define TOO_MANY "Too many elements in numeric expression"

/* {"prefix": {"equals-ignore-case": "x"}} and the same of suffix; the inner object is open. */
static enum err parse_nocase_affix(struct parser *parser, struct predicate *out,
				   const char *no_name, const char *unsupported)
{
	struct token_reader *reader = &parser->reader;

	if (token_next(reader) != TOKEN_NAME)
		return refuse(parser, no_name);
	struct str name = token_text(reader);
	if (!str_equal(name, STR("equals-ignore-case")))
		return refuse_named(parser, unsupported, name, "");
	if (token_next(reader) != TOKEN_STRING)
		return refuse(parser, "equals-ignore-case match pattern must be a string");
	out->kind =
		out->kind == PREDICATE_PREFIX ? PREDICATE_PREFIX_NOCASE : PREDICATE_SUFFIX_NOCASE;
	out->text = match_fold(parser->arena, token_text(reader));
	enum err err = expect_end(parser, ONE_KEY);
	return err ? err : expect_end(parser, ONE_KEY);
}

static enum err parse_affix(struct parser *parser, bool is_prefix, struct predicate *out)
{
	struct token_reader *reader = &parser->reader;

	out->kind = is_prefix ? PREDICATE_PREFIX : PREDICATE_SUFFIX;
	enum token token = token_next(reader);
	if (token == TOKEN_OBJECT && parser->dialect == PATTERN_EVENTS)
		return parse_nocase_affix(parser, out,
					  is_prefix ? "Prefix expression name not found"
						    : "Suffix expression name not found",
					  is_prefix ? "Unsupported prefix pattern: "
						    : "Unsupported suffix pattern: ");
	if (token != TOKEN_STRING)
		return refuse(parser, is_prefix ? "prefix match pattern must be a string"
						: "suffix match pattern must be a string");
	out->text = token_text(reader);
	return expect_end(parser, ONE_KEY);
}

static enum err parse_nocase(struct parser *parser, struct predicate *out)
{
	if (token_next(&parser->reader) != TOKEN_STRING)
		return refuse(parser, "equals-ignore-case match pattern must be a string");
	out->kind = PREDICATE_NOCASE;
	out->text = match_fold(parser->arena, token_text(&parser->reader));
	return expect_end(parser, ONE_KEY);
}

/*
 * AWS refuses wildcards whose automaton would grow; its measure is not public. Ours, which covers
 * the recorded case ("*:*:*:*:*:event-bus" and a slash and a star): five stars or more with the
 * same byte behind.
 */
static bool is_too_complex(struct str text)
{
	uint8_t behind[256] = {0};

	for (size_t i = 0; i + 1 < text.size; i++)
		if (text.data[i] == WILDCARD_ANY && ++behind[(unsigned char)text.data[i + 1]] >= 5)
			return true;
	return false;
}

/* Positions count from the quote before the text, as AWS's do. */
static enum err compile_wildcard(struct parser *parser, struct str text, struct str *out_text)
{
	char *out = arena_bytes(parser->arena, text.size + 1);
	size_t size = 0;
	char problem[64];

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i], next = i + 1 < text.size ? text.data[i + 1] : 0;
		if (c == '*' && next == '*') {
			snprintf(problem, sizeof(problem),
				 "Consecutive wildcard characters at pos %zu", i + 1);
			return refuse(parser, problem);
		}
		if (c == '\\' && next != '*' && next != '\\') {
			snprintf(problem, sizeof(problem), "Invalid escape character at pos %zu",
				 i + 1);
			return refuse(parser, problem);
		}
		if (c == '\\')
			out[size++] = text.data[++i];
		else
			out[size++] = c == '*' ? WILDCARD_ANY : c;
	}
	*out_text = str_of(out, size);
	return is_too_complex(*out_text) ? refuse_text(parser, STR(TOO_COMPLEX)) : ERR_OK;
}

static enum err parse_wildcard(struct parser *parser, struct predicate *out)
{
	if (token_next(&parser->reader) != TOKEN_STRING)
		return refuse(parser, "wildcard match pattern must be a string");
	out->kind = PREDICATE_WILDCARD;
	enum err err = compile_wildcard(parser, token_text(&parser->reader), &out->text);
	return err ? err : expect_end(parser, ONE_KEY);
}

static enum err parse_exists(struct parser *parser, struct predicate *out)
{
	enum token token = token_next(&parser->reader);

	if (token != TOKEN_TRUE && token != TOKEN_FALSE)
		return refuse(parser, "exists match pattern must be either true or false.");
	out->kind = token == TOKEN_TRUE ? PREDICATE_EXISTS : PREDICATE_ABSENT;
	return expect_end(parser, ONE_KEY);
}

static enum err check_range(struct parser *parser, double value)
{
	double most = parser->dialect == PATTERN_SNS ? 1e9 : 5e9;

	if (fabs(value) <= most)
		return ERR_OK;
	return refuse(parser, parser->dialect == PATTERN_SNS
				      ? "Value must be between -1.0E9 and 1.0E9, inclusive"
				      : "Value must be between -5.0E9 and 5.0E9, inclusive");
}

static enum err parse_bound(struct parser *parser, enum token token, struct str op,
			    double *out_value)
{
	if (!token_is_number(token))
		return refuse_named(parser, "Value of ", op, " must be numeric");
	*out_value = match_number_parse(parser->arena, token_text(&parser->reader)).value;
	return check_range(parser, *out_value);
}

/* Behind the lower bound: the end, or "<" or "<=" and the upper bound. */
static enum err parse_upper(struct parser *parser, struct predicate_range *range)
{
	struct token_reader *reader = &parser->reader;
	enum token token = token_next(reader);

	if (token == TOKEN_ARRAY_END)
		return ERR_OK;
	struct str op = token_text(reader);
	if (token != TOKEN_STRING)
		return refuse_named(parser, "Bad value in numeric range: ", op, "");
	range->is_high_open = str_equal(op, STR("<"));
	if (!range->is_high_open && !str_equal(op, STR("<=")))
		return refuse_named(parser, "Bad numeric range operator: ", op, "");
	enum err err = parse_bound(parser, token_next(reader), op, &range->high);
	if (err)
		return err;
	if (token_next(reader) != TOKEN_ARRAY_END)
		return refuse(parser, "Too many terms in numeric range expression");
	return range->low < range->high ? ERR_OK : refuse(parser, "Bottom must be less than top");
}

static enum err parse_numeric_terms(struct parser *parser, struct predicate *out)
{
	struct token_reader *reader = &parser->reader;
	struct predicate_range *range = &out->range;
	double value;

	if (token_next(reader) != TOKEN_STRING)
		return refuse_named(parser, "Invalid member in numeric match: ", token_text(reader),
				    "");
	struct str op = token_text(reader);
	enum token token = token_next(reader);
	bool is_equal = str_equal(op, STR("="));
	bool is_low = op.size > 0 && op.data[0] == '>', is_high = op.size > 0 && op.data[0] == '<';
	bool is_open = op.size == 1, is_known = is_open || (op.size == 2 && op.data[1] == '=');
	if (!is_equal && (!is_known || (!is_low && !is_high)))
		return refuse_named(parser, "Unrecognized numeric range operator: ", op, "");
	enum err err = parse_bound(parser, token, is_equal ? STR("equals") : op, &value);
	if (err)
		return err;
	*range = (struct predicate_range){.low = -INFINITY, .high = INFINITY};
	out->kind = PREDICATE_RANGE;
	if (is_low) {
		range->low = value;
		range->is_low_open = is_open;
		return parse_upper(parser, range);
	}
	if (is_high) {
		range->high = value;
		range->is_high_open = is_open;
	} else {
		out->kind = PREDICATE_NUMBER;
		out->number = match_number_parse(parser->arena, token_text(reader));
	}
	return token_next(reader) == TOKEN_ARRAY_END ? ERR_OK : refuse(parser, TOO_MANY);
}

static enum err parse_numeric(struct parser *parser, struct predicate *out)
{
	if (token_next(&parser->reader) != TOKEN_ARRAY)
		return refuse(parser, "Value of numeric must be an array.");
	enum err err = parse_numeric_terms(parser, out);
	return err ? err : expect_end(parser, TOO_MANY);
}

static bool parse_mask(struct str text, unsigned *out_bits)
{
	int64_t bits;

	if (!str_to_i64(text, &bits) || bits > INT32_MAX || bits < INT32_MIN)
		return false;
	*out_bits = bits < 0 ? UINT32_MAX : (unsigned)bits;
	return true;
}

/* These problems have no location. */
static enum err compile_cidr(struct parser *parser, struct str text, struct predicate_cidr *out)
{
	struct str mask = text, address = str_cut(&mask, '/');
	unsigned bits;
	bool is_v4;

	if (!mask.data || mask.size == 0 || address.size == 0 ||
	    str_find_char(mask, '/', 0) != SIZE_MAX)
		return refuse_text(parser, STR("Malformed CIDR, one '/' required"));
	if (!parse_mask(mask, &bits))
		return refuse_text(parser, STR("Malformed CIDR, mask bits must be an integer"));
	if (bits == UINT32_MAX)
		return refuse_text(parser, STR("Malformed CIDR, mask bits must not be negative"));
	if (!network_parse_address(address, out->address, &is_v4))
		return refuse_text(parser,
				   arena_format(parser->arena, "Nonstandard IP address: %.*s",
						STR_ARG(address)));
	if (bits > (is_v4 ? 31 : 127))
		return refuse_text(parser, is_v4 ? STR("IPv4 mask bits must be < 32")
						 : STR("IPv6 mask bits must be < 128"));
	out->bits = (uint8_t)(is_v4 ? bits + 96 : bits);
	return ERR_OK;
}

static enum err parse_cidr(struct parser *parser, struct predicate *out)
{
	if (token_next(&parser->reader) != TOKEN_STRING)
		return refuse(parser, "prefix match pattern must be a string");
	out->kind = PREDICATE_CIDR;
	enum err err = compile_cidr(parser, token_text(&parser->reader), &out->cidr);
	return err ? err : expect_end(parser, ONE_KEY);
}

/* ---- anything-but ---- */

/* The kind of the predicates in an anything-but, and what its list may hold. */
struct anything_but {
	enum predicate_kind kind; /* PREDICATE_STRING: strings or numbers */
	const char *wrong_type;
};

static enum err parse_anything_but_form(struct parser *parser, struct anything_but *form)
{
	static const struct {
		struct str name;
		struct anything_but form;
		bool is_of_events;
	} forms[] = {
		{STR_INIT("prefix"),
		 {PREDICATE_PREFIX, "prefix/suffix match pattern must be a string"},
		 false},
		{STR_INIT("suffix"),
		 {PREDICATE_SUFFIX, "prefix/suffix match pattern must be a string"},
		 false},
		{STR_INIT("wildcard"),
		 {PREDICATE_WILDCARD, "wildcard match pattern must be a string"},
		 false},
		{STR_INIT("equals-ignore-case"),
		 {PREDICATE_NOCASE, "Inside anything-but/equals-ignore-case list, "
				    "number|start|null|boolean is not supported."},
		 true},
	};

	if (token_next(&parser->reader) != TOKEN_NAME)
		return refuse(parser, "Anything-But expression name not found");
	struct str name = token_text(&parser->reader);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!str_equal(name, forms[i].name) ||
		    (forms[i].is_of_events && parser->dialect != PATTERN_EVENTS))
			continue;
		*form = forms[i].form;
		if (parser->dialect == PATTERN_SNS)
			form->wrong_type = arena_cstr(
				parser->arena,
				arena_format(parser->arena, "%.*s match pattern must be a string",
					     STR_ARG(name)));
		return ERR_OK;
	}
	return refuse_named(parser, "Unsupported anything-but pattern: ", name, "");
}

/* Appends the value of the current token to the list. */
static enum err add_anything_but(struct parser *parser, const struct anything_but *form,
				 enum token token, struct predicate *list, struct buf *bytes)
{
	struct predicate inner = {.kind = form->kind};

	if (form->kind == PREDICATE_STRING && token_is_number(token)) {
		inner.kind = PREDICATE_NUMBER;
		inner.number = match_number_parse(parser->arena, token_text(&parser->reader));
	} else if (token != TOKEN_STRING) {
		return refuse(parser, form->wrong_type);
	} else {
		inner.text = token_text(&parser->reader);
	}
	if (form->kind == PREDICATE_NOCASE)
		inner.text = match_fold(parser->arena, inner.text);
	if ((form->kind == PREDICATE_PREFIX || form->kind == PREDICATE_SUFFIX) &&
	    inner.text.size == 0)
		return refuse(parser, "Null prefix/suffix not allowed");
	if (form->kind == PREDICATE_WILDCARD) {
		enum err err = compile_wildcard(parser, inner.text, &inner.text);
		if (err)
			return err;
	}
	predicate_encode(bytes, &inner);
	list->count++;
	return count_value(parser);
}

static enum err parse_anything_but_list(struct parser *parser, const struct anything_but *form,
					struct predicate *list, struct buf *bytes)
{
	struct token_reader *reader = &parser->reader;
	size_t strings = 0, numbers = 0;

	for (enum token token; (token = token_next(reader)) != TOKEN_ARRAY_END;) {
		strings += token == TOKEN_STRING;
		numbers += token_is_number(token);
		enum err err = add_anything_but(parser, form, token, list, bytes);
		if (err)
			return err;
	}
	if (form->kind == PREDICATE_STRING && (strings > 0) == (numbers > 0))
		return refuse(parser, "Inside anything but list, either all values are number or "
				      "string, mixed type is not supported");
	return ERR_OK;
}

static enum err parse_anything_but_values(struct parser *parser, struct predicate *out,
					  struct buf *bytes)
{
	struct anything_but form = {
		PREDICATE_STRING, "Inside anything but list, start|null|boolean is not supported."};
	struct token_reader *reader = &parser->reader;
	enum token token = token_next(reader);
	bool has_form = token == TOKEN_OBJECT;
	enum err err = ERR_OK;

	if (has_form) {
		err = parse_anything_but_form(parser, &form);
		if (err)
			return err;
		token = token_next(reader);
	}
	if (token != TOKEN_ARRAY && token != TOKEN_STRING && !token_is_number(token))
		return refuse(parser, has_form && parser->dialect == PATTERN_SNS
					      ? form.wrong_type
					      : "Value of anything-but must be an array or single "
						"string/number value.");
	err = token == TOKEN_ARRAY ? parse_anything_but_list(parser, &form, out, bytes)
				   : add_anything_but(parser, &form, token, out, bytes);
	if (err)
		return err;
	err = expect_end(parser, TOO_MANY);
	return err || !has_form ? err : expect_end(parser, TOO_MANY);
}

static enum err parse_anything_but(struct parser *parser, struct predicate *out)
{
	struct buf bytes = {0};

	out->kind = PREDICATE_ANYTHING_BUT;
	enum err err = parse_anything_but_values(parser, out, &bytes);
	if (!err)
		out->list = arena_copy(parser->arena, buf_str(&bytes));
	buf_done(&bytes);
	return err;
}

/* ---- arrays of predicates ---- */

/* {"prefix": "x"} and the like; the object is open. */
static enum err parse_expression(struct parser *parser, struct predicate *out)
{
	if (token_next(&parser->reader) != TOKEN_NAME)
		return refuse(parser, "Match expression name not found");
	struct str name = token_text(&parser->reader);
	if (str_equal(name, STR("prefix")) || str_equal(name, STR("suffix")))
		return parse_affix(parser, name.data[0] == 'p', out);
	if (str_equal(name, STR("equals-ignore-case")))
		return parse_nocase(parser, out);
	if (str_equal(name, STR("wildcard")))
		return parse_wildcard(parser, out);
	if (str_equal(name, STR("numeric")))
		return parse_numeric(parser, out);
	if (str_equal(name, STR("anything-but")))
		return parse_anything_but(parser, out);
	if (str_equal(name, STR("exists")))
		return parse_exists(parser, out);
	if (str_equal(name, STR("cidr")))
		return parse_cidr(parser, out);
	return refuse_named(parser, "Unrecognized match type ", name, "");
}

/* An address is compared as one: "::1" is "0:0:0:0:0:0:0:1". */
static void set_text(struct predicate *predicate, struct str text)
{
	bool is_v4;

	predicate->kind = PREDICATE_STRING;
	predicate->text = text;
	if (network_parse_address(text, predicate->cidr.address, &is_v4)) {
		predicate->kind = PREDICATE_CIDR;
		predicate->cidr.bits = 128;
	}
}

static enum err parse_predicate(struct parser *parser, enum token token, struct buf *bytes)
{
	struct predicate predicate = {.kind = PREDICATE_NULL};
	enum err err = ERR_OK;

	if (token == TOKEN_OBJECT) {
		err = parse_expression(parser, &predicate);
	} else if (token == TOKEN_STRING) {
		set_text(&predicate, token_text(&parser->reader));
	} else if (token_is_number(token)) {
		predicate.kind = PREDICATE_NUMBER;
		predicate.number = match_number_parse(parser->arena, token_text(&parser->reader));
	} else if (token == TOKEN_TRUE || token == TOKEN_FALSE) {
		predicate.kind = token == TOKEN_TRUE ? PREDICATE_TRUE : PREDICATE_FALSE;
	} else if (token != TOKEN_NULL) {
		err = refuse(parser, "Match value must be String, number, true, false, or null");
	}
	/* A string that is no JSON shows when its text is read. */
	if (!err && parser->reader.problem.data)
		err = refuse(parser, "");
	if (err)
		return err;
	predicate_encode(bytes, &predicate);
	return count_value(parser);
}

static enum err parse_predicates(struct parser *parser, struct requirement *requirement,
				 struct buf *bytes)
{
	for (enum token token; (token = token_next(&parser->reader)) != TOKEN_ARRAY_END;) {
		enum err err = parse_predicate(parser, token, bytes);
		if (err)
			return err;
		requirement->count++;
	}
	return requirement->count > 0 ? ERR_OK : refuse(parser, "Empty arrays are not allowed");
}

/* ---- conjunctions ---- */

static enum err check_growth(struct parser *parser, const struct conjunctions *list)
{
	if (list->count <= LIMIT_PATTERN_CONJUNCTIONS && list->size <= LIMIT_PATTERN_COMPILED_SIZE)
		return ERR_OK;
	return refuse_text(parser, STR(TOO_COMPLEX));
}

static enum err parse_array(struct parser *parser)
{
	struct requirement *requirement = arena_new(parser->arena, struct requirement);
	struct buf bytes = {0};

	requirement->path = arena_copy(parser->arena, buf_str(&parser->path));
	requirement->depth = parser->depth;
	enum err err = parse_predicates(parser, requirement, &bytes);
	if (!err)
		requirement->predicates = arena_copy(parser->arena, buf_str(&bytes));
	buf_done(&bytes);
	if (err)
		return err;
	conjunctions_put(parser->arena, &parser->conjunctions, requirement);
	return check_growth(parser, &parser->conjunctions);
}

/* ---- objects ---- */

static enum err parse_object(struct parser *parser, bool is_in_or);

static enum err parse_or(struct parser *parser)
{
	struct token_reader *reader = &parser->reader;
	struct conjunctions before = parser->conjunctions, all = {0};
	size_t objects = 0;

	if (token_next(reader) != TOKEN_ARRAY)
		return refuse(parser, "It must be an Array followed with $or.");
	for (enum token token; (token = token_next(reader)) != TOKEN_ARRAY_END; objects++) {
		if (token != TOKEN_OBJECT)
			return refuse(parser, "Only JSON object is allowed in array of $or "
					      "relationship.");
		parser->conjunctions = (struct conjunctions){0};
		conjunctions_copy(parser->arena, &parser->conjunctions, &before);
		enum err err = parse_object(parser, true);
		if (err)
			return err;
		conjunctions_move(parser->arena, &all, &parser->conjunctions);
		err = check_growth(parser, &all);
		if (err)
			return err;
	}
	if (objects < 2)
		return refuse(parser, "There must have at least 2 Objects in $or relationship.");
	parser->conjunctions = all;
	return ERR_OK;
}

static void note_key(struct parser *parser, struct str name)
{
	for (size_t i = 0; i < parser->key_count; i++)
		if (str_equal(parser->keys[i], name))
			return;
	if (parser->key_count < LIMIT_PATTERN_KEYS)
		parser->keys[parser->key_count++] = name;
}

static bool is_reserved_in_or(struct str name)
{
	static const struct str names[] = {
		STR_INIT("exactly"), STR_INIT("prefix"),       STR_INIT("suffix"),
		STR_INIT("numeric"), STR_INIT("anything-but"), STR_INIT("exists"),
		STR_INIT("cidr"),    STR_INIT("wildcard"),     STR_INIT("equals-ignore-case"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(name, names[i]))
			return true;
	return false;
}

static enum err parse_field(struct parser *parser, struct str name, bool is_in_or)
{
	size_t before = parser->path.size;
	enum err err;

	if (is_in_or && is_reserved_in_or(name))
		return refuse_named(parser, "", name,
				    " is Ruler reserved fieldName which cannot be used inside "
				    "$or.");
	if (parser->depth == 0)
		note_key(parser, name);
	else
		buf_append_char(&parser->path, '.');
	buf_append(&parser->path, name);
	parser->depth++;
	enum token token = token_next(&parser->reader);
	if (token == TOKEN_OBJECT) {
		parser->is_nested = true;
		err = parse_object(parser, is_in_or);
	} else if (token == TOKEN_ARRAY) {
		err = parse_array(parser);
	} else {
		err = refuse_named(parser, "\"", name, "\" must be an object or an array");
	}
	parser->depth--;
	parser->path.size = before;
	return err;
}

/* The object is open. The reader bounds the depth of this recursion. */
static enum err parse_object(struct parser *parser, bool is_in_or)
{
	struct token_reader *reader = &parser->reader;
	bool is_empty = true;
	enum token token;

	for (; (token = token_next(reader)) == TOKEN_NAME; is_empty = false) {
		struct str name = token_text(reader);
		enum err err = str_equal(name, STR("$or")) ? parse_or(parser)
							   : parse_field(parser, name, is_in_or);
		if (err)
			return err;
	}
	if (token != TOKEN_OBJECT_END || is_empty)
		return refuse(parser, "Empty objects are not allowed");
	return ERR_OK;
}

enum err event_pattern_parse(struct arena *arena, enum pattern_dialect dialect, struct str text,
			     struct event_pattern *out_pattern, struct str *out_problem)
{
	struct parser parser = {.arena = arena, .dialect = dialect};

	if (text.size > LIMIT_PATTERN_SIZE)
		return ERR_TOOLARGE;
	token_reader_init(&parser.reader, arena, text);
	enum err err = token_next(&parser.reader) == TOKEN_OBJECT
			       ? parse_object(&parser, false)
			       : refuse(&parser, "Filter is not an object");
	buf_done(&parser.path);
	if (err) {
		*out_problem = parser.problem;
		return err;
	}
	*out_pattern = (struct event_pattern){
		.count = parser.conjunctions.count,
		.conjunctions = conjunctions_finish(arena, &parser.conjunctions),
		.top_keys = parser.key_count,
		.is_nested = parser.is_nested,
	};
	return ERR_OK;
}

uint32_t event_pattern_combinations(const struct event_pattern *pattern, bool has_depths)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < pattern->count; i++) {
		uint64_t product = 1;
		for (size_t j = 0; j < pattern->conjunctions[i].count; j++) {
			const struct requirement *requirement =
				pattern->conjunctions[i].requirements[j];
			product *= requirement->count * (has_depths ? requirement->depth : 1);
			if (product > UINT32_MAX)
				return UINT32_MAX;
		}
		sum += product;
		if (sum > UINT32_MAX)
			return UINT32_MAX;
	}
	return (uint32_t)sum;
}
