/* SPDX-License-Identifier: MIT */
/*
 * match: what it costs to match events against many rules: nanoseconds of one thread's CPU, with
 * parsing the event's JSON, without, and as text, and bytes and nanoseconds to add a rule.
 *
 *   bench_match EVENTS RULES...
 *
 * EVENTS has one event of JSON a line, each file of RULES one event pattern a line; prints a JSON
 * object a file. bench/matching.py writes the files, and gives the same to other matchers.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/vec.h"
#include "format/json.h"
#include "match/matcher.h"

enum { ROUNDS = 11, WARM_UP_NS = 200000000 };

struct lines {
	struct str *items;
	size_t count, capacity;
};

struct event {
	struct str text;
	yyjson_val *root;
};

static struct event *events;
static size_t event_count;
static struct arena arena;

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The lines of a file: vec_done; their texts are in the arena. */
static struct lines read_lines(const char *path)
{
	struct lines lines = {0};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file) {
		fprintf(stderr, "bench_match: cannot read %s\n", path);
		exit(1);
	}
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		size_t kept = (size_t)size - (line[size - 1] == '\n');
		vec_push(&lines, arena_copy(&arena, str_of(line, kept)));
	}
	free(line);
	fclose(file);
	return lines;
}

static void read_events(const char *path)
{
	struct lines lines = read_lines(path);

	event_count = lines.count;
	events = arena_array(&arena, struct event, event_count);
	for (size_t i = 0; i < event_count; i++) {
		events[i].text = lines.items[i];
		check(json_parse(&arena, lines.items[i], &events[i].root) == ERR_OK);
	}
	vec_done(&lines);
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
	for (int64_t end = cpu_ns() + WARM_UP_NS; cpu_ns() < end;)
		for (size_t i = 0; i < event_count; i++)
			(void)match_text(matcher, scratch, events[i].text);
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

static void run(const char *path)
{
	struct lines rules = read_lines(path);
	size_t count = rules.count;
	struct event_pattern *patterns = arena_array(&arena, struct event_pattern, count);
	struct matcher *matcher = matcher_new();
	const char *slash = strrchr(path, '/');
	struct str problem;
	size_t matches;

	for (size_t i = 0; i < count; i++)
		check(event_pattern_parse(&arena, PATTERN_EVENTS, rules.items[i], &patterns[i],
					  &problem) == ERR_OK);
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
	       slash ? slash + 1 : path, count, match_ns, all_ns, text_ns, add_ns,
	       (double)bytes / (double)count, matches);
	matcher_free(&matcher);
	vec_done(&rules);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench_match EVENTS RULES...\n");
		return 2;
	}
	arena_init(&arena);
	read_events(argv[1]);
	for (int i = 2; i < argc; i++)
		run(argv[i]);
	arena_done(&arena);
	return 0;
}
