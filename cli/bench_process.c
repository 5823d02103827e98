/* SPDX-License-Identifier: MIT */
/*
 * The kernel's clock tick (usually 10 ms) is the resolution of a process's CPU time: measure for
 * seconds. CPU time of a thread is in nanoseconds (schedstat), where the kernel keeps it.
 */
#include "bench_process.h"

#include "base/base.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err file_read(pid_t pid, const char *name, char *out, size_t out_size)
{
	char path[320];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOTFOUND;
	ssize_t size = read(fd, out, out_size - 1);
	close(fd);
	if (size <= 0)
		return ERR_NOTFOUND;
	out[size] = '\0';
	return ERR_OK;
}

static int64_t status_field_size(const char *status, const char *name)
{
	const char *field = strstr(status, name);

	return field ? strtoll(field + strlen(name), NULL, 10) * 1024 : 0;
}

static void thread_add(struct bench_usage *usage, const char *name, int64_t cpu_ns)
{
	size_t i = 0;

	while (i < usage->thread_count && strcmp(usage->threads[i].name, name) != 0)
		i++;
	if (i == BENCH_THREAD_NAMES_MAX)
		return;
	if (i == usage->thread_count)
		snprintf(usage->threads[usage->thread_count++].name, BENCH_THREAD_NAME_SIZE, "%s",
			 name);
	usage->threads[i].cpu_ns += cpu_ns;
}

/* A thread that has just ended is left out. */
static void thread_read(pid_t pid, const char *tid, struct bench_usage *usage)
{
	char file[300], name[BENCH_THREAD_NAME_SIZE], times[128];

	snprintf(file, sizeof(file), "task/%s/comm", tid);
	if (file_read(pid, file, name, sizeof(name)))
		return;
	snprintf(file, sizeof(file), "task/%s/schedstat", tid);
	if (file_read(pid, file, times, sizeof(times)))
		return;
	name[strcspn(name, "\n")] = '\0';
	thread_add(usage, name, strtoll(times, NULL, 10));
}

static void threads_read(pid_t pid, struct bench_usage *usage)
{
	char path[64];
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			thread_read(pid, entry->d_name, usage);
	if (directory)
		closedir(directory);
}

int64_t bench_usage_thread_ns(const struct bench_usage *usage, const char *name)
{
	for (size_t i = 0; i < usage->thread_count; i++)
		if (strcmp(usage->threads[i].name, name) == 0)
			return usage->threads[i].cpu_ns;
	return 0;
}

static enum err process_read(pid_t pid, struct bench_usage *out)
{
	char text[4096];

	enum err err = file_read(pid, "stat", text, sizeof(text));
	if (err)
		return err;
	/* The second field is a name in parentheses that may hold anything; utime is the 14th. */
	const char *field = strrchr(text, ')');
	for (int i = 2; field && i < 14; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return ERR_NOTFOUND;
	char *end;
	int64_t ticks = strtoll(field, &end, 10);
	ticks += strtoll(end, NULL, 10);
	err = file_read(pid, "status", text, sizeof(text));
	if (err)
		return err;
	out->cpu_ns = ticks * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
	out->rss_size = status_field_size(text, "VmRSS:");
	out->rss_size_max = status_field_size(text, "VmHWM:");
	return ERR_OK;
}

enum err bench_usage_read(const pid_t *pids, size_t pid_count, struct bench_usage *out_sum)
{
	struct bench_usage sum = {0};

	for (size_t i = 0; i < pid_count; i++) {
		struct bench_usage one;
		enum err err = process_read(pids[i], &one);
		if (err)
			return err;
		sum.cpu_ns += one.cpu_ns;
		sum.rss_size += one.rss_size;
		sum.rss_size_max += one.rss_size_max;
		threads_read(pids[i], &sum);
	}
	*out_sum = sum;
	return ERR_OK;
}
