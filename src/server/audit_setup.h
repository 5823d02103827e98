/* SPDX-License-Identifier: MIT */
/* audit_setup: the audit log as the settings want it. Main thread, at start-up. */
#ifndef TERN_SERVER_AUDIT_SETUP_H
#define TERN_SERVER_AUDIT_SETUP_H

#include "core/audit/audit.h"
#include "server/settings.h"

/*
 * Opens it; *out_audit stays NULL if none is wanted. The data directory must be open already. False
 * with a sentence that says what to do in `problem` (`size` bytes, ends with NUL).
 */
bool audit_setup(const struct settings *settings, struct audit **out_audit, char *problem,
		 size_t size);

#endif
