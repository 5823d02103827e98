/* SPDX-License-Identifier: MIT */
/*
 * math/parse: recursive descent by precedence: OR, AND, comparison, + -, * /, sign and NOT, ^.
 *
 * Each node takes at least one byte of the text, so their number is bounded with it; `depth` bounds
 * the recursion, here and in evaluate.c.
 */
#include <math.h>
#include <stdlib.h>

#include "metric/math/private.h"

struct parser {
	struct arena *arena;
	struct str text;
	size_t at;
	uint32_t depth;
	enum err err;
	struct math_problem *problem;
};

typedef const struct math_node *(*parse_fn)(struct parser *parser);

static const struct math_node *refuse(struct parser *parser, size_t at, struct str text)
{
	if (!parser->err) {
		parser->err = ERR_INVALID;
		*parser->problem = (struct math_problem){.text = text, .at = at};
	}
	return NULL;
}

static const struct math_node *refuse_depth(struct parser *parser, size_t at)
{
	(void)refuse(parser, at, STR("The expression is nested too deeply"));
	parser->err = ERR_TOOLARGE;
	return NULL;
}

static struct math_node *node_new(struct parser *parser, enum math_node_kind kind, size_t at)
{
	struct math_node *node = arena_new(parser->arena, struct math_node);

	node->kind = kind;
	node->at = at;
	return node;
}

/* ---- tokens ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(struct parser *parser)
{
	while (parser->at < parser->text.size &&
	       str_find_char(STR(" \t\r\n"), parser->text.data[parser->at], 0) != SIZE_MAX)
		parser->at++;
	return parser->at < parser->text.size ? parser->text.data[parser->at] : '\0';
}

static bool take(struct parser *parser, struct str token)
{
	(void)peek(parser);
	if (!str_equal(str_slice(parser->text, parser->at, token.size), token))
		return false;
	size_t end = parser->at + token.size;
	if (is_letter(token.data[0]) && end < parser->text.size) {
		char next = parser->text.data[end];

		if (is_letter(next) || is_digit(next) || next == '_')
			return false;
	}
	parser->at = end;
	return true;
}

static struct str take_identifier(struct parser *parser)
{
	size_t begin = parser->at;

	while (parser->at < parser->text.size) {
		char c = parser->text.data[parser->at];

		if (!is_letter(c) && !is_digit(c) && c != '_')
			break;
		parser->at++;
	}
	return str_slice(parser->text, begin, parser->at - begin);
}

static const struct math_node *parse_number(struct parser *parser)
{
	size_t begin = parser->at, end = begin;
	char text[64];

	while (end < parser->text.size) {
		char c = parser->text.data[end];
		bool is_sign =
			(c == '+' || c == '-') && end > begin &&
			(parser->text.data[end - 1] == 'e' || parser->text.data[end - 1] == 'E');

		if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' && !is_sign)
			break;
		end++;
	}
	if (end - begin >= sizeof(text))
		return refuse(parser, begin, STR("The number is too long"));
	memcpy(text, parser->text.data + begin, end - begin);
	text[end - begin] = '\0';
	char *behind;
	double value = strtod(text, &behind);
	if (*behind || behind == text || !isfinite(value))
		return refuse(parser, begin, STR("The number is invalid"));
	struct math_node *node = node_new(parser, NODE_NUMBER, begin);
	node->number = value;
	parser->at = end;
	return node;
}

static const struct math_node *parse_text(struct parser *parser, char quote)
{
	size_t begin = parser->at, end = str_find_char(parser->text, quote, begin + 1);

	if (end == SIZE_MAX)
		return refuse(parser, begin, STR("The text has no closing quote"));
	struct math_node *node = node_new(parser, NODE_TEXT, begin);
	node->text = str_slice(parser->text, begin + 1, end - begin - 1);
	parser->at = end + 1;
	return node;
}

/* ---- grammar ---- */

static const struct math_node *parse_or(struct parser *parser);

/* Children up to `end`, which is taken. */
static bool parse_children(struct parser *parser, struct math_node *node, char end)
{
	struct {
		const struct math_node **items;
		size_t count, capacity;
	} children = {0};

	bool is_done = peek(parser) == end;
	while (!is_done && !parser->err) {
		const struct math_node *child = parse_or(parser);
		if (!child)
			break;
		vec_push(&children, child);
		if (peek(parser) == end)
			is_done = true;
		else if (!take(parser, STR(",")))
			(void)refuse(parser, parser->at,
				     end == ')' ? STR("',' or ')' is expected")
						: STR("',' or ']' is expected"));
	}
	if (is_done) {
		parser->at++;
		node->child_count = children.count;
		node->children =
			arena_array(parser->arena, const struct math_node *, children.count);
		if (children.count > 0)
			memcpy(node->children, children.items,
			       children.count * sizeof(*children.items));
	}
	vec_done(&children);
	return is_done;
}

static const struct math_node *parse_call(struct parser *parser, struct str name, size_t at)
{
	struct math_node *node = node_new(parser, NODE_CALL, at);

	parser->at++; /* '(' */
	node->text = name;
	node->function = math_function_find(name);
	if (math_function_is_refused(name))
		return refuse(parser, at,
			      arena_format(parser->arena, "The function %.*s is not supported",
					   STR_ARG(name)));
	if (!node->function)
		return refuse(
			parser, at,
			arena_format(parser->arena, "Unknown function '%.*s'", STR_ARG(name)));
	if (!parse_children(parser, node, ')'))
		return NULL;
	if (node->child_count < node->function->argument_min ||
	    node->child_count > node->function->argument_max)
		return refuse(parser, at,
			      arena_format(parser->arena, "Wrong number of arguments for %.*s: %zu",
					   STR_ARG(name), node->child_count));
	return node;
}

static const struct math_node *parse_basic(struct parser *parser)
{
	char c = peek(parser);
	size_t at = parser->at;

	if (is_digit(c) || c == '.')
		return parse_number(parser);
	if (c == '"' || c == '\'')
		return parse_text(parser, c);
	if (take(parser, STR("("))) {
		const struct math_node *inner = parse_or(parser);

		if (inner && !take(parser, STR(")")))
			return refuse(parser, parser->at, STR("')' is expected"));
		return inner;
	}
	if (c == '[') {
		struct math_node *node = node_new(parser, NODE_ARRAY, at);

		parser->at++;
		return parse_children(parser, node, ']') ? node : NULL;
	}
	if (!is_letter(c))
		return refuse(parser, at, STR("A value is expected"));
	struct str name = take_identifier(parser);
	if (peek(parser) == '(')
		return parse_call(parser, name, at);
	struct math_node *node = node_new(parser, name.data[0] >= 'a' ? NODE_NAME : NODE_WORD, at);
	node->text = name;
	return node;
}

static const struct math_node *binary(struct parser *parser, enum math_operator operator, size_t at,
				      const struct math_node *left, const struct math_node *right)
{
	struct math_node *node = node_new(parser, NODE_BINARY, at);

	if (!left || !right)
		return NULL;
	node->operator= operator;
	node->children = arena_array(parser->arena, const struct math_node *, 2);
	node->children[0] = left;
	node->children[1] = right;
	node->child_count = 2;
	return node;
}

static const struct math_node *parse_unary(struct parser *parser);

/* Right-associative, and its exponent may have a sign. */
static const struct math_node *parse_power(struct parser *parser)
{
	const struct math_node *left = parse_basic(parser);

	(void)peek(parser);
	size_t at = parser->at;
	if (!left || !take(parser, STR("^")))
		return left;
	if (++parser->depth > LIMIT_MATH_DEPTH)
		return refuse_depth(parser, at);
	const struct math_node *right = parse_unary(parser);
	parser->depth--;
	return binary(parser, OP_POWER, at, left, right);
}

static const struct math_node *parse_unary(struct parser *parser)
{
	char c = peek(parser);
	size_t at = parser->at;
	bool is_not = false;

	if (c == '!' && str_slice(parser->text, at, 2).size == 2 &&
	    parser->text.data[at + 1] != '=')
		is_not = take(parser, STR("!"));
	else
		is_not = take(parser, STR("NOT"));
	if (!is_not && c != '-' && c != '+')
		return parse_power(parser);
	if (!is_not)
		parser->at++;
	if (++parser->depth > LIMIT_MATH_DEPTH)
		return refuse_depth(parser, at);
	const struct math_node *inner = parse_unary(parser);
	parser->depth--;
	if (!inner || c == '+')
		return inner;
	struct math_node *node = node_new(parser, NODE_UNARY, at);
	node->operator= is_not ? OP_NOT : OP_NEGATE;
	node->children = arena_array(parser->arena, const struct math_node *, 1);
	node->children[0] = inner;
	node->child_count = 1;
	return node;
}

/* Left-associative operators of one precedence; longer tokens first. */
struct level {
	struct str token;
	enum math_operator operator;
};

static const struct math_node *parse_level(struct parser *parser, const struct level *level,
					   size_t count, parse_fn next)
{
	const struct math_node *left = next(parser);

	for (size_t i = 0; left && i < count; i++) {
		(void)peek(parser);
		size_t at = parser->at;

		if (!take(parser, level[i].token))
			continue;
		left = binary(parser, level[i].operator, at, left, next(parser));
		i = SIZE_MAX; /* from the first again */
	}
	return left;
}

static const struct math_node *parse_product(struct parser *parser)
{
	static const struct level level[] = {{STR_INIT("*"), OP_MULTIPLY},
					     {STR_INIT("/"), OP_DIVIDE}};

	return parse_level(parser, level, 2, parse_unary);
}

static const struct math_node *parse_sum(struct parser *parser)
{
	static const struct level level[] = {{STR_INIT("+"), OP_ADD}, {STR_INIT("-"), OP_SUBTRACT}};

	return parse_level(parser, level, 2, parse_product);
}

static const struct math_node *parse_comparison(struct parser *parser)
{
	static const struct level level[] = {
		{STR_INIT("<="), OP_LESS_OR_EQUAL}, {STR_INIT(">="), OP_GREATER_OR_EQUAL},
		{STR_INIT("=="), OP_EQUAL},	    {STR_INIT("!="), OP_NOT_EQUAL},
		{STR_INIT("<"), OP_LESS},	    {STR_INIT(">"), OP_GREATER},
	};

	return parse_level(parser, level, 6, parse_sum);
}

static const struct math_node *parse_and(struct parser *parser)
{
	static const struct level level[] = {{STR_INIT("AND"), OP_AND}, {STR_INIT("&&"), OP_AND}};

	return parse_level(parser, level, 2, parse_comparison);
}

static const struct math_node *parse_or(struct parser *parser)
{
	static const struct level level[] = {{STR_INIT("OR"), OP_OR}, {STR_INIT("||"), OP_OR}};

	if (++parser->depth > LIMIT_MATH_DEPTH)
		return refuse_depth(parser, parser->at);
	const struct math_node *node = parse_level(parser, level, 2, parse_and);
	parser->depth--;
	return node;
}

enum err math_parse(struct arena *arena, struct str text,
		    const struct math_expression **out_expression, struct math_problem *out_problem)
{
	struct parser parser = {.arena = arena, .text = text, .problem = out_problem};

	if (text.size > LIMIT_MATH_SIZE) {
		*out_problem = (struct math_problem){.text = STR("The expression is too long")};
		return ERR_TOOLARGE;
	}
	const struct math_node *root = parse_or(&parser);
	if (root && peek(&parser) != '\0')
		(void)refuse(&parser, parser.at, STR("An operator or the end is expected"));
	else if (root && parser.at < text.size)
		(void)refuse(&parser, parser.at, STR("An operator or the end is expected"));
	if (parser.err)
		return parser.err;
	check(root != NULL);
	struct math_expression *expression = arena_new(arena, struct math_expression);
	expression->root = root;
	*out_expression = expression;
	return ERR_OK;
}

/* ---- names ---- */

static void each_id(const struct math_node *node, void (*visit)(void *context, struct str id),
		    void *context)
{
	if (node->kind == NODE_NAME)
		visit(context, node->text);
	for (size_t i = 0; i < node->child_count; i++)
		each_id(node->children[i], visit, context);
}

void math_each_id(const struct math_expression *expression,
		  void (*visit)(void *context, struct str id), void *context)
{
	each_id(expression->root, visit, context);
}

static bool calls(const struct math_node *node, struct str name)
{
	bool found = node->kind == NODE_CALL && str_equal(node->text, name);

	for (size_t i = 0; i < node->child_count && !found; i++)
		found = calls(node->children[i], name);
	return found;
}

bool math_uses_metrics(const struct math_expression *expression)
{
	return calls(expression->root, STR("METRICS"));
}

bool math_uses_search(const struct math_expression *expression)
{
	return calls(expression->root, STR("SEARCH"));
}
