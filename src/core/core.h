/* SPDX-License-Identifier: MIT */
/*
 * core: the server's shared state for every handler, one a server.
 *
 * Set up by server/ before the first request; constant afterwards, so any thread may read it. Each
 * module behind its pointers documents its own threads.
 */
#ifndef TERN_CORE_CORE_H
#define TERN_CORE_CORE_H

#include "access/directory.h"
#include "access/signer.h"
#include "base/base.h"
#include "catalog/catalog.h"
#include "core/call.h"
#include "core/seal/seal.h"
#include "queue/queue.h"
#include "wire/route.h"

struct audit;
struct billing;
struct browser_rules;
struct consumers;
struct control;
struct due;
struct group;
struct data_key_sweep;
struct data_keys;
struct mail_relay;
struct metering;
struct metrics;
struct internals;
struct log_sink;
struct obligations;
struct penalty;
struct quotas;
struct runner;
struct session_store;
struct service_slots;
struct source_list;
struct throttle;
struct workers;

struct core {
	struct service_slots *services; /* with their state; core/service.h */
	struct route_table routes;	/* all services, in the order of operation numbers */
	/* The partitions, and what steps each of them; core/engines.h. */
	struct engine *engines[LIMIT_PARTITIONS];
	struct runner *runners[LIMIT_PARTITIONS];
	uint32_t engine_count; /* 0: before the engines are opened */
	struct control *control;
	struct group *group;		 /* of the control thread; core/group.h */
	struct due *due;		 /* scheduled work of services; core/due.h */
	struct internals *internals;	 /* of internal requests; core/internal.h */
	struct obligations *obligations; /* deliveries that are owed; core/obligation.h */
	struct consumers *consumers;	 /* of queues, inside the server; core/consumer.h */
	struct workers *workers;	 /* for slow work; core/worker.h */
	struct billing *billing;	 /* quantities beside requests; core/billing.h */
	struct log_sink *log_sink;	 /* logs of services; core/log_sink.h */
	struct catalog *catalog;	 /* control thread only, and start-up */
	/* Requests must be signed by one of them; find NULL: open to all. */
	struct signer_source signers;
	struct directory *directory;	/* IAM's entities; access/directory.h */
	struct issuers *issuers;	/* keys of OpenID Connect issuers; access/issuers.h */
	struct session_store *sessions; /* temporary credentials; core/seal/session_store.h */
	bool is_enforcing;		/* policies decide in the caller's own account too */
	const struct core_kms *kms;	/* of services/kms; core/seal/kms.h */
	struct data_keys *data_keys;	/* that came from it; core/data_keys.h */
	struct data_key_sweep *data_key_sweep; /* its task */
	struct penalty *penalty; /* NULL: signatures are not verified; core/limit/penalty.h */
	const struct browser_rules
		*browsers;		   /* NULL: all pages may use the server; core/browser.h */
	const struct source_list *proxies; /* NULL: none; core/limit/source.h */
	const struct quotas *quotas;	   /* of each account; NULL: AWS's; core/limit/quota.h */
	const struct throttle *throttle; /* NULL: no request is throttled; core/limit/throttle.h */
	const struct core_endpoints *endpoints; /* of services/ec2; core/endpoint.h */
	const struct core_listeners *listeners; /* of the server; core/endpoint.h */
	uint32_t first_endpoint; /* listeners of this number and above are private endpoints */
	struct str default_account, default_region;
	struct str base_url;	   /* for requests whose Host is missing or invalid */
	bool drops_unknown_queues; /* delete the messages of queues that the catalog lacks */
	bool delays_recreate;	   /* enforce QueueDeletedRecently for 60 s; off by default */
	bool delays_purge;	   /* enforce PurgeQueueInProgress for 60 s; on by default */
	bool signs_http_only;	   /* of SNS: notifications to other endpoints have no signature */
	const struct mail_relay *mail; /* NULL: e-mail waits; core/mail.h */
	struct str webhook_url;	       /* takes SMS and push messages; empty: none */
	struct metering *metering;     /* core/metering.h */
	struct metrics *metrics;       /* CloudWatch's; core/metric.h */
	struct audit *audit;	       /* NULL: no call is recorded */
	struct seal *seal;	/* of messages at rest, and of secrets in the catalog (subject 0) */
	uint8_t handle_key[32]; /* seals receipt handles; from the catalog */
	uint8_t hash_key[16];	/* of group and deduplication hashes; from the catalog */
};

/* The engine that has the queue with that number. All queues that a command names have the same. */
static inline struct engine *engine_of(const struct core *core, uint64_t queue)
{
	return core->engines[core->engine_count == 1 ? 0 : queue % core->engine_count];
}

/* Kinds of work of the control thread. Each has its turn, independent of the amount of other
 * kinds. */
enum core_work {
	CORE_BACKGROUND, /* due timers, move tasks */
	CORE_CALLS,	 /* operations of APIs */
	CORE_ADMIN,	 /* paths of /_tern */
	CORE_WORKS,
};

/*
 * A task for the control thread; the poster keeps it alive until it has run. Zeroed but for `run`,
 * it is background work of the server's own; core_task_assign changes that.
 */
struct core_task {
	struct mailbox_message message;
	struct timer timer;
	struct list link; /* control's */
	int64_t at_ms;
	bool is_date; /* at_ms is wall time */
	enum core_work work;
	uint64_t account; /* a hash: accounts take turns within a kind of work */
	void (*run)(struct core *core, struct core_task *task);
};
void core_task_assign(struct core_task *task, enum core_work work, struct str account);
/*
 * Any thread: runs `run(core, task)` on the control thread, after earlier tasks of the same kind of
 * work and account.
 */
void core_post_control(struct core *core, struct core_task *task);
/*
 * Any thread: runs the task at that time of the time base. When the control thread ends, tasks that
 * are not due are dropped, not run.
 */
void core_post_control_at(struct core *core, struct core_task *task, int64_t at_ms);
/* The same for a date: at that wall time, or up to a second later if the machine's clock is set. */
void core_post_control_on(struct core *core, struct core_task *task, int64_t wall_ms);

/*
 * Control thread, or main before its start: the same, and moves a task that waits for a date. No
 * effect on a task that is due.
 */
void core_set_control_on(struct core *core, struct core_task *task, int64_t wall_ms);

/*
 * Control thread, or main while the runner is driven by main: submits the command and waits for its
 * answer. For start-up and administration; requests use call_submit.
 */
void core_submit_and_wait(struct core *core, struct queue_command *command);
/* The same in two steps, so that several commands are submitted before any is waited for. */
struct core_wait;
struct core_wait *core_submit(struct core *core, struct queue_command *command);
void core_wait_for(struct core *core, struct core_wait *wait); /* frees it */

#endif
