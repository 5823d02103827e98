/* SPDX-License-Identifier: MIT */
/* dashboard_check: one function for each kind of widget; texts are those of AWS's schema engine. */
#include "services/cloudwatch/dashboard_check.h"

#include "format/json.h"

enum { WIDGETS_MAX = 500, METRICS_MAX = 500, COLUMNS = 24, HEIGHT_MAX = 1000, ALARMS_MAX = 100 };

struct checker {
	struct arena *arena;
	struct dashboard_problems *out;
	struct str path; /* of the value that is checked */
};

/* ---- problems ---- */

static void add(struct checker *checker, struct str path, struct str text, bool is_warning)
{
	struct dashboard_problems *out = checker->out;

	if (out->count == DASHBOARD_PROBLEMS_MAX)
		return;
	out->items[out->count++] = (struct dashboard_problem){path, text, is_warning};
	out->error_count += !is_warning;
}

static struct str below(struct checker *checker, const char *name)
{
	return arena_format(checker->arena, "%.*s/%s", STR_ARG(checker->path), name);
}

static void refuse(struct checker *checker, const char *name, struct str text)
{
	add(checker, below(checker, name), text, false);
}

static void require(struct checker *checker, yyjson_val *object, const char *name)
{
	if (!json_member(object, name))
		add(checker, checker->path,
		    arena_format(checker->arena, "Should have required property '%s'", name),
		    false);
}

static void check_choice(struct checker *checker, yyjson_val *object, const char *name,
			 const char *const *choices, size_t count)
{
	yyjson_val *value = json_member(object, name);

	if (!value)
		return;
	for (size_t i = 0; i < count; i++) {
		if (str_equal(json_text(value), str_from(choices[i])))
			return;
	}
	refuse(checker, name, STR("Should be equal to one of the allowed values"));
}

static void check_range(struct checker *checker, yyjson_val *object, const char *name,
			int64_t least, int64_t most)
{
	yyjson_val *value = json_member(object, name);

	if (!value)
		return;
	if (!yyjson_is_int(value))
		refuse(checker, name, STR("Should be integer"));
	else if (yyjson_get_sint(value) < least)
		refuse(checker, name,
		       arena_format(checker->arena, "Should be >= %lld", (long long)least));
	else if (yyjson_get_sint(value) > most)
		refuse(checker, name,
		       arena_format(checker->arena, "Should be <= %lld", (long long)most));
}

static bool is_known(struct str name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(name, str_from(names[i])))
			return true;
	}
	return false;
}

/* AWS accepts unknown properties and reports them. */
static void warn_unknown(struct checker *checker, yyjson_val *object, const char *const *names,
			 size_t count)
{
	size_t index, size;
	yyjson_val *key, *value;

	yyjson_obj_foreach(object, index, size, key, value) {
		struct str name = json_text(key);

		if (!is_known(name, names, count))
			add(checker, checker->path,
			    arena_format(checker->arena,
					 "Should NOT have additional properties: '%.*s'",
					 STR_ARG(name)),
			    true);
	}
}

/* ---- metric widgets ---- */

/* Strings, then an object at most: [namespace, name, dimension, value, ..., {options}]. */
static void check_metric(struct checker *checker, yyjson_val *metric)
{
	size_t size = yyjson_arr_size(metric), index, count;
	bool has_options = size > 0 && yyjson_is_obj(yyjson_arr_get_last(metric));
	size_t texts = size - has_options;
	bool has_rest = false;
	yyjson_val *item;

	if (size == 1 && has_options &&
	    (json_member(yyjson_arr_get_first(metric), "expression") ||
	     json_member(yyjson_arr_get_first(metric), "query")))
		return;
	yyjson_arr_foreach(metric, index, count, item) {
		if (index < texts && !yyjson_is_str(item)) {
			add(checker,
			    arena_format(checker->arena, "%.*s/%zu", STR_ARG(checker->path), index),
			    STR("Invalid metric field type, only \"String\" type is allowed"),
			    false);
			return;
		}
		has_rest = has_rest || str_equal(json_text(item), STR("..."));
	}
	if (texts == 0)
		add(checker, checker->path, STR("Should NOT have fewer than 1 items"), false);
	else if (!has_rest && texts > 1 && texts % 2 != 0)
		add(checker, checker->path,
		    arena_format(checker->arena, "Should NOT have more than %zu items",
				 texts - 1 + has_options),
		    false);
}

static void check_metrics(struct checker *checker, yyjson_val *metrics)
{
	struct checker inner = *checker;
	struct str path = below(checker, "metrics");
	size_t index, count;
	yyjson_val *metric;

	if (!yyjson_is_arr(metrics)) {
		add(checker, path, STR("Should be array"), false);
		return;
	}
	if (yyjson_arr_size(metrics) > METRICS_MAX)
		add(checker, path, STR("Should NOT have more than 500 items"), false);
	yyjson_arr_foreach(metrics, index, count, metric) {
		if (!yyjson_is_arr(metric)) {
			add(checker, path,
			    STR("Field \"metrics\" has to be an array of array of strings, with an "
				"optional metricRenderer object as last element"),
			    false);
			return;
		}
		inner.path = arena_format(checker->arena, "%.*s/%zu", STR_ARG(path), index);
		check_metric(&inner, metric);
	}
}

static bool has_region(yyjson_val *properties)
{
	yyjson_val *metrics = json_member(properties, "metrics"), *metric;
	size_t index, count;

	if (json_member(properties, "region"))
		return true;
	yyjson_arr_foreach(metrics, index, count, metric) {
		if (!yyjson_is_arr(metric) || !json_member(yyjson_arr_get_last(metric), "region"))
			return false;
	}
	return yyjson_is_arr(metrics) && yyjson_arr_size(metrics) > 0;
}

static void check_metric_widget(struct checker *checker, yyjson_val *properties)
{
	static const char *const views[] = {"timeSeries",  "bar",   "pie",
					    "singleValue", "gauge", "table"};
	static const char *const known[] = {"metrics",	"annotations", "region",
					    "view",	"stacked",     "stat",
					    "period",	"title",       "yAxis",
					    "legend",	"liveData",    "setPeriodToTimeRange",
					    "timezone", "sparkline",   "trend",
					    "table",	"accountId",   "singleValueFullPrecision",
					    "labels",	"start",       "end",
					    "width",	"height",      "theme"};
	yyjson_val *annotations = json_member(properties, "annotations");
	yyjson_val *axis = json_member(json_member(properties, "yAxis"), "left");

	if (json_member(properties, "metrics"))
		check_metrics(checker, json_member(properties, "metrics"));
	else if (!json_member(annotations, "alarms"))
		require(checker, properties, "metrics");
	if (!has_region(properties) && !json_member(annotations, "alarms"))
		require(checker, properties, "region");
	check_choice(checker, properties, "view", views, sizeof(views) / sizeof(views[0]));
	check_range(checker, properties, "period", 1, INT32_MAX);
	if (json_member(properties, "stacked") &&
	    !yyjson_is_bool(json_member(properties, "stacked")))
		refuse(checker, "stacked", STR("Should be boolean"));
	if (str_equal(json_text(json_member(properties, "view")), STR("gauge")) &&
	    (!json_member(axis, "min") || !json_member(axis, "max")))
		refuse(checker, "yAxis",
		       STR("Gauge widgets need a min and a max of the left axis"));
	warn_unknown(checker, properties, known, sizeof(known) / sizeof(known[0]));
}

/* ---- widgets ---- */

static void check_alarm_widget(struct checker *checker, yyjson_val *properties)
{
	yyjson_val *alarms = json_member(properties, "alarms");

	require(checker, properties, "alarms");
	if (alarms && !yyjson_is_arr(alarms))
		refuse(checker, "alarms", STR("Should be array"));
	else if (alarms && yyjson_arr_size(alarms) == 0)
		refuse(checker, "alarms", STR("Should NOT have fewer than 1 items"));
	else if (alarms && yyjson_arr_size(alarms) > ALARMS_MAX)
		refuse(checker, "alarms", STR("Should NOT have more than 100 items"));
}

static void check_properties(struct checker *checker, struct str type, yyjson_val *properties)
{
	struct checker inner = *checker;

	inner.path = below(checker, "properties");
	if (!yyjson_is_obj(properties)) {
		add(checker, inner.path, STR("Should be object"), false);
		return;
	}
	if (str_equal(type, STR("metric")))
		check_metric_widget(&inner, properties);
	else if (str_equal(type, STR("text")))
		require(&inner, properties, "markdown");
	else if (str_equal(type, STR("log"))) {
		require(&inner, properties, "query");
		require(&inner, properties, "region");
	} else if (str_equal(type, STR("alarm")))
		check_alarm_widget(&inner, properties);
	else if (str_equal(type, STR("custom")))
		require(&inner, properties, "endpoint");
}

static void check_widget(struct checker *checker, yyjson_val *widget)
{
	static const char *const types[] = {"metric", "text", "log", "alarm", "explorer", "custom"};
	yyjson_val *type = json_member(widget, "type");

	if (!yyjson_is_obj(widget)) {
		add(checker, checker->path, STR("Should be object"), false);
		return;
	}
	require(checker, widget, "type");
	require(checker, widget, "properties");
	check_choice(checker, widget, "type", types, sizeof(types) / sizeof(types[0]));
	check_range(checker, widget, "x", 0, COLUMNS - 1);
	check_range(checker, widget, "y", 0, INT32_MAX);
	check_range(checker, widget, "width", 1, COLUMNS);
	check_range(checker, widget, "height", 1, HEIGHT_MAX);
	if (!json_member(widget, "x") != !json_member(widget, "y"))
		add(checker, checker->path, STR("Should have both of the properties x and y"),
		    false);
	if (json_member(widget, "properties"))
		check_properties(checker, json_text(type), json_member(widget, "properties"));
}

void dashboard_check(struct arena *arena, struct str body, struct dashboard_problems *out)
{
	struct checker checker = {.arena = arena, .out = out, .path = STR("")};
	static const char *const overrides[] = {"auto", "inherit"};
	yyjson_val *root, *widgets, *widget;
	size_t index, count;

	out->items = arena_array(arena, struct dashboard_problem, DASHBOARD_PROBLEMS_MAX);
	if (json_parse(arena, body, &root) != ERR_OK || !yyjson_is_obj(root)) {
		add(&checker, STR("/"), STR("The dashboard body is not a valid JSON object"),
		    false);
		return;
	}
	require(&checker, root, "widgets");
	check_choice(&checker, root, "periodOverride", overrides, 2);
	if (json_member(root, "end") && !json_member(root, "start"))
		require(&checker, root, "start");
	widgets = json_member(root, "widgets");
	if (widgets && !yyjson_is_arr(widgets))
		refuse(&checker, "widgets", STR("Should be array"));
	if (yyjson_arr_size(widgets) > WIDGETS_MAX)
		refuse(&checker, "widgets", STR("Should NOT have more than 500 items"));
	yyjson_arr_foreach(widgets, index, count, widget) {
		checker.path = arena_format(arena, "/widgets/%zu", index);
		check_widget(&checker, widget);
	}
}

struct str dashboard_problems_text(struct arena *arena, const struct dashboard_problems *problems)
{
	struct buf out = {0};
	size_t shown = 0;

	buf_format(&out, "The dashboard body is invalid, there are %zu validation errors:\n[",
		   problems->error_count);
	for (size_t i = 0; i < problems->count; i++) {
		const struct dashboard_problem *problem = &problems->items[i];
		struct json_writer writer;

		if (problem->is_warning)
			continue;
		buf_format(&out, "%s\n  {\n    \"dataPath\": ", shown++ ? "," : "");
		json_begin(&writer, &out);
		json_str(&writer, problem->path);
		buf_append(&out, STR(",\n    \"message\": "));
		json_begin(&writer, &out);
		json_str(&writer, problem->text);
		buf_append(&out, STR("\n  }"));
	}
	buf_append(&out, STR("\n]"));
	struct str copy = arena_copy(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}
