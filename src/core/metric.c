/* SPDX-License-Identifier: MIT */
/* metric: a task of the control thread closes each minute of wall time. */
#include "core/metric.h"

#include "core/metrics.h"
#include "core/service.h"
#include "core/worker.h"

enum { MINUTE_MS = 60000, SKIPPED_MINUTES_MAX = 1440, CLOSED_MAX = 4 };

/* The watches whose keys have the same hash. */
struct watches {
	uint64_t hash;
	struct list list;
};

struct metrics {
	struct metric_store *store;
	struct metric_recorder *recorder;
	struct core *core;
	struct core_task task;
	struct work maintenance;
	_Atomic bool is_maintained; /* a worker does it */
	int64_t minute_ms;	    /* where the open minute begins */
	uint64_t shifts;	    /* of the clock, when the last minute was closed */
	struct map watches;
	metric_closed_fn closed[CLOSED_MAX];
	size_t closed_count;
	struct metric_collector *collector;
	uint64_t failed_commits;
};

/* ---- adding ---- */

static uint32_t series_of(struct metrics *metrics, struct metric_slot *slot,
			  const struct metric_key *key)
{
	uint32_t series = slot ? atomic_load_explicit(&slot->series, memory_order_relaxed) : 0;

	if (series == 0) {
		series = metric_store_series(metrics->store, key);
		if (slot)
			atomic_store_explicit(&slot->series, series, memory_order_relaxed);
	}
	return series;
}

void metric_add_many(struct core *core, struct metric_slot *slot, const struct metric_key *key,
		     double value, double count)
{
	if (!core->metrics || count <= 0)
		return;
	uint32_t series = series_of(core->metrics, slot, key);
	if (series != 0)
		metric_recorder_add(core->metrics->recorder, series, value, count);
}

void metric_add(struct core *core, struct metric_slot *slot, const struct metric_key *key,
		double value)
{
	metric_add_many(core, slot, key, value, 1);
}

bool metric_put(struct core *core, const struct metric_key *key, uint32_t step_s,
		const struct metric_point *point)
{
	uint32_t series = metric_store_series(core->metrics->store, key);

	return series != 0 && metric_store_add(core->metrics->store, series, step_s, point);
}

void metric_minute_put_point(struct metric_minute *minute, struct metric_slot *slot,
			     const struct metric_key *key, const struct metric_point *point)
{
	struct metrics *metrics = minute->core->metrics;
	struct metric_point copy = *point;
	uint32_t series = series_of(metrics, slot, key);

	copy.time_s = minute->start_ms / 1000;
	/* A series without room is counted by the store. */
	if (series != 0)
		(void)metric_store_add(metrics->store, series, 60, &copy);
}

void metric_minute_put(struct metric_minute *minute, struct metric_slot *slot,
		       const struct metric_key *key, double value)
{
	struct metric_point point = metric_point_of(0, value, 1);

	metric_minute_put_point(minute, slot, key, &point);
}

/* ---- watches ---- */

static bool has_hash(const void *value, const void *key)
{
	return ((const struct watches *)value)->hash == *(const uint64_t *)key;
}

void metric_watch(struct core *core, struct metric_watch *watch)
{
	struct map *map = &core->metrics->watches;
	uint64_t hash = metric_key_hash(&watch->key);
	struct watches *watches = map_find(map, hash, has_hash, &hash);

	if (!watches) {
		watches = heap_alloc(sizeof(*watches));
		watches->hash = hash;
		list_init(&watches->list);
		map_insert(map, hash, watches);
	}
	list_push_back(&watches->list, &watch->link);
}

void metric_unwatch(struct core *core, struct metric_watch *watch)
{
	struct map *map = &core->metrics->watches;
	uint64_t hash = metric_key_hash(&watch->key);
	struct watches *watches = map_find(map, hash, has_hash, &hash);

	list_remove(&watch->link);
	if (!list_is_empty(&watches->list))
		return;
	map_remove(map, hash, watches);
	heap_free(watches);
}

static void hand_out(void *context, uint64_t hash, const struct metric_key *key,
		     const struct metric_point *point)
{
	struct core *core = context;
	const struct watches *watches = map_find(&core->metrics->watches, hash, has_hash, &hash);

	for (struct list *link = watches ? watches->list.next : NULL;
	     watches && link != &watches->list;) {
		struct metric_watch *watch = container_of(link, struct metric_watch, link);
		link = link->next;
		if (metric_key_is_metric(&watch->key, key) &&
		    (watch->key.unit.size == 0 || str_equal(watch->key.unit, key->unit)))
			watch->closed(core, watch, point, key->unit);
	}
}

void metric_on_closed(struct core *core, metric_closed_fn closed)
{
	check(core->metrics->closed_count < CLOSED_MAX);
	core->metrics->closed[core->metrics->closed_count++] = closed;
}

/* ---- closing ---- */

static void take_samples(void *context, uint32_t series, const struct metric_point *point)
{
	const struct metric_minute *minute = context;
	struct metric_point copy = *point;

	copy.time_s = minute->start_ms / 1000;
	(void)metric_store_add(minute->core->metrics->store, series, 60, &copy);
}

static void maintain(struct metrics *metrics)
{
	enum err err = metric_store_maintain(metrics->store, clock_now_ms() / 1000);

	if (err)
		log_event(LOG_ERROR,
			  "metrics cannot be sealed; they stay in memory and in the journal",
			  log_str("error", err_text(err)));
	atomic_store(&metrics->is_maintained, false);
}

static void run_maintenance(struct work *work, bool may_run)
{
	struct metrics *metrics = container_of(work, struct metrics, maintenance);

	if (may_run)
		maintain(metrics);
	else
		atomic_store(&metrics->is_maintained, false);
}

static void begin_maintenance(struct metrics *metrics)
{
	struct workers *workers = metrics->core->workers;

	if (atomic_exchange(&metrics->is_maintained, true))
		return;
	metrics->maintenance = (struct work){.run = run_maintenance, .account = STR("metrics")};
	if (!workers)
		maintain(metrics);
	else if (!worker_submit(workers, &metrics->maintenance))
		atomic_store(&metrics->is_maintained, false); /* the next minute tries again */
}

static void commit(struct core *core, metric_store_visit_fn visit)
{
	struct metrics *metrics = core->metrics;

	enum err err = metric_store_commit(metrics->store, visit, core);
	if (err && metrics->failed_commits++ == 0)
		log_event(LOG_ERROR, "metrics cannot be stored; they stay in memory",
			  log_str("error", err_text(err)));
	else if (!err)
		metrics->failed_commits = 0;
}

static void close_minute(struct core *core)
{
	struct metrics *metrics = core->metrics;
	struct metric_minute minute = {core, metrics->minute_ms};

	if (metrics->collector)
		metrics->collector->collect(metrics->collector, &minute);
	services_collect(core, &minute);
	metric_recorder_take(metrics->recorder, take_samples, &minute);
	commit(core, hand_out);
	for (size_t i = 0; i < metrics->closed_count; i++)
		metrics->closed[i](core, minute.start_ms);
	if (metric_store_is_due(metrics->store, clock_now_ms() / 1000))
		begin_maintenance(metrics);
}

void metrics_tick(struct core *core)
{
	struct metrics *metrics = core->metrics;
	int64_t now_ms = clock_now_ms(), open_ms = now_ms - now_ms % MINUTE_MS;
	int64_t minutes = (open_ms - metrics->minute_ms) / MINUTE_MS;
	bool was_shifted = clock_shift_count() != metrics->shifts;

	metrics->shifts = clock_shift_count();
	if (minutes > 0)
		close_minute(core);
	/* While the machine slept, nobody measured. */
	if (was_shifted && minutes <= SKIPPED_MINUTES_MAX)
		while (minutes-- > 1) {
			metrics->minute_ms += MINUTE_MS;
			close_minute(core);
		}
	metrics->minute_ms = open_ms;
}

static void run_task(struct core *core, struct core_task *task)
{
	metrics_tick(core);
	core_post_control_on(core, task, core->metrics->minute_ms + MINUTE_MS);
}

/* ---- reading ---- */

/* AWS's choice among several units, as far as it was observed; then by name. */
static int rank_of(struct str unit)
{
	static const char *const first[] = {"Megabits",	 "Terabits",  "Gigabits",  "Count",
					    "Bytes",	 "Gigabytes", "Kilobytes", "Kilobits",
					    "Megabytes", "Terabytes", "Bits",	   "Percent"};

	for (int i = 0; i < (int)(sizeof(first) / sizeof(first[0])); i++)
		if (str_equal(unit, str_from(first[i])))
			return i;
	return (int)(sizeof(first) / sizeof(first[0]));
}

struct reading {
	struct metrics *metrics;
	struct arena *arena;
	const struct metric_key *key;
	struct metric_range range;
	struct metric_points points;
	struct str *units;
	size_t unit_room;
	enum err err;
};

static void take_unit(struct reading *reading, const struct metric_key *key,
		      struct metric_point *items, size_t count)
{
	struct metric_points *points = &reading->points;
	struct str unit = arena_copy(reading->arena, key->unit);

	if (points->unit_count == reading->unit_room) {
		size_t room = reading->unit_room * 2 + 2;
		struct str *units = arena_array(reading->arena, struct str, room);
		if (points->unit_count > 0)
			memcpy(units, reading->units, points->unit_count * sizeof(*units));
		reading->units = units;
		reading->unit_room = room;
	}
	reading->units[points->unit_count++] = unit;
	points->units = reading->units;
	if (points->unit_count == 1 || rank_of(unit) < rank_of(points->unit)) {
		points->items = items;
		points->count = count;
		points->unit = unit;
	}
}

static bool read_series(void *context, uint32_t series, const struct metric_key *key,
			int64_t last_s)
{
	struct reading *reading = context;
	const struct metric_range *range = &reading->range;
	struct metric_point *items;
	size_t count;

	if (!metric_key_is_metric(key, reading->key))
		return false;
	if ((reading->key->unit.size > 0 && !str_equal(key->unit, reading->key->unit)) ||
	    last_s + 60 <= range->start_s)
		return true;
	reading->err = metric_store_read(reading->metrics->store, reading->arena, series,
					 clock_now_ms() / 1000, range->start_s, range->end_s,
					 range->period_s, range->skips_samples, &items, &count);
	if (reading->err == ERR_NOTFOUND) /* it was removed meanwhile */
		reading->err = ERR_OK;
	else if (!reading->err && count > 0)
		take_unit(reading, key, items, count);
	return !reading->err;
}

enum err metric_read(struct core *core, struct arena *arena, const struct metric_key *key,
		     struct metric_range range, struct metric_points *out_points)
{
	struct metric_key *from = metric_key_new(key);
	struct reading reading = {
		.metrics = core->metrics, .arena = arena, .key = key, .range = range};

	from->unit = key->unit;
	if (core->metrics)
		metric_store_each(core->metrics->store, from, read_series, &reading);
	heap_free(from);
	if (!reading.err)
		*out_points = reading.points;
	return reading.err;
}

struct listing {
	struct str account, region, name_space;
	metric_list_fn visit;
	void *context;
};

static bool list_series(void *context, uint32_t series, const struct metric_key *key,
			int64_t last_s)
{
	const struct listing *listing = context;
	struct metric_listed listed = {key, last_s};

	(void)series;
	if (!str_equal(key->account, listing->account) ||
	    !str_equal(key->region, listing->region) ||
	    (listing->name_space.size > 0 && !str_equal(key->name_space, listing->name_space)))
		return false;
	return listing->visit(listing->context, &listed);
}

void metric_list(struct core *core, struct str account, struct str region, struct str name_space,
		 const struct metric_key *from, metric_list_fn visit, void *context)
{
	const struct metric_key first = {
		.account = account, .region = region, .name_space = name_space};
	struct listing listing = {account, region, name_space, visit, context};

	if (core->metrics)
		metric_store_each(core->metrics->store, from ? from : &first, list_series,
				  &listing);
}

struct removal {
	struct str account;
	struct {
		uint32_t *items;
		size_t count, capacity;
	} chosen;
};

static bool choose(void *context, uint32_t series, const struct metric_key *key, int64_t last_s)
{
	struct removal *removal = context;

	(void)last_s;
	if (!str_equal(key->account, removal->account))
		return false;
	vec_push(&removal->chosen, series);
	return true;
}

uint64_t metric_remove_account(struct core *core, struct str account)
{
	const struct metric_key first = {.account = account};
	struct removal removal = {.account = account};

	metric_store_each(core->metrics->store, &first, choose, &removal);
	for (size_t i = 0; i < removal.chosen.count; i++)
		metric_store_remove(core->metrics->store, removal.chosen.items[i]);
	uint64_t count = removal.chosen.count;
	vec_done(&removal.chosen);
	return count;
}

/* ---- beginning and end ---- */

static struct str close_seal(void *context, struct arena *arena, struct str plain)
{
	return seal_close(context, arena, SEAL_SUBJECT_METRICS, plain);
}

static enum err open_seal(void *context, char *sealed, size_t size, struct str *out_plain)
{
	return seal_open(context, sealed, size, out_plain);
}

enum err metrics_open(struct core *core, const struct metrics_options *options)
{
	struct metric_store_options store = {.directory = options->directory};

	if (core->seal)
		store.seal = (struct metric_seal){core->seal, close_seal, open_seal};
	struct metrics *metrics = heap_alloc(sizeof(*metrics));
	int64_t now_ms = clock_now_ms();

	enum err err = metric_store_open(&store, now_ms / 1000, &metrics->store);
	if (err) {
		heap_free(metrics);
		return err;
	}
	metrics->core = core;
	metrics->recorder = metric_recorder_new();
	metrics->minute_ms = now_ms - now_ms % MINUTE_MS;
	metrics->shifts = clock_shift_count();
	metrics->collector = options->collector;
	metrics->task.run = run_task;
	core->metrics = metrics;
	return ERR_OK;
}

void metrics_start(struct core *core)
{
	check(core->control);
	core_post_control_on(core, &core->metrics->task, core->metrics->minute_ms + MINUTE_MS);
}

/* Gauges of a part of a minute would count like those of a whole one. */
void metrics_stop(struct core *core)
{
	struct metric_minute minute = {core, core->metrics ? core->metrics->minute_ms : 0};

	if (!core->metrics)
		return;
	metric_recorder_take(core->metrics->recorder, take_samples, &minute);
	commit(core, NULL);
}

void metrics_close(struct core *core)
{
	struct metrics *metrics = core->metrics;
	struct watches *watches;
	size_t cursor = 0;

	if (!metrics)
		return;
	while ((watches = map_next(&metrics->watches, &cursor)) != NULL)
		heap_free(watches);
	map_done(&metrics->watches);
	metric_recorder_free(&metrics->recorder);
	metric_store_free(&metrics->store);
	heap_free(metrics);
	core->metrics = NULL;
}

void metrics_figures(const struct core *core, struct buf *out)
{
	struct metric_store_stats stats = metric_store_stats_read(core->metrics->store);

	metrics_number(out, "tern_metric_series", "gauge",
		       "CloudWatch metrics in each of their units.", stats.series);
	metrics_number(out, "tern_metric_dropped_series_total", "counter",
		       "Samples of new metrics that had no room.", stats.dropped_series);
	metrics_number(out, "tern_metric_memory_bytes", "gauge", "Points of metrics in memory.",
		       stats.memory_bytes);
	metrics_number(out, "tern_metric_file_bytes", "gauge", "Points of metrics in files.",
		       stats.file_bytes);
	metrics_number(out, "tern_metric_failed_commits", "gauge",
		       "Minutes since points could be stored the last time.",
		       core->metrics->failed_commits);
}
