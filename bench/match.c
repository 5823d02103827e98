/* SPDX-License-Identifier: MIT */
/*
 * match: what it costs to match events against many rules: nanoseconds of one thread's CPU, with
 * parsing the event's JSON, without, and as text, and bytes and nanoseconds to add a rule.
 *
 *   bench_match EVENTS     a file with one event of JSON a line; prints one JSON object a line
 *
 * Rules are like those of rivals' benchmarks: two paths, one of them selective. "exact" compares
 * texts, "prefix" and "suffix" parts of them, "wildcard" begins with a star, "anything-but" and
 * "numeric" are what they say. No rule matches, as most do not on a busy bus.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "format/json.h"
#include "match/matcher.h"

enum { EVENTS_MAX = 4096, ROUNDS = 11 };

struct event {
	struct str text;
	yyjson_val *root;
};

static struct event events[EVENTS_MAX];
static size_t event_count;
static struct arena arena;

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void read_events(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file) {
		fprintf(stderr, "bench_match: cannot read %s\n", path);
		exit(1);
	}
	for (ssize_t size; event_count < EVENTS_MAX && (size = getline(&line, &room, file)) > 0;) {
		struct event *event = &events[event_count++];
		event->text = arena_copy(&arena, str_of(line, (size_t)size));
		check(json_parse(&arena, event->text, &event->root) == ERR_OK);
	}
	free(line);
	fclose(file);
}

/* A rule on the event's type and on the full name of a repository, as in the recorded events. */
static void write_rule(struct buf *out, const char *kind, size_t number)
{
	static const char *const actions[] = {"opened", "created", "closed", "edited", "deleted"};
	const char *action = actions[number % (sizeof(actions) / sizeof(actions[0]))];

	buf_reset(out);
	buf_format(out, "{\"action\":[\"%s\"],", action);
	if (strcmp(kind, "exact") == 0)
		buf_format(out, "\"repository\":{\"full_name\":[\"owner-%zu/name\"]}}", number);
	else if (strcmp(kind, "prefix") == 0)
		buf_format(out, "\"repository\":{\"full_name\":[{\"prefix\":\"owner-%zu/\"}]}}",
			   number);
	else if (strcmp(kind, "suffix") == 0)
		buf_format(out, "\"repository\":{\"full_name\":[{\"suffix\":\"/name-%zu\"}]}}",
			   number);
	else if (strcmp(kind, "wildcard") == 0)
		buf_format(out, "\"repository\":{\"full_name\":[{\"wildcard\":\"*-%zu/*e\"}]}}",
			   number);
	else if (strcmp(kind, "numeric") == 0)
		buf_format(out, "\"repository\":{\"id\":[{\"numeric\":[\">\",%zu,\"<\",%zu]}]}}",
			   number * 1000, number * 1000 + 500);
	else
		buf_format(out,
			   "\"repository\":{\"full_name\":[{\"anything-but\":\"owner-%zu\"}],"
			   "\"name\":[\"name-%zu\"]}}",
			   number, number);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Events are matched when they are parsed, with the time to parse them, or as text. */
enum mode { PARSED, WITH_PARSING, AS_TEXT };

static size_t match_text(const struct matcher *matcher, struct match_scratch *scratch,
			 struct str text)
{
	void *const *users;
	size_t count = 0;

	check(matcher_match_text(matcher, scratch, text, &users, &count) == ERR_OK);
	return count;
}

static double median_per_event(const struct matcher *matcher, enum mode mode, size_t *out_matches)
{
	struct match_scratch *scratch = match_scratch_new();
	double rounds[ROUNDS];
	void *const *users;
	struct arena scrap;

	arena_init(&scrap);
	for (size_t round = 0; round < ROUNDS; round++) {
		int64_t start = cpu_ns();
		*out_matches = 0;
		for (size_t i = 0; i < event_count; i++) {
			yyjson_val *root = events[i].root;
			if (mode == AS_TEXT) {
				*out_matches += match_text(matcher, scratch, events[i].text);
				continue;
			}
			if (mode == WITH_PARSING) {
				arena_reset(&scrap);
				check(json_parse(&scrap, events[i].text, &root) == ERR_OK);
			}
			*out_matches += matcher_match(matcher, scratch, root, &users);
		}
		rounds[round] = (double)(cpu_ns() - start) / (double)event_count;
	}
	arena_done(&scrap);
	match_scratch_free(&scratch);
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
	return rounds[ROUNDS / 2];
}

static void run(const char *kind, size_t count)
{
	struct event_pattern *patterns = arena_array(&arena, struct event_pattern, count);
	struct matcher *matcher = matcher_new();
	struct buf text = {0};
	struct str problem;
	size_t matches;

	for (size_t i = 0; i < count; i++) {
		write_rule(&text, kind, i);
		check(event_pattern_parse(&arena, PATTERN_EVENTS,
					  arena_copy(&arena, buf_str(&text)), &patterns[i],
					  &problem) == ERR_OK);
	}
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	int64_t start = cpu_ns();
	for (size_t i = 0; i < count; i++)
		(void)matcher_add(matcher, &patterns[i], NULL);
	double add_ns = (double)(cpu_ns() - start) / (double)count;
	size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	double match_ns = median_per_event(matcher, PARSED, &matches);
	double all_ns = median_per_event(matcher, WITH_PARSING, &matches);
	double text_ns = median_per_event(matcher, AS_TEXT, &matches);
	printf("{\"rules\": \"%s\", \"count\": %zu, \"match_ns\": %.0f, \"with_json_ns\": %.0f, "
	       "\"text_ns\": %.0f, \"add_ns\": %.0f, \"bytes\": %.0f, \"matches\": %zu}\n",
	       kind, count, match_ns, all_ns, text_ns, add_ns, (double)bytes / (double)count,
	       matches);
	matcher_free(&matcher);
	buf_done(&text);
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"exact",	"prefix",  "suffix",
					    "wildcard", "numeric", "anything-but"};

	if (argc != 2) {
		fprintf(stderr, "usage: bench_match EVENTS\n");
		return 2;
	}
	arena_init(&arena);
	read_events(argv[1]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		run(kinds[i], 1000);
	run("exact", 10);
	run("exact", 10000);
	run("exact", 100000);
	arena_done(&arena);
	return 0;
}
