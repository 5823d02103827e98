/* SPDX-License-Identifier: MIT */
/* ledger: rows name their series by index; series are found by a hash of their texts. */
#include "cost/ledger.h"

#include "base/vec.h"

enum { HOURS_A_DAY = 24 };

struct row {
	uint32_t hour, series;
	int64_t micro;
};

struct ledger {
	const struct price_list *list;
	struct {
		struct ledger_series **items;
		size_t count, capacity;
	} series;
	struct map by_key;
	struct {
		struct row *items;
		size_t count, capacity;
	} rows;
};

struct ledger *ledger_new(const struct price_list *list)
{
	struct ledger *ledger = heap_alloc(sizeof(*ledger));

	ledger->list = list;
	return ledger;
}

void ledger_free(struct ledger **ledger)
{
	if (!*ledger)
		return;
	for (size_t i = 0; i < (*ledger)->series.count; i++)
		heap_free((*ledger)->series.items[i]);
	vec_done(&(*ledger)->series);
	vec_done(&(*ledger)->rows);
	map_done(&(*ledger)->by_key);
	heap_free(*ledger);
	*ledger = NULL;
}

size_t ledger_count(const struct ledger *ledger)
{
	return ledger->rows.count;
}

size_t ledger_series_count(const struct ledger *ledger)
{
	return ledger->series.count;
}

/* ---- series ---- */

static uint64_t hash_of(const struct ledger_series *key)
{
	const struct str texts[] = {key->account, key->region, key->usage, key->operation,
				    key->resource};
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		hash = (hash + str_hash(texts[i])) * UINT64_C(0x9e3779b97f4a7c15);
	return hash;
}

static bool is_same(const void *value, const void *key)
{
	const struct ledger_series *a = value, *b = key;

	return str_equal(a->account, b->account) && str_equal(a->region, b->region) &&
	       str_equal(a->usage, b->usage) && str_equal(a->operation, b->operation) &&
	       str_equal(a->resource, b->resource);
}

static void for_texts(struct ledger_series *series, pack_visit_fn visit, void *context)
{
	visit(context, &series->account);
	visit(context, &series->region);
	visit(context, &series->usage);
	visit(context, &series->operation);
	visit(context, &series->resource);
}

static struct ledger_series *add_series(struct ledger *ledger, const struct ledger_series *key)
{
	struct ledger_series copy = *key;
	size_t size = sizeof(copy);

	for_texts(&copy, pack_size, &size);
	struct ledger_series *series = heap_alloc(size);
	char *end = (char *)(series + 1);
	for_texts(&copy, pack_text, &end);
	copy.rate = price_list_find(ledger->list, key->usage);
	copy.last_row = UINT32_MAX;
	copy.place = (uint32_t)ledger->series.count;
	*series = copy;
	vec_push(&ledger->series, series);
	map_insert(&ledger->by_key, hash_of(series), series);
	return series;
}

static struct ledger_series *resolve(struct ledger *ledger, const struct ledger_series *key)
{
	struct ledger_series short_key = *key;
	struct ledger_series *found = map_find(&ledger->by_key, hash_of(key), is_same, key);

	if (found)
		return found;
	if (ledger->series.count < LIMIT_COST_SERIES || key->resource.size == 0)
		return add_series(ledger, key);
	short_key.resource = (struct str){0};
	return resolve(ledger, &short_key);
}

/* ---- rows ---- */

void ledger_add(struct ledger *ledger, uint32_t hour, const struct ledger_series *key,
		int64_t micro)
{
	struct ledger_series *series = resolve(ledger, key);

	if (series->last_row < ledger->rows.count &&
	    ledger->rows.items[series->last_row].hour == hour) {
		ledger->rows.items[series->last_row].micro += micro;
		return;
	}
	check(ledger->rows.count < UINT32_MAX);
	/* The clock may have been set back. */
	if (ledger->rows.count > 0 && ledger->rows.items[ledger->rows.count - 1].hour > hour)
		hour = ledger->rows.items[ledger->rows.count - 1].hour;
	series->last_row = (uint32_t)ledger->rows.count;
	vec_push(&ledger->rows, (struct row){hour, series->place, micro});
}

/* The first row of that hour or a later one. */
static size_t seek(const struct ledger *ledger, uint32_t hour)
{
	size_t from = 0, to = ledger->rows.count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (ledger->rows.items[middle].hour < hour)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void ledger_prune(struct ledger *ledger, uint32_t hour)
{
	size_t count = seek(ledger, hour);

	if (count == 0)
		return;
	ledger->rows.count -= count;
	memmove(ledger->rows.items, ledger->rows.items + count,
		ledger->rows.count * sizeof(ledger->rows.items[0]));
	for (size_t i = 0; i < ledger->series.count; i++)
		ledger->series.items[i]->last_row = UINT32_MAX;
	for (size_t i = 0; i < ledger->rows.count; i++)
		ledger->series.items[ledger->rows.items[i].series]->last_row = (uint32_t)i;
}

/* ---- months ---- */

/* "2026-11-30..." as the number of the month. */
static int month_of(uint32_t hour)
{
	char text[CLOCK_TEXT_MAX];
	uint64_t year, month;

	(void)clock_format_iso(hour * LEDGER_HOUR_MS, text);
	check(str_to_u64(str_of(text, 4), &year) && str_to_u64(str_of(text + 5, 2), &month));
	return (int)(year * 12 + month);
}

uint32_t ledger_month(uint32_t hour)
{
	char text[CLOCK_TEXT_MAX];
	uint64_t day;

	(void)clock_format_iso(hour * LEDGER_HOUR_MS, text);
	check(str_to_u64(str_of(text + 8, 2), &day));
	return hour - hour % HOURS_A_DAY - (uint32_t)(day - 1) * HOURS_A_DAY;
}

uint32_t ledger_next_month(uint32_t hour)
{
	return ledger_month(ledger_month(hour) + 31 * HOURS_A_DAY);
}

void ledger_each(const struct ledger *ledger, struct str account, uint32_t from, uint32_t to,
		 ledger_visit_fn visit, void *context)
{
	struct price_month *month = price_month_new(ledger->list);
	uint32_t day = UINT32_MAX;
	int number = 0;

	for (size_t i = seek(ledger, ledger_month(from)); i < ledger->rows.count; i++) {
		const struct row *row = &ledger->rows.items[i];
		const struct ledger_series *series = ledger->series.items[row->series];
		if (row->hour >= to)
			break;
		if (!str_equal(series->account, account))
			continue;
		if (row->hour / HOURS_A_DAY != day) {
			day = row->hour / HOURS_A_DAY;
			int now = month_of(row->hour);
			if (now != number)
				price_month_reset(month);
			number = now;
		}
		struct ledger_entry entry = {
			.hour = row->hour, .series = series, .micro = row->micro};
		if (series->rate)
			entry.pico = price_month_add(month, series->rate, row->micro);
		if (row->hour >= from)
			visit(context, &entry);
	}
	price_month_free(&month);
}

void ledger_each_row(const struct ledger *ledger, ledger_row_fn visit, void *context)
{
	for (size_t i = 0; i < ledger->rows.count; i++) {
		const struct row *row = &ledger->rows.items[i];
		visit(context, row->hour, ledger->series.items[row->series], row->micro);
	}
}

/* ---- text ---- */

void ledger_write(struct buf *out, uint32_t hour, const struct ledger_series *key, int64_t micro)
{
	buf_format(out, "%u\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s\t%lld", hour, STR_ARG(key->account),
		   STR_ARG(key->region), STR_ARG(key->usage), STR_ARG(key->operation),
		   STR_ARG(key->resource), (long long)micro);
}

enum err ledger_read(struct ledger *ledger, struct str line)
{
	struct str rest = line;
	uint64_t hour;
	int64_t micro;

	if (!str_to_u64(str_cut(&rest, '\t'), &hour) || hour > INT32_MAX)
		return ERR_DAMAGED;
	struct ledger_series key = {.account = str_cut(&rest, '\t')};
	key.region = str_cut(&rest, '\t');
	key.usage = str_cut(&rest, '\t');
	key.operation = str_cut(&rest, '\t');
	key.resource = str_cut(&rest, '\t');
	if (!rest.data || !str_to_i64(rest, &micro) || micro < 0)
		return ERR_DAMAGED;
	ledger_add(ledger, (uint32_t)hour, &key, micro);
	return ERR_OK;
}
