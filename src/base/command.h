/* SPDX-License-Identifier: MIT */
/*
 * command: runs a shell command of the user's own and reads what it prints. Calls block.
 */
#ifndef TERN_BASE_COMMAND_H
#define TERN_BASE_COMMAND_H

#include <stdio.h>
#include <sys/types.h>

/* Its output is read from *out_stream, which the caller closes. Returns 0 or an errno. */
int command_start(const char *command, pid_t *out_pid, FILE **out_stream);
/* Waits for its end, with the stream closed. Its status; -1 if a signal ended it. */
int command_wait(pid_t pid);

#endif
