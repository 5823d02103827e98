/* SPDX-License-Identifier: MIT */
/*
 * tsan: what ThreadSanitizer must not report. Only it calls this.
 *
 * libuv closes descriptors with the bare system call, and the journal opens its files with openat,
 * as opendir does: the sanitizer sees neither. So a file or directory whose number was a socket's
 * before looks like that socket, and its use like a race with the thread that accepted it. These
 * functions do nothing beside their one system call.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:^close_directory$\n"
	       "race:^file_close$\n"
	       "race:^file_read$\n"
	       "race:^file_sync$\n"
	       "race:^file_write$\n";
}
