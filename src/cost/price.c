/* SPDX-License-Identifier: MIT */
/*
 * price: rates with their tiers, pools of free usage.
 *
 * A tier counts from the quantity of the month, free usage included. The cost of a quantity is
 * rounded down to PICO once for each tier that it touches.
 */
#include "cost/price.h"

#include <stdio.h>

#include "base/vec.h"

enum { TIERS_MAX = 8 };

struct tier {
	int64_t from;  /* MICRO */
	int64_t price; /* PICO for `per` units */
	int64_t per;
};

struct pool {
	struct str name;
	int64_t free; /* MICRO a month */
};

struct rate {
	struct price_rate shown;
	size_t pool; /* SIZE_MAX: none */
	struct tier tiers[TIERS_MAX];
	size_t tier_count;
};

struct price_list {
	struct str text; /* copied */
	struct str date;
	struct {
		struct rate *items;
		size_t count, capacity;
	} rates;
	struct {
		struct pool *items;
		size_t count, capacity;
	} pools;
	struct {
		struct product {
			struct str code, name;
		} * items;
		size_t count, capacity;
	} products;
};

struct price_month {
	const struct price_list *list;
	/* MICRO of each rate, at most where its last tier begins; then of each pool. */
	int64_t *used;
};

/* ---- numbers ---- */

bool price_parse(struct str text, int64_t *out_pico)
{
	struct str rest = text, whole = str_cut(&rest, '.');
	uint64_t units, digits = 0;
	size_t places = 0;

	if (!str_to_u64(whole, &units) || units > 9000000)
		return false;
	if (rest.data) {
		places = rest.size;
		if (places == 0 || places > 12 || !str_to_u64(rest, &digits))
			return false;
	}
	for (; places < 12; places++)
		digits *= 10;
	*out_pico = (int64_t)(units * (uint64_t)PRICE_PICO + digits);
	return true;
}

size_t price_format(int64_t pico, char *out)
{
	uint64_t value = (uint64_t)pico;
	char digits[13];
	size_t size = 0;

	if (pico < 0) {
		out[size++] = '-';
		value = -value;
	}
	size += (size_t)snprintf(out + size, 21, "%llu",
				 (unsigned long long)(value / (uint64_t)PRICE_PICO));
	snprintf(digits, sizeof(digits), "%012llu",
		 (unsigned long long)(value % (uint64_t)PRICE_PICO));
	size_t places = 12;
	while (places > 0 && digits[places - 1] == '0')
		places--;
	if (places == 0)
		return size;
	out[size++] = '.';
	memcpy(out + size, digits, places);
	return size + places;
}

/* ---- reading ---- */

static size_t find_pool(const struct price_list *list, struct str name)
{
	for (size_t i = 0; i < list->pools.count; i++)
		if (str_equal(list->pools.items[i].name, name))
			return i;
	return SIZE_MAX;
}

static bool parse_quantity(struct str text, int64_t *out_micro)
{
	uint64_t units;

	if (!str_to_u64(text, &units) || units > INT64_MAX / 2 / PRICE_MICRO)
		return false;
	*out_micro = (int64_t)units * PRICE_MICRO;
	return true;
}

/* FROM:PRICE/PER */
static bool parse_tier(struct str text, struct tier *out)
{
	struct str from = str_cut(&text, ':'), price = str_cut(&text, '/');
	uint64_t per;

	if (!parse_quantity(from, &out->from) || !price_parse(price, &out->price) ||
	    !str_to_u64(text, &per) || per == 0 || per > UINT32_MAX)
		return false;
	out->per = (int64_t)per;
	return true;
}

static bool parse_tiers(struct rate *rate, struct str text)
{
	while (text.data) {
		struct tier tier;
		if (rate->tier_count == TIERS_MAX || !parse_tier(str_cut(&text, ' '), &tier))
			return false;
		if (rate->tier_count == 0 ? tier.from != 0
					  : tier.from <= rate->tiers[rate->tier_count - 1].from)
			return false;
		rate->tiers[rate->tier_count++] = tier;
	}
	return rate->tier_count > 0;
}

static bool parse_rate(struct price_list *list, struct str rest)
{
	struct rate rate = {.pool = SIZE_MAX};

	rate.shown.code = str_cut(&rest, '|');
	rate.shown.usage = str_cut(&rest, '|');
	rate.shown.unit = str_cut(&rest, '|');
	struct str pool = str_cut(&rest, '|'), tiers = str_cut(&rest, '|');
	rate.shown.is_verified = !str_ends(rest, STR("?"));
	rate.shown.index = list->rates.count;
	for (size_t i = 0; i < list->products.count; i++)
		if (str_equal(list->products.items[i].code, rate.shown.code))
			rate.shown.service = list->products.items[i].name;
	if (!str_equal(pool, STR("-")))
		rate.pool = find_pool(list, pool);
	if (!rate.shown.service.data || !rest.data || rate.shown.usage.size == 0 ||
	    (rate.pool == SIZE_MAX && !str_equal(pool, STR("-"))) || !parse_tiers(&rate, tiers))
		return false;
	vec_push(&list->rates, rate);
	return true;
}

static bool parse_line(struct price_list *list, struct str line)
{
	struct str rest = line, word = str_cut(&rest, ' ');

	if (line.size == 0 || line.data[0] == '#' || str_equal(word, STR("source")))
		return true;
	if (str_equal(word, STR("date"))) {
		list->date = rest;
		return rest.size == 10;
	}
	if (str_equal(word, STR("product"))) {
		struct product product = {.code = str_cut(&rest, '|')};
		product.name = rest;
		vec_push(&list->products, product);
		return rest.size > 0;
	}
	if (str_equal(word, STR("free"))) {
		struct pool pool = {.name = str_cut(&rest, ' ')};
		if (!parse_quantity(str_cut(&rest, ' '), &pool.free))
			return false;
		vec_push(&list->pools, pool);
		return true;
	}
	return str_equal(word, STR("rate")) && parse_rate(list, rest);
}

enum err price_list_parse(struct arena *arena, struct str text, struct price_list **out_list,
			  struct str *out_problem)
{
	struct price_list *list = heap_alloc(sizeof(*list));
	size_t number = 0;

	list->text = heap_copy(text);
	for (struct str rest = list->text; rest.data;) {
		struct str line = str_cut(&rest, '\n');
		number++;
		if (parse_line(list, line))
			continue;
		*out_problem = arena_format(arena, "line %zu of the price list is wrong: %.*s",
					    number, STR_ARG(line));
		price_list_free(&list);
		return ERR_INVALID;
	}
	if (!list->date.data || list->rates.count == 0) {
		*out_problem = STR("the price list has no date or no rates");
		price_list_free(&list);
		return ERR_INVALID;
	}
	*out_list = list;
	return ERR_OK;
}

void price_list_free(struct price_list **list)
{
	if (!*list)
		return;
	vec_done(&(*list)->rates);
	vec_done(&(*list)->pools);
	vec_done(&(*list)->products);
	heap_free((char *)(*list)->text.data);
	heap_free(*list);
	*list = NULL;
}

struct str price_list_date(const struct price_list *list)
{
	return list->date;
}

size_t price_list_count(const struct price_list *list)
{
	return list->rates.count;
}

const struct price_rate *price_list_rate(const struct price_list *list, size_t index)
{
	check(index < list->rates.count);
	return &list->rates.items[index].shown;
}

const struct price_rate *price_list_find(const struct price_list *list, struct str usage)
{
	for (size_t i = 0; i < list->rates.count; i++)
		if (str_equal(list->rates.items[i].shown.usage, usage))
			return &list->rates.items[i].shown;
	return NULL;
}

/* ---- a month ---- */

struct price_month *price_month_new(const struct price_list *list)
{
	struct price_month *month = heap_alloc(sizeof(*month));

	month->list = list;
	month->used = heap_alloc((list->rates.count + list->pools.count) * sizeof(month->used[0]));
	return month;
}

void price_month_reset(struct price_month *month)
{
	memset(month->used, 0,
	       (month->list->rates.count + month->list->pools.count) * sizeof(month->used[0]));
}

void price_month_free(struct price_month **month)
{
	if (!*month)
		return;
	heap_free((*month)->used);
	heap_free(*month);
	*month = NULL;
}

/* Takes what is free of `micro`; returns how much that is. */
static int64_t take_free(struct price_month *month, const struct rate *rate, int64_t micro)
{
	if (rate->pool == SIZE_MAX)
		return 0;
	int64_t *used = &month->used[month->list->rates.count + rate->pool];
	int64_t left = month->list->pools.items[rate->pool].free - *used;
	int64_t taken = micro < left ? micro : left > 0 ? left : 0;
	*used += taken;
	return taken;
}

/* The product of both may need more than 64 bits. */
static int64_t cost_of(int64_t micro, const struct tier *tier)
{
	__extension__ const unsigned __int128 product =
		(unsigned __int128)(uint64_t)micro * (uint64_t)tier->price;

	return (int64_t)(product / (uint64_t)tier->per / (uint64_t)PRICE_MICRO);
}

int64_t price_month_add(struct price_month *month, const struct price_rate *shown, int64_t micro)
{
	const struct rate *rate = &month->list->rates.items[shown->index];
	int64_t *used = &month->used[shown->index];
	int64_t from = *used + take_free(month, rate, micro), to = *used + micro, cost = 0;
	int64_t last_tier = rate->tiers[rate->tier_count - 1].from;

	/* All usage of the last tier has one price, and the sum of a month's bytes may overflow. */
	*used = to < last_tier ? to : last_tier;
	for (size_t i = 0; i < rate->tier_count; i++) {
		const struct tier *tier = &rate->tiers[i];
		int64_t end = i + 1 < rate->tier_count ? rate->tiers[i + 1].from : INT64_MAX;
		int64_t first = from > tier->from ? from : tier->from;
		int64_t last = to < end ? to : end;
		if (last > first)
			cost += cost_of(last - first, tier);
	}
	return cost;
}
