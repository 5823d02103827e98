/* SPDX-License-Identifier: MIT */
/*
 * collect: from metered requests and quantities to usage types, into the ledger and its store.
 *
 * The hour that is not over is stored when it ends or the server stops, so a kill loses that hour's
 * usage at most.
 */
#ifndef TERN_SERVICES_CE_COLLECT_H
#define TERN_SERVICES_CE_COLLECT_H

#include "services/ce/ce.h"

/* Main at the start: loads the ledger from the store. Errors are the store's. */
must_check enum err ce_load(struct core *core, struct str directory, bool syncs);
/* Begins the task of the control thread. */
void ce_collect_start(struct core *core);
/* Main at the end: stores what is left. */
void ce_collect_stop(struct core *core);

#endif
