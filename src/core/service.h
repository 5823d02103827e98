/* SPDX-License-Identifier: MIT */
/*
 * service: the interface of a service to the server: its operations, its start and stop, its state,
 * and its tables for other parts. The server loops over one list of modules (server/services.c).
 *
 * A module is constant. Its state is one zeroed block that core keeps for it from its start to its
 * stop; the service reaches it by a typed accessor around service_state. Main, except where said.
 */
#ifndef TERN_CORE_SERVICE_H
#define TERN_CORE_SERVICE_H

#include "base/base.h"
#include "core/endpoint.h"
#include "core/seal/kms.h"
#include "wire/route.h"
#include "wire/shape.h"

struct core;
struct billing_item;
struct invoke_provider;
struct metric_minute;
struct obligation_kind;
struct service_page;
struct source_provider;
struct target_provider;

/* The place of a module in the order of the start. Within a stage, the order is the list's. */
enum service_stage {
	/* The catalog is open. The time base is not set yet: the engine's records set it. */
	SERVICE_BEFORE_ENGINE,
	/* The engine is open and main steps it; the audit log is open. */
	SERVICE_AFTER_ENGINE,
	/* The addresses of --listen are taken; core->listeners can take others. */
	SERVICE_AFTER_LISTENERS,
};

/* The inputs of a start beside core. */
struct service_start {
	struct arena *arena; /* until start returns */
	struct str config;   /* the text of the configuration file, JSON; empty: none */
	bool is_open;	     /* callers are not checked (--auth open) */
	struct str data;     /* path of the data directory; empty: nothing is kept */
	bool is_durable;     /* what is acknowledged is synced (--durability fsync) */
};

/* Plain documents that anyone may GET, such as a certificate that verifies signatures. */
struct service_pages {
	struct str prefix; /* of their paths: "/SimpleNotificationService-"; no operation has it */
	/* Net thread. False: there is no such page. The body lives as long as the request, or as
	 * the service. */
	bool (*find)(const struct core *core, struct str path, struct service_page *out_page);
};
struct service_page {
	struct str content_type, body;
};

struct service_module {
	const struct service *service;
	void (*bind)(void); /* fills the operation table with the handlers; before all else */
	enum service_stage stage;
	/* Names of the services that start first, with spaces between them; NULL: none. */
	const char *needs;

	/* The first member of the state is `uint32_t magic`, which is set to this. 0: no state. */
	uint32_t state_magic;
	size_t state_size;

	/*
	 * Loads the catalog's records. ERR_FAULT: the configuration is invalid, and *out_problem
	 * (in start->arena) is a sentence about it; other errors are the catalog's. Stop runs in
	 * any case. NULL: no start.
	 */
	enum err (*start)(struct core *core, const struct service_start *start,
			  struct str *out_problem);
	/* Frees the state's members; no other thread runs, and the engine has ended. May be
	 * NULL. */
	void (*stop)(struct core *core);

	/* Control thread: deletes the account's resources; adds their number to *count, and names
	 * them `reset_name` in the answer. Errors as the catalog's. NULL: keeps all resources. */
	enum err (*reset)(struct core *core, struct str account, uint64_t *count);
	const char *reset_name;
	/* Control thread: the service's own figures for /_tern/metrics (core/metrics.h). NULL:
	 * none. */
	void (*metrics)(const struct core *core, struct buf *out);

	/* Control thread: the gauges of a minute that is being closed, and what the service has
	 * counted itself (core/metric.h). NULL: none. */
	void (*collect)(struct core *core, struct metric_minute *minute);

	/* Control thread, once an hour: what the service keeps and AWS bills by time, such as keys
	 * and bytes; quantities are for one hour. NULL: nothing. */
	void (*bill)(struct core *core, void (*add)(void *context, const struct billing_item *item),
		     void *context);

	/* The tables for other services and the dispatcher: core->kms, core->endpoints. NULL: not
	 * this service. From its start to its stop. */
	const struct core_kms *kms;
	const struct core_endpoints *endpoints;
	/* The deliveries of other services to its resources; core/target.h. NULL: not supported. */
	const struct target_provider *targets;
	/* Its resources that answer calls; core/invoke.h. NULL: none. */
	const struct invoke_provider *invokes;
	/* Its queues, which the server consumes; core/source.h. NULL: none. */
	const struct source_provider *sources;
	const struct service_pages *pages; /* NULL: none */
	/* The kinds of deliveries that it owes beyond the answer of a request; core/obligation.h.
	 */
	const struct obligation_kind *const *obligations;
	size_t obligation_count;
};

struct service_slots;

/*
 * Binds the handlers of all modules and sets core->routes, sorted by name. `modules` outlive core.
 * The modules that a module needs are before it in the list, in its stage or an earlier one
 * (checked).
 */
void services_bind(struct core *core, const struct service_module *const *modules, size_t count);
/* For tests and fuzzers: core has this module alone, with a borrowed state that gets the module's
 * magic. */
void services_bind_one(struct core *core, const struct service_module *module, void *state);
/* Starts the modules of a stage. On an error *out_failed is the module. */
must_check enum err services_start(struct core *core, enum service_stage stage,
				   const struct service_start *start, struct str *out_problem,
				   const struct service_module **out_failed);
/* Stops the services that this stage started, in the reverse order. */
void services_stop(struct core *core, enum service_stage stage);
void services_unbind(struct core *core); /* after all are stopped; accepts a core without modules */

/* Any thread: the module's state, whose magic is checked; NULL: the module is not started. */
void *service_state(const struct core *core, const struct service_module *module);

/* Any thread: of the service of that name, if it is started; NULL: there is none. */
const struct target_provider *services_find_target(const struct core *core, struct str name);

/* The same for its resources that answer. */
const struct invoke_provider *services_find_invoke(const struct core *core, struct str name);
/* The same for its queues. */
const struct source_provider *services_find_source(const struct core *core, struct str name);

/* Net thread: the page of a started service at that path; false: there is none. */
bool services_find_page(const struct core *core, struct str path, struct service_page *out_page);

/* Any thread: visits the obligation kinds of all modules. */
typedef void (*service_obligation_fn)(void *context, const struct obligation_kind *kind);
void services_each_obligation(const struct core *core, service_obligation_fn each, void *context);

/* Control thread. As the members above, for all modules that have them. */
void services_bill(struct core *core, void (*add)(void *context, const struct billing_item *item),
		   void *context);
void services_metrics(const struct core *core, struct buf *out);
void services_collect(struct core *core, struct metric_minute *minute);
typedef void (*service_reset_fn)(void *context, const char *name, uint64_t count);
must_check enum err services_reset(struct core *core, struct str account, service_reset_fn each,
				   void *context);

#endif
