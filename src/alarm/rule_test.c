/* SPDX-License-Identifier: MIT */
/* Rules of composite alarms by the tables of cases/, their limits, and cycles. */
#include "alarm/cycle.h"

#include "alarm/case_fixture.h"

static size_t wrong;

static const struct str names[] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c"), STR_INIT("d e")};

static enum alarm_state state_of(char c)
{
	return c == 'A' ? ALARM_ALARM : c == 'O' ? ALARM_OK : ALARM_INSUFFICIENT_DATA;
}

/* The columns are cut from the right, as a rule has no '|'. */
static void check_rule(struct str line)
{
	enum alarm_state states[LIMIT_ALARM_CHILDREN];
	struct str rest = line, text = str_cut(&rest, '|'), problem;
	struct str given = str_trim(str_cut(&rest, '|'));
	struct alarm_rule *rule = NULL;
	size_t at;

	if (alarm_rule_new(text, &rule, &problem, &at) != ERR_OK) {
		print_error("%.*s\n  %.*s at %zu\n", STR_ARG(line), STR_ARG(problem), at);
		wrong++;
		return;
	}
	for (size_t i = 0; i < alarm_rule_child_count(rule); i++) {
		for (size_t name = 0; name < 4; name++) {
			if (str_equal(alarm_child_name(alarm_rule_child(rule, i)), names[name]))
				states[i] = state_of(given.data[name]);
		}
	}
	if (alarm_rule_evaluate(rule, states) != str_equal(str_trim(rest), STR("true")) && ++wrong)
		print_error("%.*s\n", STR_ARG(line));
	alarm_rule_free(&rule);
}

static void test_rules_have_the_values_of_the_table(void **unused)
{
	(void)unused;
	wrong = 0;
	assert_true(each_line("rules", check_rule) >= 50);
	assert_int_equal(wrong, 0);
}

static void check_refused(struct str line)
{
	struct str rest = line, text = str_cut(&rest, '|'), problem = STR("");
	struct alarm_rule *rule = NULL;
	uint64_t expected;
	size_t at = 0;

	text = str_slice(text, 0, text.size - 1); /* without the blank before '|' */
	assert_true(str_to_u64(str_trim(str_cut(&rest, '|')), &expected));
	if ((alarm_rule_new(text, &rule, &problem, &at) != ERR_INVALID || at != expected ||
	     !str_equal(problem, str_trim(rest))) &&
	    ++wrong)
		print_error("%.*s\n  %.*s at %zu\n", STR_ARG(line), STR_ARG(problem), at);
	alarm_rule_free(&rule);
}

static void test_wrong_rules_are_refused_with_place_and_reason(void **unused)
{
	(void)unused;
	wrong = 0;
	assert_true(each_line("refused", check_refused) >= 20);
	assert_int_equal(wrong, 0);
}

static enum err parse(const struct buf *text, struct alarm_rule **out_rule)
{
	struct str problem;
	size_t at;

	return alarm_rule_new(buf_str(text), out_rule, &problem, &at);
}

static void test_rules_have_limits(void **unused)
{
	(void)unused;
	struct alarm_rule *rule = NULL;
	struct buf text = {0};

	for (int i = 0; i < LIMIT_ALARM_CHILDREN; i++)
		buf_format(&text, "%sALARM(n%d)", i ? " OR " : "", i);
	assert_int_equal(parse(&text, &rule), ERR_OK);
	assert_int_equal(alarm_rule_child_count(rule), LIMIT_ALARM_CHILDREN);
	alarm_rule_free(&rule);
	buf_append(&text, STR(" OR ALARM(n0)"));
	assert_int_equal(parse(&text, &rule), ERR_OK);
	alarm_rule_free(&rule);
	buf_append(&text, STR(" OR ALARM(more)"));
	assert_int_equal(parse(&text, &rule), ERR_TOOLARGE);

	buf_reset(&text);
	for (int i = 1; i < LIMIT_ALARM_RULE_DEPTH; i++)
		buf_append_char(&text, '(');
	buf_append(&text, STR("TRUE"));
	for (int i = 1; i < LIMIT_ALARM_RULE_DEPTH; i++)
		buf_append_char(&text, ')');
	assert_int_equal(parse(&text, &rule), ERR_OK);
	alarm_rule_free(&rule);
	struct buf deeper = {0};
	buf_format(&deeper, "(%.*s)", STR_ARG(buf_str(&text)));
	assert_int_equal(parse(&deeper, &rule), ERR_TOOLARGE);
	buf_done(&deeper);

	buf_reset(&text);
	buf_append(&text, STR("TRUE"));
	while (text.size < LIMIT_ALARM_RULE_SIZE)
		buf_append_char(&text, ' ');
	assert_int_equal(parse(&text, &rule), ERR_OK);
	alarm_rule_free(&rule);
	buf_append_char(&text, ' ');
	assert_int_equal(parse(&text, &rule), ERR_TOOLARGE);
	buf_done(&text);
}

/* "x" depends on "y", "y" on "z", and "z" on a metric alarm. */
static const struct alarm_rule *find(void *context, struct str name)
{
	struct alarm_rule **rules = context;

	if (name.size != 1 || name.data[0] < 'x')
		return NULL;
	return rules[name.data[0] - 'x'];
}

static void test_cycles_are_found_through_other_rules(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
		"ALARM(y) AND OK(m)",
		"OK(arn:aws:cloudwatch:us-east-1:000000000000:alarm:z) OR ALARM(m)",
		"NOT ALARM(m)"};
	struct alarm_rule *rules[3] = {0}, *own = NULL;
	struct str problem;
	size_t at;

	for (int i = 0; i < 3; i++)
		assert_int_equal(alarm_rule_new(str_from(texts[i]), &rules[i], &problem, &at),
				 ERR_OK);
	assert_int_equal(alarm_rule_new(STR("ALARM(x)"), &own, &problem, &at), ERR_OK);
	assert_true(alarm_makes_cycle(STR("x"), own, find, rules));
	assert_true(alarm_makes_cycle(STR("y"), own, find, rules));
	assert_true(alarm_makes_cycle(STR("z"), own, find, rules));
	assert_true(alarm_makes_cycle(STR("m"), own, find, rules));
	assert_false(alarm_makes_cycle(STR("w"), own, find, rules));
	alarm_rule_free(&own);
	for (int i = 0; i < 3; i++)
		alarm_rule_free(&rules[i]);
}
