/* SPDX-License-Identifier: MIT */
/* main: runs seeds. Every tenth runs twice: both runs must answer the same. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "queue/sim/canary.h"
#include "queue/sim/sim.h"

static bool parse(int argc, char **argv, unsigned long long *from, unsigned long long *to)
{
	for (int i = 1; i < argc; i += 2) {
		bool is_known = i + 1 < argc && !strcmp(argv[i], "--seeds") &&
				sscanf(argv[i + 1], "%llu-%llu", from, to) == 2;
		for (int k = 1; k < CANARIES && i + 1 < argc && !strcmp(argv[i], "--canary"); k++) {
			if (strcmp(argv[i + 1], canary_names[k]) != 0)
				continue;
			canary = (enum canary)k;
			is_known = true;
		}
		if (!is_known)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long long from = 1, to = 150;
	struct totals totals = {0};

	if (!parse(argc, argv, &from, &to)) {
		fprintf(stderr, "usage: sim [--seeds FROM-TO] [--canary NAME]\ncanaries:");
		for (int i = 1; i < CANARIES; i++)
			fprintf(stderr, " %s", canary_names[i]);
		fprintf(stderr, "\n");
		return 2;
	}
	base_init();
	for (unsigned long long seed = from; seed <= to; seed++) {
		uint64_t answers = sim_run(seed, &totals);
		if (seed % 10 == 0 && sim_run(seed, &totals) != answers) {
			printf("seed %llu: two runs, different answers\n", seed);
			return 1;
		}
		if ((seed - from + 1) % 1000 == 0)
			printf("%llu seeds passed\n", seed - from + 1);
		fflush(stdout);
	}
#define SHOW(name) printf("%llu " #name ", ", (unsigned long long)totals.name)
	SHOW(sent);
	SHOW(received);
	SHOW(deleted);
	SHOW(moved);
	SHOW(refused);
	SHOW(restarts);
	SHOW(failures);
	SHOW(failed_openings);
	SHOW(compacted);
	SHOW(extents);
	SHOW(clock_jumps);
	SHOW(fanouts);
	SHOW(gate_duplicates);
	SHOW(archived_shown);
	SHOW(obligations_answered);
	SHOW(audits);
	SHOW(fanouts_decided);
#undef SHOW
	printf("\n%llu passed, 0 failed\n", to - from + 1);
	return 0;
}
