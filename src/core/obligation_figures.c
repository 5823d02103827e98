/* SPDX-License-Identifier: MIT */
/* obligation_figures: one family after the other. */
#include "core/obligation_figures.h"

#include "core/metrics.h"

static void write_ends(const struct obligation_figures *figures, struct buf *out)
{
	static const char *const names[OBLIGATION_ENDS] = {
		[OBLIGATION_END_DELIVERED] = "delivered",
		[OBLIGATION_END_RETRIED] = "retried",
		[OBLIGATION_END_GIVEN_UP] = "given_up",
		[OBLIGATION_END_DEAD_LETTER] = "dead_letter",
		[OBLIGATION_END_DROPPED] = "dropped",
	};

	metrics_family(out, "tern_delivery_attempts_total", "counter",
		       "Ends of attempts of deliveries, by kind.");
	for (size_t i = 0; i < OBLIGATION_NUMBERS; i++)
		for (size_t j = 0; j < OBLIGATION_ENDS && figures->names[i]; j++)
			buf_format(out,
				   "tern_delivery_attempts_total{kind=\"%s\",end=\"%s\"} %llu\n",
				   figures->names[i], names[j],
				   (unsigned long long)atomic_load_explicit(&figures->ends[i][j],
									    memory_order_relaxed));
}

static int64_t load(const _Atomic int64_t *number)
{
	int64_t value = atomic_load_explicit(number, memory_order_relaxed);

	return value > 0 ? value : 0;
}

static void write_waiting(const struct obligation_figures *figures, struct buf *out)
{
	int64_t due = 0, attempted = 0, delayed = 0;

	for (size_t i = 0; i < figures->queue_count; i++) {
		due += load(&figures->counters[i].visible);
		attempted += load(&figures->counters[i].in_flight);
		delayed += load(&figures->counters[i].delayed);
	}
	metrics_family(out, "tern_deliveries", "gauge", "Deliveries that are owed, by state.");
	buf_format(out,
		   "tern_deliveries{state=\"due\"} %lld\n"
		   "tern_deliveries{state=\"attempted\"} %lld\n"
		   "tern_deliveries{state=\"delayed\"} %lld\n",
		   (long long)due, (long long)attempted, (long long)delayed);
}

static int64_t age_ms(const struct queue_counters *counters)
{
	int64_t since_ms = load(&counters->oldest_since_ms);
	int64_t now_ms = clock_base_ms();

	return since_ms > 0 && now_ms > since_ms ? now_ms - since_ms : 0;
}

static int64_t oldest_age_ms(const struct obligation_figures *figures)
{
	int64_t oldest_ms = 0;

	for (size_t i = 0; i < figures->queue_count; i++) {
		int64_t its_ms = age_ms(&figures->counters[i]);
		oldest_ms = its_ms > oldest_ms ? its_ms : oldest_ms;
	}
	return oldest_ms;
}

void obligation_figures_write(const struct obligation_figures *figures, struct buf *out)
{
	const struct deliver_stats *stats = &figures->stats;

	write_waiting(figures, out);
	metrics_number(out, "tern_deliveries_oldest_age_seconds", "gauge",
		       "Age of the delivery that was stored first, or stored anew.",
		       (uint64_t)oldest_age_ms(figures) / 1000);
	write_ends(figures, out);
	metrics_number(out, "tern_delivery_requests_total", "counter",
		       "Attempts that were made, at endpoints and targets.", stats->attempts);
	metrics_number(out, "tern_delivery_circuit_refusals_total", "counter",
		       "Attempts that failed at once since their endpoint failed lately.",
		       stats->refused_by_circuit);
	metrics_number(out, "tern_delivery_endpoints", "gauge",
		       "Endpoints with attempts in progress or failures.", stats->endpoints);
	metrics_number(out, "tern_delivery_open_circuits", "gauge",
		       "Endpoints that are left alone for a while.", stats->open_circuits);
	metrics_number(out, "tern_deliveries_in_memory", "gauge", "Deliveries in memory.",
		       stats->items);
	metrics_number(out, "tern_deliveries_in_memory_bytes", "gauge", "Bytes of these.",
		       stats->bytes);
}
