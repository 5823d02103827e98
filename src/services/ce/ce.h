/* SPDX-License-Identifier: MIT */
/*
 * ce: Cost Explorer: the price that the usage of this server would have on AWS.
 *
 * The control thread adds usage to the ledger each minute (collect.h). Queries run on workers,
 * under the mutex.
 */
#ifndef TERN_SERVICES_CE_CE_H
#define TERN_SERVICES_CE_CE_H

#include <pthread.h>

#include "core/core.h"
#include "core/service.h"
#include "cost/ledger.h"
#include "logstore/logstore.h"

enum { CE_KEPT_DAYS = 430 }; /* 14 months */

struct ce {
	uint32_t magic;
	pthread_mutex_t mutex;
	struct price_list *prices;
	struct ledger *ledger; /* under the mutex */
	struct logstore *store;

	/* The control thread's. */
	struct core_task task;
	uint64_t sequence;    /* of the last minute of usage that was taken */
	uint32_t hour;	      /* of `fresh` */
	struct ledger *fresh; /* of this hour, not stored yet */
	uint64_t events;      /* numbers of stored records */
	uint64_t run;
	uint32_t billed_hour; /* the last one that services were asked what they keep */
};

extern const struct service_module ce_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct ce *ce_of(const struct core *core)
{
	return service_state(core, &ce_module);
}

#endif
