/* SPDX-License-Identifier: MIT */
/* bench_process: what a set of processes has used so far, from /proc. Any thread. */
#ifndef TERN_CLI_BENCH_PROCESS_H
#define TERN_CLI_BENCH_PROCESS_H

#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

struct bench_usage {
	int64_t cpu_ns;	      /* user and system time, all threads, those that ended too */
	int64_t rss_size;     /* VmRSS, bytes */
	int64_t rss_size_max; /* VmHWM, bytes */
};

/* ERR_NOTFOUND if one of them does not run. */
must_check enum err bench_usage_read(const pid_t *pids, size_t pid_count,
				     struct bench_usage *out_sum);

#endif
