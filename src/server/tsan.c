/* SPDX-License-Identifier: MIT */
/*
 * tsan: what ThreadSanitizer must not report. Only it calls this.
 *
 * file_close: libuv closes descriptors with the bare system call, which the sanitizer does not see.
 * When the number is used again for a file of the journal, closing that looks like a race with what
 * libuv's thread did to the socket before.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:^file_close$\n";
}
