/* SPDX-License-Identifier: MIT */
/*
 * outbound: the thread, its mailbox and its clock.
 *
 * Links set timers in a heap; one timer of the loop stands for the first of them. After a stop the
 * loop goes on until libuv has closed all handles and resolved all names that it had begun with.
 */
#include "net/outbound.h"

#include <string.h>

#include "net/outbound_private.h"

/* RFC 6890 and what clouds' machines find their metadata at: nobody's webhook is there. */
static const char *const refused_networks[] = {
	"0.0.0.0/8",
	"169.254.0.0/16",
	"224.0.0.0/4",
	"240.0.0.0/4",
	"100.100.100.200",
	"192.0.0.192",
	"::",
	"fe80::/10",
	"ff00::/8",
	"168.63.129.16",
	"fd00:ec2::/32",
	"fd20:ce::254",
	"fd00:c1::a9fe:a9fe",
	"::ffff:0:0:0:0/80",
	"64:ff9b:1::/48",
};

enum { REFUSED_COUNT = sizeof(refused_networks) / sizeof(refused_networks[0]) };

static struct network refused[REFUSED_COUNT];
static pthread_once_t refused_once = PTHREAD_ONCE_INIT;

static void parse_refused(void)
{
	for (size_t i = 0; i < REFUSED_COUNT; i++)
		check(network_parse(str_from(refused_networks[i]), &refused[i]));
}

bool outbound_refuses(const uint8_t address[NETWORK_ADDRESS_SIZE])
{
	check(pthread_once(&refused_once, parse_refused) == 0);
	for (size_t i = 0; i < REFUSED_COUNT; i++)
		if (network_has(&refused[i], address))
			return true;
	return false;
}

struct str outbound_outcome_text(enum outbound_outcome outcome)
{
	static const struct str texts[] = {
		[OUTBOUND_ANSWERED] = STR_INIT("answered"),
		[OUTBOUND_BAD_URL] = STR_INIT("not a URL of an HTTP endpoint"),
		[OUTBOUND_UNKNOWN] = STR_INIT("the host's name has no address"),
		[OUTBOUND_FORBIDDEN] = STR_INIT("the address may not be connected to"),
		[OUTBOUND_REFUSED] = STR_INIT("no connection"),
		[OUTBOUND_TLS] = STR_INIT("TLS failed"),
		[OUTBOUND_TIMEOUT] = STR_INIT("it took too long"),
		[OUTBOUND_BROKEN] = STR_INIT("no proper response"),
		[OUTBOUND_BUSY] = STR_INIT("too many requests wait"),
		[OUTBOUND_STOPPED] = STR_INIT("stopped"),
	};

	return texts[outcome];
}

void outbound_finish(struct outbound *outbound, struct outbound_request *request,
		     enum outbound_outcome outcome, const char *problem)
{
	request->outcome = outcome;
	request->problem = problem;
	request->total_ns = clock_steady_ns() - request->sent_ns;
	outbound_count(outcome == OUTBOUND_ANSWERED ? &outbound->answered : &outbound->failed, 1);
	request->done(request);
}

static void on_clock(uv_timer_t *clock)
{
	struct outbound *outbound = clock->data;
	struct timer *first;

	uv_update_time(&outbound->loop);
	int64_t now_ms = outbound_now_ms(outbound);
	while ((first = timer_first(&outbound->deadlines)) && first->at_ms <= now_ms) {
		timer_clear(&outbound->deadlines, first);
		outbound_lane_expire(container_of(first, struct outbound_lane, timer));
	}
	while ((first = timer_first(&outbound->timers)) && first->at_ms <= now_ms) {
		timer_clear(&outbound->timers, first);
		outbound_link_expire(container_of(first, struct outbound_link, timer));
	}
	outbound_set_clock(outbound);
}

void outbound_set_clock(struct outbound *outbound)
{
	struct timer *first = timer_first(&outbound->timers);
	struct timer *lookup = timer_first(&outbound->deadlines);

	if (!first || (lookup && lookup->at_ms < first->at_ms))
		first = lookup;
	if (!first) {
		uv_timer_stop(&outbound->clock);
		return;
	}
	int64_t left_ms = first->at_ms - outbound_now_ms(outbound);
	uv_timer_start(&outbound->clock, on_clock, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
}

static void end_all(struct outbound *outbound)
{
	outbound->is_emptied = true;
	while (!list_is_empty(&outbound->links)) {
		struct outbound_link *link =
			container_of(outbound->links.next, struct outbound_link, all);
		outbound_link_fail(link, OUTBOUND_STOPPED, "the server stops");
	}
	outbound_lanes_stop(outbound);
	uv_close((uv_handle_t *)&outbound->wake, NULL);
	uv_close((uv_handle_t *)&outbound->clock, NULL);
}

static void take_requests(struct outbound *outbound)
{
	for (struct mailbox_message *message = mailbox_take(&outbound->mailbox); message;) {
		struct outbound_request *request =
			container_of(message, struct outbound_request, message);
		message = message->next;
		if (atomic_load(&outbound->is_stopping))
			outbound_finish(outbound, request, OUTBOUND_STOPPED, "the server stops");
		else
			outbound_lane_take(outbound, request);
	}
}

static void on_wake(uv_async_t *wake)
{
	struct outbound *outbound = wake->data;

	outbound_lanes_resolved(outbound);
	take_requests(outbound);
	if (atomic_load(&outbound->is_stopping) && !outbound->is_emptied)
		end_all(outbound);
	else if (!outbound->is_emptied)
		outbound_set_clock(outbound);
}

static void *run(void *context)
{
	struct outbound *outbound = context;

	check(pthread_setname_np(pthread_self(), "outbound") == 0);
	uv_run(&outbound->loop, UV_RUN_DEFAULT);
	pthread_mutex_lock(&outbound->lock);
	outbound->has_ended = true;
	pthread_mutex_unlock(&outbound->lock);
	outbound_lanes_resolved(outbound);
	take_requests(outbound);
	return NULL;
}

static uint32_t or_default(uint32_t value, uint32_t standard)
{
	return value > 0 ? value : standard;
}

enum err outbound_new(const struct outbound_options *options, struct outbound **out_outbound,
		      char *problem, size_t size)
{
	struct tls_context *tls;

	enum err err = tls_client_context_new(options->authorities, &tls, problem, size);
	if (err)
		return err;
	struct outbound *outbound = heap_alloc(sizeof(*outbound));
	outbound->tls = tls;
	outbound->connections_max =
		or_default(options->connections_max, LIMIT_OUTBOUND_CONNECTIONS);
	outbound->lane_max = or_default(options->lane_max, LIMIT_OUTBOUND_LANE);
	outbound->waiting_max = or_default(options->waiting_max, LIMIT_OUTBOUND_WAITING);
	outbound->idle_ms = or_default(options->idle_ms, LIMIT_OUTBOUND_IDLE_MS);
	outbound->refuses_loopback = options->refuses_loopback;
	outbound->refused_count = options->refused_count;
	outbound->refused = heap_alloc(options->refused_count * sizeof(*outbound->refused) + 1);
	if (options->refused_count > 0)
		memcpy(outbound->refused, options->refused,
		       options->refused_count * sizeof(*outbound->refused));
	list_init(&outbound->turns);
	list_init(&outbound->quiet);
	list_init(&outbound->links);
	list_init(&outbound->idle);
	pthread_mutex_init(&outbound->lock, NULL);
	mailbox_init(&outbound->mailbox, NULL, NULL);
	mailbox_init(&outbound->lookups, NULL, NULL);
	check(uv_loop_init(&outbound->loop) == 0);
	uv_async_init(&outbound->loop, &outbound->wake, on_wake);
	uv_timer_init(&outbound->loop, &outbound->clock);
	outbound->wake.data = outbound->clock.data = outbound;
	check(pthread_create(&outbound->pthread, NULL, run, outbound) == 0);
	*out_outbound = outbound;
	return ERR_OK;
}

void outbound_send(struct outbound *outbound, struct outbound_request *request)
{
	request->sent_ns = clock_steady_ns();
	request->was_reused = false;
	request->status = 0;
	request->answer = (struct str){0};
	request->connect_ns = 0;
	pthread_mutex_lock(&outbound->lock);
	bool has_ended = outbound->has_ended;
	if (!has_ended) {
		mailbox_push(&outbound->mailbox, &request->message);
		/* The handle is closed on the outbound's thread, which then takes the rest. */
		if (!atomic_load(&outbound->is_stopping))
			uv_async_send(&outbound->wake);
	}
	pthread_mutex_unlock(&outbound->lock);
	if (has_ended)
		outbound_finish(outbound, request, OUTBOUND_STOPPED, "the server stops");
}

void outbound_stop(struct outbound *outbound)
{
	pthread_mutex_lock(&outbound->lock);
	bool is_first = !atomic_exchange(&outbound->is_stopping, true);
	if (is_first)
		uv_async_send(&outbound->wake);
	pthread_mutex_unlock(&outbound->lock);
	if (is_first)
		pthread_join(outbound->pthread, NULL);
}

void outbound_free(struct outbound **outbound)
{
	struct outbound *freed = *outbound;

	if (!freed)
		return;
	outbound_stop(freed);
	outbound_lanes_done(freed);
	check(uv_loop_close(&freed->loop) == 0);
	timer_heap_done(&freed->timers);
	timer_heap_done(&freed->deadlines);
	buf_done(&freed->plain);
	tls_context_free(&freed->tls);
	pthread_mutex_destroy(&freed->lock);
	heap_free(freed->refused);
	heap_free(freed);
	*outbound = NULL;
}

void outbound_stats_read(const struct outbound *outbound, struct outbound_stats *out)
{
	const struct {
		const _Atomic uint64_t *from;
		uint64_t *to;
	} numbers[] = {
		{&outbound->answered, &out->answered},
		{&outbound->failed, &out->failed},
		{&outbound->connections_made, &out->connections_made},
		{&outbound->handshakes_resumed, &out->handshakes_resumed},
		{&outbound->bytes_out, &out->bytes_out},
		{&outbound->bytes_in, &out->bytes_in},
		{&outbound->lanes_now, &out->lanes},
		{&outbound->links_now, &out->connections},
		{&outbound->busy_now, &out->in_progress},
		{&outbound->waiting_now, &out->waiting},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i].to = atomic_load_explicit(numbers[i].from, memory_order_relaxed);
}
