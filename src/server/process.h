/* SPDX-License-Identifier: MIT */
/*
 * process: how little a break-in into ternd, or a crash of it, gets.
 *
 * Main thread. process_begin comes before anything secret is read and before any thread is made,
 * process_confine once all is open that needs privileges; there is no way back.
 */
#ifndef TERN_SERVER_PROCESS_H
#define TERN_SERVER_PROCESS_H

#include "server/settings.h"

/* False with a sentence in `problem`: --user names nobody, or somebody that this process cannot be.
 */
bool process_check_user(const struct settings *settings, char *problem, size_t size);
/*
 * Files that are made from now on are readable by their owner only; no core dump, no debugger of
 * the same user, no setuid program gains anything. False with a sentence in `problem` (`size`
 * bytes, ends with NUL).
 */
bool process_begin(const struct settings *settings, char *problem, size_t size);

/*
 * Becomes the user of --user, to whom the data directory is given first, and refuses system calls
 * that ternd never needs; has_ring: the log is written by io_uring. False with a sentence in
 * `problem`: the process must not go on.
 */
bool process_confine(const struct settings *settings, bool has_ring, char *problem, size_t size);

/*
 * A descriptor (O_PATH) of what `path` names beneath the directory, by way of no symbolic link, so
 * that nobody leads out of it while it is looked through; what is last may be one. -1: errno.
 */
int process_open_beneath(int directory, const char *path);

/* Any thread: bytes of the process that are in RAM; 0 if the kernel does not say. */
uint64_t process_resident_size(void);

/* syscalls.c: puts the filter on all threads; has_ring: an io_uring that was made before may be
 * used. False: errno says why. */
bool process_filter_calls(bool has_ring);

#endif
