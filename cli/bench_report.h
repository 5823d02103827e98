/* SPDX-License-Identifier: MIT */
/* bench_report: the results of a run, for people and for programs. Main thread. */
#ifndef TERN_CLI_BENCH_REPORT_H
#define TERN_CLI_BENCH_REPORT_H

#include "bench_load.h"
#include <stdio.h>

/* Messages that went all the way: sent, received, deleted, or for a cycle deleted. */
uint64_t bench_report_messages(const struct bench_options *options,
			       const struct bench_results *results);
uint64_t bench_report_errors(const struct bench_results *results);

/* In the form that the options ask for. */
void bench_report_print(const struct bench_options *options, const struct bench_results *results,
			FILE *out);

#endif
