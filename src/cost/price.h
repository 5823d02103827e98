/* SPDX-License-Identifier: MIT */
/*
 * price: a price list, and the cost of what was used of it.
 *
 * Quantities are in millionths of a unit (MICRO), amounts in trillionths of a dollar (PICO), so
 * sums are exact. The list is text (cost/prices.txt). A list never changes; any thread. A month's
 * state (struct price_month) belongs to one thread.
 */
#ifndef TERN_COST_PRICE_H
#define TERN_COST_PRICE_H

#include "base/base.h"

#define PRICE_MICRO INT64_C(1000000)
#define PRICE_PICO INT64_C(1000000000000)

struct price_list;

/* A usage type of a product. Texts are the list's. */
struct price_rate {
	struct str code;    /* SERVICE_CODE: "AWSQueueService" */
	struct str service; /* SERVICE: "Amazon Simple Queue Service" */
	struct str usage;   /* USAGE_TYPE without the region: "Requests-RBP" */
	struct str unit;
	bool is_verified;
	size_t index;
};

/* ERR_INVALID: *out_problem (in the arena) names the line. The text is copied. */
must_check enum err price_list_parse(struct arena *arena, struct str text,
				     struct price_list **out_list, struct str *out_problem);
void price_list_free(struct price_list **list);		   /* accepts NULL, leaves NULL */
extern const struct str price_list_standard;		   /* the text of cost/prices.txt */
struct str price_list_date(const struct price_list *list); /* "2026-11-30" */
size_t price_list_count(const struct price_list *list);
const struct price_rate *price_list_rate(const struct price_list *list, size_t index);
/* NULL: there is none. */
const struct price_rate *price_list_find(const struct price_list *list, struct str usage);

/* The usage of an account in one month so far. */
struct price_month;
struct price_month *price_month_new(const struct price_list *list);
void price_month_reset(struct price_month *month);
void price_month_free(struct price_month **month);
/*
 * The cost in PICO of `micro` more of the rate: first what is free, then tier by tier. `micro` is
 * at most INT64_MAX / 2; a month may have more.
 */
int64_t price_month_add(struct price_month *month, const struct price_rate *rate, int64_t micro);

/* A decimal number with at most 12 digits behind the point, as PICO; false: it is none. */
bool price_parse(struct str text, int64_t *out_pico);
/* PICO as AWS writes amounts: "0.0000004", "12.5", "0". Returns the size; `out` has 32 bytes. */
size_t price_format(int64_t pico, char *out);

#endif
