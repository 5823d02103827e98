/* SPDX-License-Identifier: MIT */
/*
 * ledger: what was used, hour by hour, in memory: 16 bytes for an hour of a series. A series is an
 * account, a region, a usage type, an operation and a resource.
 *
 * Rows are in order of hours. One thread at a time.
 */
#ifndef TERN_COST_LEDGER_H
#define TERN_COST_LEDGER_H

#include "cost/price.h"

#define LEDGER_HOUR_MS INT64_C(3600000)

struct ledger_series {
	struct str account, region;
	struct str usage;	       /* without the region */
	struct str operation;	       /* may be empty */
	struct str resource;	       /* ARN; empty: none, or too many series */
	const struct price_rate *rate; /* NULL: the price list has none */
	uint32_t place, last_row;      /* the ledger's */
};

struct ledger;
/* The list outlives the ledger. */
struct ledger *ledger_new(const struct price_list *list);
void ledger_free(struct ledger **ledger);	  /* accepts NULL, leaves NULL */
size_t ledger_count(const struct ledger *ledger); /* rows */
size_t ledger_series_count(const struct ledger *ledger);

/*
 * Adds `micro` (millionths of a unit) in that hour (since 1970), which is the last one or later.
 * Texts are copied. Beyond LIMIT_COST_SERIES the resource is left out.
 */
void ledger_add(struct ledger *ledger, uint32_t hour, const struct ledger_series *key,
		int64_t micro);
/* Removes the rows of earlier hours. */
void ledger_prune(struct ledger *ledger, uint32_t hour);

struct ledger_entry {
	uint32_t hour;
	const struct ledger_series *series;
	int64_t micro;
	int64_t pico; /* its cost */
};
typedef void (*ledger_visit_fn)(void *context, const struct ledger_entry *entry);
/* Visits the account's rows of from <= hour < to. The free usage and the tiers of a month are
 * counted from its beginning. */
void ledger_each(const struct ledger *ledger, struct str account, uint32_t from, uint32_t to,
		 ledger_visit_fn visit, void *context);
/* Visits all rows. */
typedef void (*ledger_row_fn)(void *context, uint32_t hour, const struct ledger_series *series,
			      int64_t micro);
void ledger_each_row(const struct ledger *ledger, ledger_row_fn visit, void *context);
/* The first hour of the month (UTC) that the hour is in, and of the next one. */
uint32_t ledger_month(uint32_t hour);
uint32_t ledger_next_month(uint32_t hour);

/* A row as a line of text without its end, and back. ERR_DAMAGED. */
void ledger_write(struct buf *out, uint32_t hour, const struct ledger_series *key, int64_t micro);
must_check enum err ledger_read(struct ledger *ledger, struct str line);

#endif
