/* SPDX-License-Identifier: MIT */
/* ec2: start and end of the service, and the dispatcher's look-ups of endpoints. */
#include "services/ec2/ec2.h"

#include "api/ec2.h"
#include "api/handlers.h"
#include "services/ec2/change.h"
#include "services/ec2/endpoint.h"
#include "services/ec2/network.h"
#include "services/ec2/store.h"

static const struct endpoint *hold(struct core *core, uint32_t listener)
{
	const struct ec2_endpoint *endpoint =
		ec2_endpoints_find_listener(ec2_of(core)->endpoints, listener);

	return endpoint ? &endpoint->shown : NULL;
}

static void release(const struct endpoint *shown)
{
	ec2_endpoint_release(container_of(shown, struct ec2_endpoint, shown));
}

static const struct core_endpoints for_dispatch = {.hold = hold, .release = release};

struct loading {
	struct core *core;
	struct arena *arena;
	struct ec2_endpoint *items;
	size_t count, capacity;
};

static enum err load_one(void *context, struct str key, struct str value)
{
	struct loading *loading = context;
	struct ec2_endpoint draft;

	(void)key;
	enum err err =
		ec2_endpoint_decode(loading->arena, arena_copy(loading->arena, value), &draft);
	if (err)
		return err;
	vec_push(loading, draft);
	return ERR_OK;
}

/* Reopens the previous address if it is free. */
static enum err reopen(struct loading *loading, struct ec2_endpoint *draft)
{
	struct core *core = loading->core;
	struct str before = draft->url;

	draft->url = (struct str){0};
	enum err err = core->listeners->open(core, loading->arena, draft->shown.id, before,
					     &draft->url, &draft->listener);
	if (err)
		log_event(LOG_ERROR, "a private endpoint has no address",
			  log_str("endpoint", draft->shown.id), log_str("before", before),
			  log_str("error", err_text(err)));
	if (!err && !str_equal(before, draft->url))
		return ec2_change(core, draft);
	ec2_endpoints_put(ec2_of(core)->endpoints, ec2_endpoint_new(draft));
	return ERR_OK;
}

static enum err load(struct loading *loading)
{
	struct catalog *catalog = loading->core->catalog;

	enum err err = catalog_begin(catalog, false);
	if (err)
		return err;
	err = catalog_each(catalog, CATALOG_EC2_ENDPOINTS, load_one, loading);
	catalog_abort(catalog);
	for (size_t i = 0; i < loading->count && !err; i++)
		err = reopen(loading, &loading->items[i]);
	return err;
}

/*
 * Reads the configuration's networks and opens the catalog's endpoints. If no address is free for
 * an endpoint, the log records it and the endpoint stays without one.
 */
static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	struct ec2 *ec2 = ec2_of(core);
	struct loading loading = {.core = core, .arena = start->arena};
	struct str problem = {0};

	check(core->listeners);
	ec2->endpoints = ec2_endpoints_new();
	ec2->network = heap_alloc(sizeof(*ec2->network));
	enum err err = ec2_network_read(ec2->network, core, start->config, &problem);
	if (err == ERR_FAULT)
		*out_problem = arena_copy(start->arena, problem);
	if (!err)
		err = load(&loading);
	vec_done(&loading);
	return err;
}

static void stop(struct core *core)
{
	struct ec2 *ec2 = ec2_of(core);

	ec2_endpoints_free(&ec2->endpoints);
	ec2_network_done(ec2->network);
	heap_free(ec2->network);
}

const struct service_module ec2_module = {
	.service = &ec2_service,
	.bind = ec2_bind_handlers,
	.stage = SERVICE_AFTER_LISTENERS, /* endpoints take addresses that --listen leaves */
	.needs = "iam",
	.state_magic = 0x53324345,
	.state_size = sizeof(struct ec2),
	.start = start,
	.stop = stop,
	.endpoints = &for_dispatch,
};
