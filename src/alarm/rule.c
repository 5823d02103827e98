/* SPDX-License-Identifier: MIT */
/*
 * rule: recursive descent into postfix steps, which a stack of booleans evaluates.
 *
 *   rule    = and { OR and };    and = not { AND not };    not = { NOT } basic
 *   basic   = TRUE | FALSE | "(" rule ")" | STATE "(" name ")"
 *           | AT_LEAST "(" count [ "%" ] "," [ NOT ] STATE "," "(" name { "," name } ")" ")"
 *
 * Invariants: a compiled rule leaves exactly one value on the stack, which is never deeper than
 * the number of steps.
 */
#include "alarm/rule.h"

enum step_kind { STEP_FALSE, STEP_TRUE, STEP_STATE, STEP_NOT, STEP_AND, STEP_OR, STEP_AT_LEAST };

struct step {
	enum step_kind kind;
	bool is_negated;	/* of AT_LEAST: NOT STATE */
	enum alarm_state state; /* of STATE and AT_LEAST */
	uint32_t child;		/* of STATE; of AT_LEAST: the first in `listed` */
	uint32_t count, needed; /* of AT_LEAST */
};

struct alarm_rule {
	struct step *steps;
	struct str *children;
	uint32_t *listed; /* children of AT_LEAST */
	size_t step_count, child_count, listed_count;
	char *text;
};

struct parser {
	struct str text;
	size_t at;
	struct str problem;
	size_t problem_at;
	enum err err;
	uint32_t depth;
	struct {
		struct step *items;
		size_t count, capacity;
	} steps;
	struct {
		struct str *items;
		size_t count, capacity;
	} children;
	struct {
		uint32_t *items;
		size_t count, capacity;
	} listed;
};

static bool refuse(struct parser *parser, enum err err, struct str problem)
{
	if (!parser->err) {
		parser->err = err;
		parser->problem = problem;
		parser->problem_at = parser->at;
	}
	return false;
}

/* ---- tokens ---- */

static bool is_one_of(char c, struct str set)
{
	return str_find_char(set, c, 0) != SIZE_MAX;
}

static void skip_blanks(struct parser *parser)
{
	while (parser->at < parser->text.size &&
	       is_one_of(parser->text.data[parser->at], STR(" \t\r\n")))
		parser->at++;
}

static bool take_char(struct parser *parser, char c)
{
	skip_blanks(parser);
	if (parser->at == parser->text.size || parser->text.data[parser->at] != c)
		return false;
	parser->at++;
	return true;
}

static bool is_word_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool take_word(struct parser *parser, struct str word)
{
	skip_blanks(parser);
	if (!str_equal(str_slice(parser->text, parser->at, word.size), word))
		return false;
	size_t end = parser->at + word.size;
	if (end < parser->text.size && is_word_char(parser->text.data[end]))
		return false;
	parser->at = end;
	return true;
}

static bool take_state(struct parser *parser, enum alarm_state *out_state)
{
	for (int state = ALARM_INSUFFICIENT_DATA; state <= ALARM_ALARM; state++) {
		if (take_word(parser, alarm_state_name((enum alarm_state)state))) {
			*out_state = (enum alarm_state)state;
			return true;
		}
	}
	return false;
}

/* A quoted name, or the characters up to one that ends it. */
static bool take_name(struct parser *parser, struct str *out_name)
{
	size_t end;

	if (take_char(parser, '"') || take_char(parser, '\'')) {
		end = str_find_char(parser->text, parser->text.data[parser->at - 1], parser->at);
		if (end == SIZE_MAX)
			return refuse(parser, ERR_INVALID,
				      STR("The alarm name has no closing quote"));
		*out_name = str_slice(parser->text, parser->at, end - parser->at);
		parser->at = end + 1;
	} else {
		for (end = parser->at; end < parser->text.size; end++) {
			if (is_one_of(parser->text.data[end], STR(" \t\r\n(),\"'")))
				break;
		}
		*out_name = str_slice(parser->text, parser->at, end - parser->at);
		parser->at = end;
	}
	if (out_name->size == 0)
		return refuse(parser, ERR_INVALID, STR("An alarm name is expected"));
	return true;
}

/* ---- grammar ---- */

static void emit(struct parser *parser, struct step step)
{
	vec_push(&parser->steps, step);
}

static bool add_child(struct parser *parser, uint32_t *out_index)
{
	struct str name;

	if (!take_name(parser, &name))
		return false;
	for (size_t i = 0; i < parser->children.count; i++) {
		if (str_equal(parser->children.items[i], name)) {
			*out_index = (uint32_t)i;
			return true;
		}
	}
	if (parser->children.count == LIMIT_ALARM_CHILDREN)
		return refuse(parser, ERR_TOOLARGE, STR("The rule names too many alarms"));
	*out_index = (uint32_t)parser->children.count;
	vec_push(&parser->children, name);
	return true;
}

static bool parse_state(struct parser *parser, enum alarm_state state)
{
	struct step step = {.kind = STEP_STATE, .state = state};

	if (!take_char(parser, '('))
		return refuse(parser, ERR_INVALID, STR("'(' is expected"));
	if (!add_child(parser, &step.child))
		return false;
	if (!take_char(parser, ')'))
		return refuse(parser, ERR_INVALID, STR("')' is expected"));
	emit(parser, step);
	return true;
}

static bool parse_count(struct parser *parser, uint32_t *out_value, bool *out_is_percent)
{
	uint64_t value;
	size_t end;

	skip_blanks(parser);
	for (end = parser->at; end < parser->text.size; end++) {
		if (parser->text.data[end] < '0' || parser->text.data[end] > '9')
			break;
	}
	if (!str_to_u64(str_slice(parser->text, parser->at, end - parser->at), &value) ||
	    value == 0 || value > LIMIT_ALARM_CHILDREN)
		return refuse(parser, ERR_INVALID, STR("AT_LEAST needs a number from 1"));
	parser->at = end;
	*out_is_percent = take_char(parser, '%');
	if (*out_is_percent && value > 100)
		return refuse(parser, ERR_INVALID, STR("A percentage is at most 100"));
	*out_value = (uint32_t)value;
	return true;
}

static bool parse_list(struct parser *parser, struct step *step)
{
	uint32_t child;

	if (!take_char(parser, '('))
		return refuse(parser, ERR_INVALID, STR("'(' is expected"));
	step->child = (uint32_t)parser->listed.count;
	do {
		if (!add_child(parser, &child))
			return false;
		vec_push(&parser->listed, child);
		step->count++;
	} while (take_char(parser, ','));
	if (!take_char(parser, ')') || !take_char(parser, ')'))
		return refuse(parser, ERR_INVALID, STR("')' is expected"));
	return true;
}

static bool parse_at_least(struct parser *parser)
{
	struct step step = {.kind = STEP_AT_LEAST};
	bool is_percent;

	if (!take_char(parser, '('))
		return refuse(parser, ERR_INVALID, STR("'(' is expected"));
	if (!parse_count(parser, &step.needed, &is_percent))
		return false;
	if (!take_char(parser, ','))
		return refuse(parser, ERR_INVALID, STR("',' is expected"));
	step.is_negated = take_word(parser, STR("NOT"));
	if (!take_state(parser, &step.state))
		return refuse(parser, ERR_INVALID, STR("A state is expected"));
	if (!take_char(parser, ','))
		return refuse(parser, ERR_INVALID, STR("',' is expected"));
	if (!parse_list(parser, &step))
		return false;
	if (is_percent)
		step.needed = (step.needed * step.count + 99) / 100;
	if (step.needed > step.count)
		return refuse(parser, ERR_INVALID, STR("AT_LEAST needs more alarms than it names"));
	emit(parser, step);
	return true;
}

static bool parse_or(struct parser *parser);

static bool parse_basic(struct parser *parser)
{
	enum alarm_state state;

	if (take_word(parser, STR("TRUE")) || take_word(parser, STR("FALSE"))) {
		bool is_true = parser->text.data[parser->at - 2] == 'U';

		emit(parser, (struct step){.kind = is_true ? STEP_TRUE : STEP_FALSE});
		return true;
	}
	if (take_word(parser, STR("AT_LEAST")))
		return parse_at_least(parser);
	if (take_state(parser, &state))
		return parse_state(parser, state);
	if (!take_char(parser, '('))
		return refuse(parser, ERR_INVALID,
			      STR("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, TRUE, FALSE or '(' is "
				  "expected"));
	if (!parse_or(parser))
		return false;
	return take_char(parser, ')') || refuse(parser, ERR_INVALID, STR("')' is expected"));
}

static bool parse_not(struct parser *parser)
{
	bool is_negated = false;

	while (take_word(parser, STR("NOT")))
		is_negated = !is_negated;
	if (!parse_basic(parser))
		return false;
	if (is_negated)
		emit(parser, (struct step){.kind = STEP_NOT});
	return true;
}

static bool parse_and(struct parser *parser)
{
	if (!parse_not(parser))
		return false;
	while (take_word(parser, STR("AND"))) {
		if (!parse_not(parser))
			return false;
		emit(parser, (struct step){.kind = STEP_AND});
	}
	return true;
}

static bool parse_or(struct parser *parser)
{
	if (++parser->depth > LIMIT_ALARM_RULE_DEPTH)
		return refuse(parser, ERR_TOOLARGE, STR("The rule is nested too deeply"));
	if (!parse_and(parser))
		return false;
	while (take_word(parser, STR("OR"))) {
		if (!parse_and(parser))
			return false;
		emit(parser, (struct step){.kind = STEP_OR});
	}
	parser->depth--;
	return true;
}

/* ---- the compiled rule ---- */

static struct alarm_rule *build(const struct parser *parser)
{
	size_t steps_size = parser->steps.count * sizeof(struct step);
	size_t children_size = parser->children.count * sizeof(struct str);
	size_t listed_size = parser->listed.count * sizeof(uint32_t);
	struct alarm_rule *rule = heap_alloc(sizeof(*rule) + steps_size + children_size +
					     listed_size + parser->text.size);
	char *end = (char *)(rule + 1);

	rule->children = pack_array(&end, parser->children.items, children_size);
	rule->steps = pack_array(&end, parser->steps.items, steps_size);
	rule->listed = pack_array(&end, parser->listed.items, listed_size);
	rule->child_count = parser->children.count;
	rule->step_count = parser->steps.count;
	rule->listed_count = parser->listed.count;
	rule->text = end;
	memcpy(rule->text, parser->text.data, parser->text.size);
	for (size_t i = 0; i < rule->child_count; i++)
		rule->children[i].data = rule->text + (rule->children[i].data - parser->text.data);
	return rule;
}

enum err alarm_rule_new(struct str text, struct alarm_rule **out_rule, struct str *out_problem,
			size_t *out_at)
{
	struct parser parser = {.text = text};

	if (text.size > LIMIT_ALARM_RULE_SIZE)
		(void)refuse(&parser, ERR_TOOLARGE, STR("The rule is too long"));
	else if (parse_or(&parser)) {
		skip_blanks(&parser);
		if (parser.at < text.size)
			(void)refuse(&parser, ERR_INVALID, STR("AND, OR or the end is expected"));
	}
	if (!parser.err)
		*out_rule = build(&parser);
	else {
		*out_problem = parser.problem;
		*out_at = parser.problem_at;
	}
	vec_done(&parser.steps);
	vec_done(&parser.children);
	vec_done(&parser.listed);
	return parser.err;
}

void alarm_rule_free(struct alarm_rule **rule)
{
	heap_free(*rule);
	*rule = NULL;
}

size_t alarm_rule_child_count(const struct alarm_rule *rule)
{
	return rule->child_count;
}

struct str alarm_rule_child(const struct alarm_rule *rule, size_t index)
{
	check(index < rule->child_count);
	return rule->children[index];
}

static bool is_at_least(const struct alarm_rule *rule, const struct step *step,
			const enum alarm_state *states)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < step->count; i++) {
		bool is_state = states[rule->listed[step->child + i]] == step->state;

		found += is_state != step->is_negated;
	}
	return found >= step->needed;
}

bool alarm_rule_evaluate(const struct alarm_rule *rule, const enum alarm_state *states)
{
	bool stack[LIMIT_ALARM_RULE_SIZE];
	size_t top = 0;

	for (size_t i = 0; i < rule->step_count; i++) {
		const struct step *step = &rule->steps[i];

		switch (step->kind) {
		case STEP_FALSE:
		case STEP_TRUE:
			stack[top++] = step->kind == STEP_TRUE;
			break;
		case STEP_STATE:
			stack[top++] = states[step->child] == step->state;
			break;
		case STEP_AT_LEAST:
			stack[top++] = is_at_least(rule, step, states);
			break;
		case STEP_NOT:
			stack[top - 1] = !stack[top - 1];
			break;
		case STEP_AND:
			top--;
			stack[top - 1] = stack[top - 1] && stack[top];
			break;
		case STEP_OR:
			top--;
			stack[top - 1] = stack[top - 1] || stack[top];
			break;
		}
	}
	check(top == 1);
	return stack[0];
}
