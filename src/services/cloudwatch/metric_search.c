/* SPDX-License-Identifier: MIT */
/* metric_search: recursive descent into a tree: OR, AND (also implicit), NOT, terms. */
#include "services/cloudwatch/metric_search.h"

enum { DEPTH_MAX = 32, NAMES_MAX = 30 };
enum node_kind { NODE_TERM, NODE_NOT, NODE_AND, NODE_OR };

struct node {
	enum node_kind kind;
	const struct node *left, *right;
	struct str name;  /* of a term NAME=VALUE; data NULL: of any */
	struct str value; /* of a term */
	bool is_exact;	  /* the value was quoted */
};

struct metric_search {
	bool has_schema;
	struct str name_space;
	struct str names[NAMES_MAX]; /* of dimensions */
	size_t name_count;
	const struct node *root; /* NULL: all of the schema */
};

struct parser {
	struct arena *arena;
	struct str text;
	size_t at;
	int depth;
	bool is_wrong;
};

static char peek(struct parser *parser)
{
	while (parser->at < parser->text.size && parser->text.data[parser->at] == ' ')
		parser->at++;
	return parser->at < parser->text.size ? parser->text.data[parser->at] : '\0';
}

/* A quoted text, or the characters up to one of `ends`. */
static struct str take_text(struct parser *parser, struct str ends, bool *out_is_quoted)
{
	char c = peek(parser);
	size_t begin = parser->at;

	*out_is_quoted = c == '"';
	if (c == '"') {
		size_t end = str_find_char(parser->text, '"', begin + 1);
		if (end == SIZE_MAX) {
			parser->is_wrong = true;
			return STR("");
		}
		parser->at = end + 1;
		return str_slice(parser->text, begin + 1, end - begin - 1);
	}
	while (parser->at < parser->text.size &&
	       str_find_char(ends, parser->text.data[parser->at], 0) == SIZE_MAX)
		parser->at++;
	return str_slice(parser->text, begin, parser->at - begin);
}

static bool take_word(struct parser *parser, struct str word)
{
	(void)peek(parser);
	size_t end = parser->at + word.size;

	if (!str_equal(str_slice(parser->text, parser->at, word.size), word) ||
	    (end < parser->text.size && parser->text.data[end] != ' ' &&
	     parser->text.data[end] != '('))
		return false;
	parser->at = end;
	return true;
}

static void parse_schema(struct parser *parser, struct metric_search *search)
{
	bool is_quoted;

	if (peek(parser) != '{')
		return;
	parser->at++;
	search->has_schema = true;
	search->name_space = str_trim(take_text(parser, STR(",}"), &is_quoted));
	while (peek(parser) == ',') {
		parser->at++;
		struct str name = str_trim(take_text(parser, STR(",}"), &is_quoted));
		if (search->name_count == NAMES_MAX || name.size == 0)
			parser->is_wrong = true;
		else
			search->names[search->name_count++] = name;
	}
	if (peek(parser) != '}')
		parser->is_wrong = true;
	parser->at++;
}

static const struct node *parse_or(struct parser *parser);

static struct node *node_new(struct parser *parser, enum node_kind kind, const struct node *left,
			     const struct node *right)
{
	struct node *node = arena_new(parser->arena, struct node);

	*node = (struct node){.kind = kind, .left = left, .right = right};
	if (kind != NODE_TERM && (!left || (kind != NODE_NOT && !right)))
		parser->is_wrong = true;
	return node;
}

static const struct node *parse_term(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_TERM, NULL, NULL);

	if (peek(parser) == '(') {
		parser->at++;
		const struct node *inner = parse_or(parser);
		if (peek(parser) != ')')
			parser->is_wrong = true;
		parser->at++;
		return inner;
	}
	node->value = take_text(parser, STR(" ()=\""), &node->is_exact);
	if (peek(parser) == '=') {
		parser->at++;
		node->name = node->value;
		node->value = take_text(parser, STR(" ()\""), &node->is_exact);
	}
	if (node->value.size == 0)
		parser->is_wrong = true;
	return node;
}

static const struct node *parse_not(struct parser *parser)
{
	if (++parser->depth > DEPTH_MAX) {
		parser->is_wrong = true;
		return NULL;
	}
	bool is_not = take_word(parser, STR("NOT"));
	const struct node *inner = is_not ? parse_not(parser) : parse_term(parser);
	parser->depth--;
	return is_not ? node_new(parser, NODE_NOT, inner, NULL) : inner;
}

static const struct node *parse_and(struct parser *parser)
{
	const struct node *node = parse_not(parser);

	while (!parser->is_wrong && peek(parser) != '\0' && peek(parser) != ')') {
		size_t at = parser->at;

		if (take_word(parser, STR("OR"))) {
			parser->at = at;
			break;
		}
		(void)take_word(parser, STR("AND"));
		node = node_new(parser, NODE_AND, node, parse_not(parser));
	}
	return node;
}

static const struct node *parse_or(struct parser *parser)
{
	const struct node *node = parse_and(parser);

	while (!parser->is_wrong && take_word(parser, STR("OR")))
		node = node_new(parser, NODE_OR, node, parse_and(parser));
	return node;
}

enum err metric_search_parse(struct arena *arena, struct str text,
			     const struct metric_search **out_search)
{
	struct metric_search *search = arena_new(arena, struct metric_search);
	struct parser parser = {.arena = arena, .text = text};

	parse_schema(&parser, search);
	if (!parser.is_wrong && peek(&parser) != '\0')
		search->root = parse_or(&parser);
	if (parser.is_wrong || parser.at < text.size || (!search->has_schema && !search->root))
		return ERR_INVALID;
	*out_search = search;
	return ERR_OK;
}

struct str metric_search_namespace(const struct metric_search *search)
{
	return search->name_space;
}

/* A whole text, or a part of it in any case of letters. */
static bool has_value(const struct node *node, struct str text)
{
	if (node->is_exact)
		return str_equal(text, node->value);
	for (size_t i = 0; i + node->value.size <= text.size; i++) {
		if (str_equal_nocase(str_slice(text, i, node->value.size), node->value))
			return true;
	}
	return false;
}

static bool matches_term(const struct node *node, const struct metric_key *key)
{
	bool is_any = !node->name.data;

	if ((is_any || str_equal(node->name, STR("MetricName"))) && has_value(node, key->name))
		return true;
	if ((is_any || str_equal(node->name, STR("Namespace"))) && has_value(node, key->name_space))
		return true;
	for (size_t i = 0; i < key->dimension_count; i++) {
		const struct metric_dimension *dimension = &key->dimensions[i];

		if ((is_any || str_equal(node->name, dimension->name)) &&
		    has_value(node, dimension->value))
			return true;
		if (is_any && has_value(node, dimension->name))
			return true;
	}
	return false;
}

static bool matches(const struct node *node, const struct metric_key *key)
{
	switch (node->kind) {
	case NODE_TERM:
		return matches_term(node, key);
	case NODE_NOT:
		return !matches(node->left, key);
	case NODE_AND:
		return matches(node->left, key) && matches(node->right, key);
	case NODE_OR:
		return matches(node->left, key) || matches(node->right, key);
	}
	return false;
}

bool metric_search_matches(const struct metric_search *search, const struct metric_key *key)
{
	if (search->has_schema && (!str_equal(search->name_space, key->name_space) ||
				   search->name_count != key->dimension_count))
		return false;
	for (size_t i = 0; i < search->name_count; i++) {
		bool is_found = false;

		for (size_t k = 0; k < key->dimension_count && !is_found; k++)
			is_found = str_equal(key->dimensions[k].name, search->names[i]);
		if (!is_found)
			return false;
	}
	return !search->root || matches(search->root, key);
}
