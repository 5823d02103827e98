/* SPDX-License-Identifier: MIT */
/*
 * upgrade: converts text records of catalogs of formats 3 and 4 (wire/record.h): format 3 has
 * no others, and format 4 has those of SNS and EventBridge.
 *
 * Main thread, before services load their records. Catalogs of format 5 cost one look-up.
 */
#ifndef TERN_SERVER_UPGRADE_H
#define TERN_SERVER_UPGRADE_H

#include "core/core.h"

/* Uses core->catalog and core->seal. A crash leaves the rest to the next start. Errors as the
 * catalog's; ERR_DAMAGED: a record cannot be read, which is logged. */
must_check enum err upgrade_records(struct core *core);

#endif
