/* SPDX-License-Identifier: MIT */
/*
 * bench_process: CPU time and memory that a set of processes has used so far, from /proc, with the
 * CPU time of their running threads by thread name. Any thread.
 */
#ifndef TERN_CLI_BENCH_PROCESS_H
#define TERN_CLI_BENCH_PROCESS_H

#include "base/err.h"
#include <stdint.h>
#include <sys/types.h>

#define BENCH_THREAD_NAMES_MAX 16
#define BENCH_THREAD_NAME_SIZE 17 /* 15 bytes, the newline of /proc, NUL */

/* All running threads of one name. */
struct bench_thread_usage {
	char name[BENCH_THREAD_NAME_SIZE]; /* as in /proc/PID/task/TID/comm, without the newline */
	int64_t cpu_ns;			   /* of those that ended nothing is known */
};

struct bench_usage {
	int64_t cpu_ns;	      /* user and system time, all threads, those that ended too */
	int64_t rss_size;     /* VmRSS, bytes */
	int64_t rss_size_max; /* VmHWM, bytes */
	struct bench_thread_usage threads[BENCH_THREAD_NAMES_MAX]; /* further names are left out */
	size_t thread_count;
};

/* ERR_NOTFOUND if one of them does not run. */
must_check enum err bench_usage_read(const pid_t *pids, size_t pid_count,
				     struct bench_usage *out_sum);

/* The CPU time of threads of that name; 0 if there is none. */
int64_t bench_usage_thread_ns(const struct bench_usage *usage, const char *name);

#endif
