/* SPDX-License-Identifier: MIT */
/*
 * owner: what root makes in the directory of another user belongs to that user.
 *
 * Tools that root runs on a data directory, such as a change of the root key, leave files that the
 * server must be able to open afterwards. Any thread.
 */
#ifndef TERN_BASE_OWNER_H
#define TERN_BASE_OWNER_H

/*
 * Gives `name` in `directory` to the owner of the directory, if the process is root and root owns
 * it. A file with a second name is left alone: somebody may have put it there to be given it.
 * Failures are logged.
 */
void owner_give(const char *directory, const char *name);

#endif
