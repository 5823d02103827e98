/* SPDX-License-Identifier: MIT */
/* Tests of the command line's options. */
#include <string.h>

#include "base/fixture.h"
#include "option.h"

struct values {
	bool is_flag;
	struct str text;
	struct option_number number;
	struct option_list list;
	size_t choice;
};

static const struct option rows[] = {
	{"flag", OPTION_FLAG, offsetof(struct values, is_flag), NULL, "", 0, 0},
	{"text", OPTION_TEXT, offsetof(struct values, text), "TEXT", "", 0, 0},
	{"number", OPTION_NUMBER, offsetof(struct values, number), "N", "", -1, 10},
	{"list", OPTION_LIST, offsetof(struct values, list), "ITEM", "", 0, 0},
	{"choice", OPTION_CHOICE, offsetof(struct values, choice), "a|bb|c", "", 0, 0},
};
struct more_values {
	bool wants_help;
};
static const struct option more_rows[] = {
	{"help", OPTION_FLAG, offsetof(struct more_values, wants_help), NULL, "", 0, 0},
};

static struct values values;
static struct more_values more;
static struct arguments arguments;
static char problem[OPTION_PROBLEM_SIZE];

/* `line` is cut at blanks. */
static bool parse(const char *line)
{
	struct str rest = str_from(line);
	char *words[16];
	int count = 0;

	while (rest.size > 0)
		words[count++] = arena_cstr(&arena, str_cut(&rest, ' '));
	values = (struct values){0};
	more = (struct more_values){0};
	problem[0] = '\0';
	const struct option_set sets[] = {{rows, 5, &values}, {more_rows, 1, &more}};
	return option_parse(&arena, sets, 2, count, words, &arguments, problem);
}

#define assert_problem(line, text)                                                                 \
	do {                                                                                       \
		assert_false(parse(line));                                                         \
		assert_string_equal(problem, text);                                                \
	} while (0)

static void test_option_reads_every_kind(void **state)
{
	(void)state;
	assert_true(parse("--flag --text=a=b --number 10 --list x --list=y --choice bb --help"));
	assert_true(values.is_flag);
	assert_str(values.text, "a=b");
	assert_true(values.number.is_given);
	assert_int_equal(values.number.value, 10);
	assert_int_equal(values.list.count, 2);
	assert_str(values.list.items[0], "x");
	assert_str(values.list.items[1], "y");
	assert_int_equal(values.choice, 1);
	assert_true(more.wants_help);
	assert_int_equal(arguments.count, 0);
}

static void test_option_leaves_what_is_not_given(void **state)
{
	(void)state;
	assert_true(parse(""));
	assert_false(values.is_flag);
	assert_null(values.text.data);
	assert_false(values.number.is_given);
	assert_int_equal(values.list.count, 0);
	assert_int_equal(values.choice, 0);
	assert_true(parse("--text="));
	assert_non_null(values.text.data);
	assert_int_equal(values.text.size, 0);
}

static void test_option_mixes_with_arguments_until_two_dashes(void **state)
{
	(void)state;
	assert_true(parse("a --flag b - --number -1 -- --text -x"));
	assert_int_equal(arguments.count, 5);
	assert_str(arguments.items[0], "a");
	assert_str(arguments.items[1], "b");
	assert_str(arguments.items[2], "-");
	assert_str(arguments.items[3], "--text");
	assert_str(arguments.items[4], "-x");
	assert_true(values.is_flag);
	assert_int_equal(values.number.value, -1);
	assert_null(values.text.data);
	assert_true(parse("-h"));
	assert_true(more.wants_help);
}

static void test_option_refuses_with_advice(void **state)
{
	(void)state;
	assert_problem("--nmber 3", "there is no option --nmber; did you mean --number?");
	assert_problem("--num 3", "there is no option --num; did you mean --number?");
	assert_problem("--zzzzzz", "there is no option --zzzzzz");
	assert_problem("--number", "--number wants a value: --number N");
	assert_problem("--number 11", "--number wants a number from -1 to 10, not \"11\"");
	assert_problem("--number -2", "--number wants a number from -1 to 10, not \"-2\"");
	assert_problem("--number=1x", "--number wants a number from -1 to 10, not \"1x\"");
	assert_problem("--choice b", "--choice wants one of a|bb|c, not \"b\"");
	assert_problem("--flag=yes", "--flag takes no value");
	assert_problem("-x", "there is no option -x; put -- before an argument that begins with a "
			     "dash");
}
