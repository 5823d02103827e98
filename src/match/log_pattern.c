/* SPDX-License-Identifier: MIT */
/*
 * log_pattern: a pattern of terms is a list; a condition is a tree of nodes, whose depth is bounded
 * since its text is nested.
 *
 * A comparison with a member that is missing, an object or an array is false; so is an order of
 * texts. A number is equal to a text only by its characters if the pattern's value is quoted.
 */
#include "match/log_pattern.h"

#include <math.h>
#include <stdlib.h>

#include "format/json.h"
#include "format/real.h"

enum { DEPTH_MAX = 32, PATH_MAX_STEPS = 32 };

enum term_kind { TERM_REQUIRED, TERM_OPTIONAL, TERM_EXCLUDED };

struct term {
	enum term_kind kind;
	struct str text;
	struct term *next;
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_EQUAL,
	NODE_NOT_EQUAL,
	NODE_LESS,
	NODE_LESS_EQUAL,
	NODE_MORE,
	NODE_MORE_EQUAL,
	NODE_IS_NULL,
	NODE_IS_TRUE,
	NODE_IS_FALSE,
	NODE_NOT_EXISTS,
};

struct step {
	struct str name; /* data NULL: an index */
	size_t index;
};

struct node {
	enum node_kind kind;
	struct node *left, *right; /* of NODE_AND and NODE_OR */
	struct step *steps;
	size_t step_count;
	struct str value;
	bool is_number; /* not quoted, and a number */
	double number;
};

struct log_pattern {
	struct term *terms;
	bool has_required, has_optional;
	const struct node *condition; /* NULL: terms */
};

struct parser {
	struct arena *arena;
	struct str rest;
	struct str problem;
};

static enum err refuse(struct parser *parser, const char *before, struct str subject,
		       const char *after)
{
	parser->problem = arena_format(parser->arena, "%s%.*s%s", before, STR_ARG(subject), after);
	return ERR_INVALID;
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *parser)
{
	while (parser->rest.size > 0 && is_blank(parser->rest.data[0]))
		parser->rest = str_slice(parser->rest, 1, SIZE_MAX);
}

/* The next bytes are `text`, which is skipped, with the blanks before it. */
static bool take(struct parser *parser, struct str text)
{
	skip_blanks(parser);
	if (!str_starts(parser->rest, text))
		return false;
	parser->rest = str_slice(parser->rest, text.size, SIZE_MAX);
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static bool take_word(struct parser *parser, struct str word)
{
	struct parser before = *parser;

	if (take(parser, word) && (parser->rest.size == 0 || !is_word(parser->rest.data[0])))
		return true;
	parser->rest = before.rest;
	return false;
}

/* Behind the opening quote. A backslash takes the next character as it is. */
static enum err read_quoted(struct parser *parser, char quote, struct str *out)
{
	char *text = arena_bytes(parser->arena, parser->rest.size + 1);
	size_t size = 0, i = 0;

	for (; i < parser->rest.size && parser->rest.data[i] != quote; i++) {
		if (parser->rest.data[i] == '\\' && i + 1 < parser->rest.size)
			i++;
		text[size++] = parser->rest.data[i];
	}
	if (i >= parser->rest.size)
		return refuse(parser, "Invalid filter pattern: a quotation is not closed.", STR(""),
			      "");
	parser->rest = str_slice(parser->rest, i + 1, SIZE_MAX);
	*out = str_of(text, size);
	return ERR_OK;
}

static struct str read_while(struct parser *parser, bool (*is_of)(char c))
{
	size_t size = 0;

	while (size < parser->rest.size && is_of(parser->rest.data[size]))
		size++;
	struct str text = str_slice(parser->rest, 0, size);
	parser->rest = str_slice(parser->rest, size, SIZE_MAX);
	return text;
}

/* ---- terms ---- */

static bool is_of_term(char c)
{
	return !is_blank(c) && c != '"';
}

static enum err read_term(struct parser *parser, struct term *term)
{
	if (take(parser, STR("?")))
		term->kind = TERM_OPTIONAL;
	else if (take(parser, STR("-")))
		term->kind = TERM_EXCLUDED;
	if (parser->rest.size > 0 && parser->rest.data[0] == '"') {
		parser->rest = str_slice(parser->rest, 1, SIZE_MAX);
		return read_quoted(parser, '"', &term->text);
	}
	term->text = read_while(parser, is_of_term);
	for (size_t i = 0; i < term->text.size; i++)
		if (!is_word(term->text.data[i]))
			return refuse(parser, "Invalid character(s) in term '", term->text, "'");
	if (term->text.size == 0)
		return refuse(parser, "Invalid filter pattern: a term is empty.", STR(""), "");
	return ERR_OK;
}

static enum err parse_terms(struct parser *parser, struct log_pattern *pattern)
{
	struct term **last = &pattern->terms;

	for (skip_blanks(parser); parser->rest.size > 0; skip_blanks(parser)) {
		struct term *term = arena_new(parser->arena, struct term);
		enum err err = read_term(parser, term);
		if (err)
			return err;
		pattern->has_required |= term->kind == TERM_REQUIRED;
		pattern->has_optional |= term->kind == TERM_OPTIONAL;
		*last = term;
		last = &term->next;
	}
	return ERR_OK;
}

/* Optional terms beside required ones have no effect. */
static bool match_terms(const struct log_pattern *pattern, struct str message)
{
	bool has_optional = !pattern->has_optional || pattern->has_required;

	for (const struct term *term = pattern->terms; term; term = term->next) {
		bool is_there = str_find(message, term->text, 0) != SIZE_MAX;
		if (term->kind == TERM_OPTIONAL)
			has_optional |= is_there;
		else if (is_there != (term->kind == TERM_REQUIRED))
			return false;
	}
	return has_optional;
}

/* ---- conditions ---- */

static bool is_of_name(char c)
{
	return is_word(c) || c == '-' || c == '@' || c == '#';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum err read_bracket(struct parser *parser, struct step *step)
{
	uint64_t index;

	if (take(parser, STR("'"))) {
		enum err err = read_quoted(parser, '\'', &step->name);
		if (err)
			return err;
	} else if (take(parser, STR("\""))) {
		enum err err = read_quoted(parser, '"', &step->name);
		if (err)
			return err;
	} else {
		struct str digits = read_while(parser, is_digit);
		if (!str_to_u64(digits, &index) || index > UINT32_MAX)
			return refuse(parser, "Invalid filter pattern: '", digits,
				      "' is no index of an array.");
		step->index = (size_t)index;
	}
	if (!take(parser, STR("]")))
		return refuse(parser, "Invalid filter pattern: ']' is missing.", STR(""), "");
	return ERR_OK;
}

/* $.a.b[0]['c d'] */
static enum err read_selector(struct parser *parser, struct node *node)
{
	if (!take(parser, STR("$")))
		return refuse(parser,
			      "Invalid filter pattern: a selector such as $.name is "
			      "missing at '",
			      parser->rest, "'.");
	node->steps = arena_array(parser->arena, struct step, PATH_MAX_STEPS);
	for (;;) {
		struct step *step = &node->steps[node->step_count];
		bool is_name = str_starts(parser->rest, STR("."));
		if (!is_name && !str_starts(parser->rest, STR("[")))
			break;
		if (node->step_count == PATH_MAX_STEPS)
			return refuse(parser, "Invalid filter pattern: a selector is too long.",
				      STR(""), "");
		parser->rest = str_slice(parser->rest, 1, SIZE_MAX);
		if (is_name) {
			step->name = read_while(parser, is_of_name);
			if (step->name.size == 0)
				return refuse(parser,
					      "Invalid filter pattern: a selector ends "
					      "with '.'.",
					      STR(""), "");
		} else {
			enum err err = read_bracket(parser, step);
			if (err)
				return err;
		}
		node->step_count++;
	}
	if (node->step_count == 0)
		return refuse(parser, "Invalid filter pattern: '$' selects nothing.", STR(""), "");
	return ERR_OK;
}

static bool is_of_value(char c)
{
	return is_of_name(c) || c == '.' || c == '*' || c == '+' || c == ':' || c == '/' ||
	       c == '$' || c == '%' || c == '~';
}

static bool take_operator(struct parser *parser, enum node_kind *out_kind)
{
	/* Longer ones first. */
	static const struct {
		struct str text;
		enum node_kind kind;
	} operators[] = {
		{STR_INIT("!="), NODE_NOT_EQUAL},  {STR_INIT("<="), NODE_LESS_EQUAL},
		{STR_INIT(">="), NODE_MORE_EQUAL}, {STR_INIT("="), NODE_EQUAL},
		{STR_INIT("<"), NODE_LESS},	   {STR_INIT(">"), NODE_MORE},
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!take(parser, operators[i].text))
			continue;
		*out_kind = operators[i].kind;
		return true;
	}
	return false;
}

static bool read_number(struct str text, double *out)
{
	char copy[64], *end;

	if (text.size == 0 || text.size >= sizeof(copy) ||
	    !(is_digit(text.data[0]) || text.data[0] == '-' || text.data[0] == '.'))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*out = strtod(copy, &end);
	return *end == '\0' && isfinite(*out);
}

static enum err read_value(struct parser *parser, struct node *node)
{
	if (take(parser, STR("\"")))
		return read_quoted(parser, '"', &node->value);
	if (str_starts(parser->rest, STR("%")))
		return refuse(parser, "Regular expressions in filter patterns are not supported.",
			      STR(""), "");
	node->value = read_while(parser, is_of_value);
	if (node->value.size == 0)
		return refuse(parser, "Invalid filter pattern: a value is missing at '",
			      parser->rest, "'.");
	node->is_number = read_number(node->value, &node->number);
	return ERR_OK;
}

static enum err parse_is(struct parser *parser, struct node *node)
{
	static const struct {
		struct str word;
		enum node_kind kind;
	} words[] = {
		{STR_INIT("NULL"), NODE_IS_NULL},
		{STR_INIT("TRUE"), NODE_IS_TRUE},
		{STR_INIT("FALSE"), NODE_IS_FALSE},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		node->kind = words[i].kind;
		if (take_word(parser, words[i].word))
			return ERR_OK;
	}
	return refuse(parser, "Invalid filter pattern: NULL, TRUE or FALSE is missing at '",
		      parser->rest, "'.");
}

static enum err parse_comparison(struct parser *parser, struct node *node)
{
	enum err err = read_selector(parser, node);

	if (err)
		return err;
	if (take_word(parser, STR("NOT"))) {
		node->kind = NODE_NOT_EXISTS;
		if (take_word(parser, STR("EXISTS")))
			return ERR_OK;
		return refuse(parser, "Invalid filter pattern: EXISTS is missing at '",
			      parser->rest, "'.");
	}
	if (take_word(parser, STR("IS")))
		return parse_is(parser, node);
	if (!take_operator(parser, &node->kind))
		return refuse(parser, "Invalid filter pattern: an operator is missing at '",
			      parser->rest, "'.");
	err = read_value(parser, node);
	bool is_order = node->kind >= NODE_LESS && node->kind <= NODE_MORE_EQUAL;
	if (!err && is_order && !node->is_number)
		return refuse(parser, "Invalid filter pattern: '", node->value,
			      "' is no number, and only numbers have an order.");
	return err;
}

static enum err parse_or(struct parser *parser, int depth, struct node **out);

static enum err parse_operand(struct parser *parser, int depth, struct node **out)
{
	if (take(parser, STR("("))) {
		enum err err = parse_or(parser, depth + 1, out);
		if (!err && !take(parser, STR(")")))
			err = refuse(parser, "Invalid filter pattern: ')' is missing.", STR(""),
				     "");
		return err;
	}
	*out = arena_new(parser->arena, struct node);
	return parse_comparison(parser, *out);
}

static struct node *join(struct parser *parser, enum node_kind kind, struct node *left,
			 struct node *right)
{
	struct node *node = arena_new(parser->arena, struct node);

	node->kind = kind;
	node->left = left;
	node->right = right;
	return node;
}

static enum err parse_and(struct parser *parser, int depth, struct node **out)
{
	enum err err = parse_operand(parser, depth, out);

	while (!err && take(parser, STR("&&"))) {
		struct node *right;
		err = parse_operand(parser, depth, &right);
		if (!err)
			*out = join(parser, NODE_AND, *out, right);
	}
	return err;
}

static enum err parse_or(struct parser *parser, int depth, struct node **out)
{
	if (depth > DEPTH_MAX)
		return refuse(parser, "Invalid filter pattern: it is nested too deeply.", STR(""),
			      "");
	enum err err = parse_and(parser, depth, out);
	while (!err && take(parser, STR("||"))) {
		struct node *right;
		err = parse_and(parser, depth, &right);
		if (!err)
			*out = join(parser, NODE_OR, *out, right);
	}
	return err;
}

static enum err parse_condition(struct parser *parser, struct log_pattern *pattern)
{
	struct node *root;

	enum err err = parse_or(parser, 0, &root);
	if (err)
		return err;
	if (!take(parser, STR("}")))
		return refuse(parser, "Invalid filter pattern: '}' is missing at '", parser->rest,
			      "'.");
	skip_blanks(parser);
	if (parser->rest.size > 0)
		return refuse(parser, "Invalid filter pattern: '", parser->rest,
			      "' follows the condition.");
	pattern->condition = root;
	return ERR_OK;
}

/* ---- matching ---- */

/* '*' stands for any text. Goes back to the last star only, so the time is bounded by the product
 * of the sizes. */
static bool match_stars(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;

	while (t < text.size) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.size && pattern.data[p] == text.data[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}

static yyjson_val *select_member(const struct node *node, yyjson_val *value)
{
	for (size_t i = 0; value && i < node->step_count; i++) {
		const struct step *step = &node->steps[i];
		value = step->name.data ? yyjson_obj_getn(value, step->name.data, step->name.size)
					: yyjson_arr_get(value, step->index);
	}
	return value;
}

static bool is_equal(const struct node *node, struct arena *scratch, yyjson_val *value)
{
	struct buf text = {0};

	if (yyjson_is_str(value))
		return match_stars(node->value, json_text(value));
	if (yyjson_is_bool(value))
		return str_equal_nocase(node->value,
					yyjson_get_bool(value) ? STR("true") : STR("false"));
	if (!yyjson_is_num(value))
		return false;
	if (node->is_number)
		return yyjson_get_num(value) == node->number;
	/* "4*" is equal to 404. */
	struct json_writer writer;
	json_begin(&writer, &text);
	json_double(&writer, yyjson_get_num(value));
	struct str digits = arena_copy(scratch, buf_str(&text));
	buf_done(&text);
	return match_stars(node->value, digits);
}

static bool is_ordered(const struct node *node, yyjson_val *value)
{
	double number;

	if (!yyjson_is_num(value))
		return false;
	number = yyjson_get_num(value);
	switch (node->kind) {
	case NODE_LESS:
		return number < node->number;
	case NODE_LESS_EQUAL:
		return number <= node->number;
	case NODE_MORE:
		return number > node->number;
	default:
		return number >= node->number;
	}
}

static bool compare(const struct node *node, struct arena *scratch, yyjson_val *root)
{
	yyjson_val *value = select_member(node, root);

	switch (node->kind) {
	case NODE_NOT_EXISTS:
		return !value;
	case NODE_IS_NULL:
		return yyjson_is_null(value);
	case NODE_IS_TRUE:
		return yyjson_is_true(value);
	case NODE_IS_FALSE:
		return yyjson_is_false(value);
	case NODE_EQUAL:
		return value && is_equal(node, scratch, value);
	case NODE_NOT_EQUAL:
		return value && !yyjson_is_ctn(value) && !is_equal(node, scratch, value);
	default:
		return is_ordered(node, value);
	}
}

/* The depth of chains of && and || is bounded by the pattern's size. */
static bool evaluate(const struct node *node, struct arena *scratch, yyjson_val *root)
{
	if (node->kind == NODE_AND)
		return evaluate(node->left, scratch, root) && evaluate(node->right, scratch, root);
	if (node->kind == NODE_OR)
		return evaluate(node->left, scratch, root) || evaluate(node->right, scratch, root);
	return compare(node, scratch, root);
}

static bool match_condition(const struct log_pattern *pattern, struct arena *scratch,
			    struct str message)
{
	yyjson_val *root;
	size_t at = 0;

	while (at < message.size && is_blank(message.data[at]))
		at++;
	if (at == message.size || message.data[at] != '{' ||
	    json_parse(scratch, message, &root) != ERR_OK)
		return false;
	return evaluate(pattern->condition, scratch, root);
}

/* ---- the pattern ---- */

enum err log_pattern_parse(struct arena *arena, struct str text,
			   const struct log_pattern **out_pattern, struct str *out_problem)
{
	struct parser parser = {.arena = arena, .rest = text};
	struct log_pattern *pattern = arena_new(arena, struct log_pattern);
	enum err err;

	skip_blanks(&parser);
	if (take(&parser, STR("{")))
		err = parse_condition(&parser, pattern);
	else if (str_starts(parser.rest, STR("[")))
		err = refuse(&parser, "Filter patterns of columns, [a, b], are not supported.",
			     STR(""), "");
	else if (str_starts(parser.rest, STR("%")))
		err = refuse(&parser, "Regular expressions in filter patterns are not supported.",
			     STR(""), "");
	else
		err = parse_terms(&parser, pattern);
	if (err) {
		*out_problem = parser.problem;
		return err;
	}
	*out_pattern = pattern;
	return ERR_OK;
}

bool log_pattern_matches(const struct log_pattern *pattern, struct arena *scratch,
			 struct str message)
{
	return pattern->condition ? match_condition(pattern, scratch, message)
				  : match_terms(pattern, message);
}
