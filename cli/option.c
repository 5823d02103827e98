/* SPDX-License-Identifier: MIT */
/* option: one pass over the words; a row's kind knows how a text becomes a value. */
#include "option.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/suggest.h"

struct parser {
	struct arena *arena;
	const struct option_set *sets;
	size_t set_count;
	int argc;
	char **argv;
	int place;
	char *problem;
};

static bool refuse(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(struct parser *parser, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parser->problem, OPTION_PROBLEM_SIZE, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- suggestions ---- */

static const char *suggest(const struct parser *parser, struct str given)
{
	const char *names[64];
	size_t count = 0;

	for (size_t i = 0; i < parser->set_count; i++)
		for (size_t j = 0; j < parser->sets[i].option_count && count < 64; j++)
			names[count++] = parser->sets[i].options[j].name;
	return suggest_name(given, names, count);
}

/* ---- values ---- */

static bool read_number(struct parser *parser, const struct option *option, struct str text,
			struct option_number *out_number)
{
	if (!str_to_i64(text, &out_number->value) || out_number->value < option->least ||
	    out_number->value > option->most)
		return refuse(parser, "--%s wants a number from %lld to %lld, not \"%.*s\"",
			      option->name, (long long)option->least, (long long)option->most,
			      STR_ARG(text));
	out_number->is_given = true;
	return true;
}

static bool read_choice(struct parser *parser, const struct option *option, struct str text,
			size_t *out_place)
{
	struct str choices = str_from(option->value);

	for (size_t place = 0; choices.size > 0; place++) {
		if (!str_equal(str_cut(&choices, '|'), text))
			continue;
		*out_place = place;
		return true;
	}
	return refuse(parser, "--%s wants one of %s, not \"%.*s\"", option->name, option->value,
		      STR_ARG(text));
}

static void append(struct parser *parser, struct option_list *list, struct str text)
{
	/* There cannot be more of them than words. */
	if (!list->items)
		list->items = arena_array(parser->arena, struct str, (size_t)parser->argc);
	list->items[list->count++] = text;
}

static bool read_value(struct parser *parser, const struct option *option, void *values,
		       struct str text)
{
	void *place = (char *)values + option->offset;

	switch (option->kind) {
	case OPTION_NUMBER:
		return read_number(parser, option, text, place);
	case OPTION_CHOICE:
		return read_choice(parser, option, text, place);
	case OPTION_LIST:
		append(parser, place, text);
		return true;
	default:
		*(struct str *)place = text;
		return true;
	}
}

/* ---- words ---- */

static const struct option *find(const struct parser *parser, struct str name, void **out_values)
{
	for (size_t i = 0; i < parser->set_count; i++) {
		const struct option_set *set = &parser->sets[i];
		for (size_t j = 0; j < set->option_count; j++) {
			if (!str_equal(str_from(set->options[j].name), name))
				continue;
			*out_values = set->values;
			return &set->options[j];
		}
	}
	return NULL;
}

static bool read_option(struct parser *parser, struct str word)
{
	struct str value = str_slice(word, 2, word.size);
	struct str name = str_cut(&value, '=');
	void *values;
	const struct option *option = find(parser, name, &values);

	if (!option) {
		const char *meant = suggest(parser, name);
		return refuse(parser, "there is no option --%.*s%s%s%s", STR_ARG(name),
			      meant ? "; did you mean --" : "", meant ? meant : "",
			      meant ? "?" : "");
	}
	if (option->kind == OPTION_FLAG) {
		if (value.data)
			return refuse(parser, "--%s takes no value", option->name);
		*(bool *)((char *)values + option->offset) = true;
		return true;
	}
	if (!value.data) {
		if (parser->place == parser->argc)
			return refuse(parser, "--%s wants a value: --%s %s", option->name,
				      option->name, option->value);
		value = str_from(parser->argv[parser->place++]);
	}
	return read_value(parser, option, values, value);
}

bool option_parse(struct arena *arena, const struct option_set *sets, size_t set_count, int argc,
		  char **argv, struct arguments *out_arguments, char *problem)
{
	struct parser parser = {arena, sets, set_count, argc, argv, 0, problem};
	bool reads_options = true;

	*out_arguments = (struct arguments){arena_array(arena, struct str, (size_t)argc), 0};
	while (parser.place < argc) {
		struct str word = str_from(argv[parser.place++]);
		if (reads_options && str_equal(word, STR("--"))) {
			reads_options = false;
		} else if (reads_options && str_equal(word, STR("-h"))) {
			if (!read_option(&parser, STR("--help")))
				return false;
		} else if (reads_options && word.size > 1 && word.data[0] == '-') {
			if (word.data[1] != '-')
				return refuse(&parser,
					      "there is no option %.*s; put -- before an argument "
					      "that begins with a dash",
					      STR_ARG(word));
			if (!read_option(&parser, word))
				return false;
		} else {
			out_arguments->items[out_arguments->count++] = word;
		}
	}
	return true;
}
