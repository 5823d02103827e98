/* SPDX-License-Identifier: MIT */
/*
 * outbound_lane: an endpoint's requests, its connections, its addresses.
 *
 * While connections are left, a lane opens as many as its limit lets it. Once all are in use, lanes
 * stand in line (outbound->turns): the first one gets what becomes free, for one request, and goes
 * to the end of the line. A lane with nothing to do is kept for its addresses, its limit and its
 * TLS session, until there are too many of them.
 */
#include <stdio.h>
#include <string.h>

#include "net/outbound_private.h"

#define LIMIT_START 4.0
enum {
	LANES_QUIET_MAX = 16384,
	ADDRESSES_KEPT_MS = 30000,
	FAILURE_KEPT_MS = 5000,
	ALL_OF_THEM = INT32_MAX
};

/* ---- lanes ---- */

enum { KEY_SIZE = LIMIT_HOST_SIZE + 16 };

static bool has_key(const void *lane, const void *key)
{
	return strcmp(((const struct outbound_lane *)lane)->key, key) == 0;
}

/* "s|host|443", in lower case: names of hosts have none. */
static void format_key(const struct http_endpoint *endpoint, char out[KEY_SIZE])
{
	check(snprintf(out, KEY_SIZE, "%c|%.*s|%u", endpoint->is_tls ? 's' : 'p',
		       STR_ARG(endpoint->host), (unsigned)endpoint->port) < KEY_SIZE);
	for (char *c = out; *c; c++)
		if ('A' <= *c && *c <= 'Z')
			*c = (char)(*c + 32);
}

static void lane_release(struct outbound_lane *lane)
{
	check(lane->links == 0);
	check(lane->busy == 0);
	check(list_is_empty(&lane->waiting));
	check(!lane->is_resolving);
	tls_resumption_free(&lane->resumption);
	heap_free(lane->key);
	heap_free(lane->host);
	heap_free(lane);
}

/* Of a lane that is quiet. */
static void lane_forget(struct outbound_lane *lane)
{
	struct outbound *outbound = lane->outbound;

	list_remove(&lane->quiet);
	outbound->quiet_count--;
	map_remove(&outbound->lanes, lane->hash, lane);
	outbound_count(&outbound->lanes_now, -1);
	lane_release(lane);
}

static void set_quiet(struct outbound_lane *lane)
{
	struct outbound *outbound = lane->outbound;
	bool is_quiet = lane->links == 0 && list_is_empty(&lane->waiting) && !lane->is_resolving;

	if (is_quiet == list_is_linked(&lane->quiet))
		return;
	if (!is_quiet) {
		list_remove(&lane->quiet);
		outbound->quiet_count--;
		return;
	}
	list_push_back(&outbound->quiet, &lane->quiet);
	if (++outbound->quiet_count > LANES_QUIET_MAX)
		lane_forget(container_of(outbound->quiet.next, struct outbound_lane, quiet));
}

void outbound_lane_count(struct outbound_lane *lane)
{
	set_quiet(lane);
}

static char *copy_text(struct str text)
{
	char *copy = heap_alloc(text.size + 1);

	memcpy(copy, text.data, text.size);
	return copy;
}

static struct outbound_lane *lane_of(struct outbound *outbound,
				     const struct http_endpoint *endpoint)
{
	char key[KEY_SIZE];

	format_key(endpoint, key);
	uint64_t hash = str_hash(str_from(key));
	struct outbound_lane *lane = map_find(&outbound->lanes, hash, has_key, key);
	if (lane)
		return lane;
	lane = heap_alloc(sizeof(*lane));
	lane->outbound = outbound;
	lane->hash = hash;
	lane->key = copy_text(str_from(key));
	lane->host = copy_text(endpoint->host);
	snprintf(lane->service, sizeof(lane->service), "%u", (unsigned)endpoint->port);
	lane->is_tls = endpoint->is_tls;
	lane->limit = LIMIT_START < outbound->lane_max ? LIMIT_START : outbound->lane_max;
	list_init(&lane->waiting);
	list_init(&lane->idle);
	map_insert(&outbound->lanes, hash, lane);
	outbound_count(&outbound->lanes_now, 1);
	return lane;
}

static struct outbound_request *pop(struct outbound_lane *lane)
{
	struct list *first = lane->waiting.next;

	list_remove(first);
	lane->waiting_count--;
	lane->outbound->waiting_count--;
	outbound_count(&lane->outbound->waiting_now, -1);
	return container_of(first, struct outbound_request, link);
}

static void fail_waiting(struct outbound_lane *lane, enum outbound_outcome outcome,
			 const char *problem)
{
	/* Requests that `done` sends again arrive later, by the mailbox. */
	while (!list_is_empty(&lane->waiting))
		outbound_finish(lane->outbound, pop(lane), outcome, problem);
}

/* ---- addresses ---- */

/* The address as base/network has it: IPv4 is mapped into IPv6. */
static void address_bytes(const union resolve_address *address, uint8_t out[NETWORK_ADDRESS_SIZE])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (address->any.sa_family == AF_INET6) {
		memcpy(out, &address->v6.sin6_addr, NETWORK_ADDRESS_SIZE);
		return;
	}
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + sizeof(mapped), &address->v4.sin_addr, 4);
}

static bool is_forbidden(const struct outbound *outbound, const union resolve_address *address)
{
	uint8_t bytes[NETWORK_ADDRESS_SIZE];
	struct network loopback[2];

	address_bytes(address, bytes);
	if (outbound_refuses(bytes))
		return true;
	for (size_t i = 0; i < outbound->refused_count; i++)
		if (network_has(&outbound->refused[i], bytes))
			return true;
	check(network_parse(STR("127.0.0.0/8"), &loopback[0]));
	check(network_parse(STR("::1"), &loopback[1]));
	return outbound->refuses_loopback &&
	       (network_has(&loopback[0], bytes) || network_has(&loopback[1], bytes));
}

static void fail_unresolved(struct outbound_lane *lane)
{
	if (lane->is_late)
		fail_waiting(lane, OUTBOUND_TIMEOUT, "the host's name was not resolved in time");
	else if (lane->is_forbidden)
		fail_waiting(lane, OUTBOUND_FORBIDDEN,
			     "the host's address is in a network that is not connected to");
	else
		fail_waiting(lane, OUTBOUND_UNKNOWN, "the host's name has no address");
}

static void pump(struct outbound_lane *lane, int most);

/* Thread of the look-up. */
static void on_found(void *context, const struct resolved *found)
{
	struct outbound_lane *lane = context;

	lane->found = *found;
	mailbox_push(&lane->outbound->lookups, &lane->message);
	/* The loop ends only when no lane resolves a name. */
	uv_async_send(&lane->outbound->wake);
}

static void keep_addresses(struct outbound_lane *lane)
{
	lane->address_count = 0;
	lane->is_forbidden = false;
	for (uint32_t i = 0; i < lane->found.count; i++) {
		const union resolve_address *address = &lane->found.addresses[i];
		if (is_forbidden(lane->outbound, address))
			lane->is_forbidden = true;
		else
			lane->addresses[lane->address_count++] = *address;
	}
}

static void end_lookup(struct outbound_lane *lane)
{
	lane->is_resolving = false;
	timer_clear(&lane->outbound->deadlines, &lane->timer);
	lane->resolved_ms = outbound_now_ms(lane->outbound);
	lane->has_failed = lane->address_count == 0;
	if (lane->outbound->is_emptied)
		fail_waiting(lane, OUTBOUND_STOPPED, "the server stops");
	else if (lane->address_count > 0)
		pump(lane, ALL_OF_THEM);
	else
		fail_unresolved(lane);
	set_quiet(lane);
}

void outbound_lanes_resolved(struct outbound *outbound)
{
	struct mailbox_message *message = mailbox_take(&outbound->lookups);

	while (message) {
		struct outbound_lane *lane = container_of(message, struct outbound_lane, message);
		message = message->next;
		if (lane->resolve)
			(void)resolve_end(&lane->resolve); /* it has run */
		lane->is_late = false;
		keep_addresses(lane);
		end_lookup(lane);
	}
}

void outbound_lane_expire(struct outbound_lane *lane)
{
	if (!resolve_end(&lane->resolve))
		return; /* its message is on its way */
	lane->is_late = true;
	lane->address_count = 0;
	end_lookup(lane);
}

/* The time in which the oldest request wants to be connected. */
static void begin_lookup(struct outbound_lane *lane)
{
	struct outbound *outbound = lane->outbound;
	const struct outbound_request *first =
		container_of(lane->waiting.next, struct outbound_request, link);
	int64_t most_ms = first->connect_ms < LIMIT_LOOKUP_MS ? first->connect_ms : LIMIT_LOOKUP_MS;

	lane->is_resolving = true;
	timer_set(&outbound->deadlines, &lane->timer, outbound_now_ms(outbound) + most_ms);
	lane->resolve = resolve_begin(lane->host, lane->service, on_found, lane);
	outbound_set_clock(outbound);
}

/* True if there are addresses to connect to; otherwise they are being looked up. */
static bool has_addresses(struct outbound_lane *lane)
{
	int64_t now_ms = outbound_now_ms(lane->outbound);

	if (lane->is_resolving)
		return false;
	if (lane->address_count > 0 && now_ms - lane->resolved_ms < ADDRESSES_KEPT_MS)
		return true;
	/* A name without addresses is not looked up again for each request: lookups hold threads.
	 */
	if (lane->has_failed && now_ms - lane->resolved_ms < FAILURE_KEPT_MS) {
		fail_unresolved(lane);
		return false;
	}
	begin_lookup(lane);
	return false;
}

/* ---- turns ---- */

/* A connection may be opened, after an idle one of another lane was closed if need be. */
bool outbound_make_room(struct outbound *outbound)
{
	if (outbound->link_count < outbound->connections_max)
		return true;
	if (list_is_empty(&outbound->idle))
		return false;
	outbound_link_close(container_of(outbound->idle.next, struct outbound_link, age));
	return true;
}

/* Begins up to `most` of the requests that wait. */
static void pump(struct outbound_lane *lane, int most)
{
	struct outbound *outbound = lane->outbound;

	for (; most > 0 && !list_is_empty(&lane->waiting) && lane->busy < (uint32_t)lane->limit;
	     most--) {
		if (!list_is_empty(&lane->idle)) {
			struct outbound_link *link =
				container_of(lane->idle.next, struct outbound_link, idle);
			outbound_link_reuse(link, pop(lane));
			continue;
		}
		if (!has_addresses(lane))
			break;
		if (!outbound_make_room(outbound)) {
			if (!list_is_linked(&lane->turn))
				list_push_back(&outbound->turns, &lane->turn);
			return;
		}
		outbound_link_open(lane, pop(lane));
	}
	set_quiet(lane);
}

void outbound_take_turns(struct outbound *outbound)
{
	/* Each lane leaves the line here, and comes back to its end if it has more to do. */
	while (!list_is_empty(&outbound->turns) && outbound_make_room(outbound)) {
		struct outbound_lane *lane =
			container_of(outbound->turns.next, struct outbound_lane, turn);
		list_remove(&lane->turn);
		pump(lane, 1);
		if (!list_is_empty(&lane->waiting) && lane->busy < (uint32_t)lane->limit &&
		    !lane->is_resolving && !list_is_linked(&lane->turn))
			list_push_back(&outbound->turns, &lane->turn);
	}
}

static bool is_overload(enum outbound_outcome outcome, int status)
{
	return outcome != OUTBOUND_ANSWERED || status == 429 || status == 503;
}

void outbound_lane_complete(struct outbound_lane *lane, enum outbound_outcome outcome, int status)
{
	struct outbound *outbound = lane->outbound;

	if (is_overload(outcome, status))
		lane->limit = lane->limit > 2 ? lane->limit / 2 : 1;
	else if (lane->limit + 1 / lane->limit < outbound->lane_max)
		lane->limit += 1 / lane->limit;
	else
		lane->limit = outbound->lane_max;
	if (outbound->is_emptied)
		return;
	/* While others stand in line this lane's next request does, too. */
	if (list_is_empty(&outbound->turns))
		pump(lane, ALL_OF_THEM);
	else if (!list_is_empty(&lane->waiting) && !list_is_linked(&lane->turn))
		list_push_back(&outbound->turns, &lane->turn);
	set_quiet(lane);
	outbound_take_turns(outbound);
}

static void push(struct outbound_lane *lane, struct outbound_request *request, bool is_first)
{
	if (is_first)
		list_push_front(&lane->waiting, &request->link);
	else
		list_push_back(&lane->waiting, &request->link);
	lane->waiting_count++;
	lane->outbound->waiting_count++;
	outbound_count(&lane->outbound->waiting_now, 1);
	set_quiet(lane);
}

void outbound_lane_retry(struct outbound_lane *lane, struct outbound_request *request)
{
	push(lane, request, true);
	pump(lane, ALL_OF_THEM);
}

/* No more may wait for one endpoint than there is room for others: one that hangs has half. */
static bool has_room(const struct outbound_lane *lane)
{
	const struct outbound *outbound = lane->outbound;

	return lane->waiting_count < outbound->waiting_max - outbound->waiting_count;
}

void outbound_lane_take(struct outbound *outbound, struct outbound_request *request)
{
	struct http_endpoint endpoint;

	if (http_endpoint_parse(request->url, &endpoint) != ERR_OK) {
		outbound_finish(outbound, request, OUTBOUND_BAD_URL,
				"not a URL of an HTTP endpoint");
		return;
	}
	struct outbound_lane *lane = lane_of(outbound, &endpoint);
	if (!has_room(lane)) {
		set_quiet(lane); /* it may be new */
		outbound_finish(outbound, request, OUTBOUND_BUSY, "too many requests wait");
		return;
	}
	push(lane, request, false);
	pump(lane, ALL_OF_THEM);
}

void outbound_lanes_stop(struct outbound *outbound)
{
	struct outbound_lane *lane;
	size_t cursor = 0;

	while ((lane = map_next(&outbound->lanes, &cursor))) {
		/* One whose look-up has just ended is in the mailbox. */
		if (lane->is_resolving && !resolve_end(&lane->resolve))
			continue;
		if (lane->is_resolving)
			timer_clear(&outbound->deadlines, &lane->timer);
		lane->is_resolving = false;
		fail_waiting(lane, OUTBOUND_STOPPED, "the server stops");
	}
}

void outbound_lanes_done(struct outbound *outbound)
{
	struct outbound_lane *lane;
	size_t cursor = 0;

	while ((lane = map_next(&outbound->lanes, &cursor)))
		lane_release(lane);
	map_done(&outbound->lanes);
}
