/* SPDX-License-Identifier: MIT */
/*
 * admin: what ternd serves beside AWS's APIs, under paths that no API uses.
 *
 *   GET  /_tern/health                            state of the server; 503 once the log has failed
 *   GET  /_tern/metrics                           Prometheus text
 *   GET  /_tern/queues[/<account>]                queues and their numbers
 *   GET  /_tern/queues/<account>/<name>/messages  messages, not received by looking at them
 *   GET  /_aws/sqs/messages?QueueUrl=...          the same in the form of a ReceiveMessage answer
 *   POST /_aws/sqs/messages                       the same, asked for by an SDK's ReceiveMessage
 *   GET  /_tern/audit[/<id>?offset=N]             files of the audit log; lines of one of them
 *   GET, POST /_tern/clock                        the server's time; POST with --test-clock only
 *   POST /_tern/reset                             empties an account; with --allow-reset only
 *   GET  /_tern/accounts                          the accounts of this server
 *   POST /_tern/accounts                          a new one, with a root credential
 *   POST /_tern/accounts/<account>/keys           a new root credential for one that lost its own
 *   GET  /_tern/deliveries[/<id>]                 deliveries that are owed, and why they wait
 *   POST /_tern/deliveries                        lets them be attempted now
 *   GET  /_tern/kms/doctor                        which key protects what, and what is wrong
 *
 * Accounts are {"account": "111122223333", "name": "...", "created_ms": N, "users": N, "roles": N,
 * "root_keys": ["AKIA..."]}; GET answers {"accounts": [...]}. POST takes {"name": "...", "account":
 * "..."}, both of which may be left out, and answers {"account": ..., "name": ..., "arn":
 * "arn:aws:iam::...:root", "access_key_id": ..., "secret_access_key": ...}, the only time that the
 * secret is shown; so does POST of keys, which takes nothing. 409: there is such an account, or it
 * has two active root keys.
 *
 * Health is answered on the net thread, so that it tells of a control thread that is stuck; all
 * else runs on the control thread.
 */
#ifndef TERN_SERVER_ADMIN_H
#define TERN_SERVER_ADMIN_H

#include "format/form.h"
#include "server/server.h"

/* One request; lives in its arena. Handlers fill status, type and body. */
struct admin_call {
	struct server *server;
	struct net_request *request;
	struct arena *arena;
	struct str path;   /* what follows the route's path, without the slash; may be empty */
	struct form query; /* decoded */
	int status;
	struct str allow; /* of the Allow header; data NULL: none */
	struct str type;  /* of the body: application/json unless said otherwise */
	struct buf body;

	/* admin.c's own. */
	const struct principal *principal; /* NULL: with --auth open, and until it is known */
	struct str access_key_id;
	const struct admin_route *route;
	struct core_task task;
	struct dispatch_message message;
};

/* For net_options: health is answered whatever else goes on, if it is asked for without a body. */
bool admin_is_vital(const struct http_request *request);
/* dispatch->on_other: takes over requests whose path begins with "/_". Net thread. */
void admin_request(struct dispatch *dispatch, struct net_request *request);

/* Answers {"error": "..."} with that status. */
void admin_refuse(struct admin_call *call, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A number of the query string; `otherwise` if it is absent. False if refused: not in the range. */
bool admin_number(struct admin_call *call, struct str name, int64_t least, int64_t most,
		  int64_t otherwise, int64_t *out_number);

/* audit_log.c */
void admin_audit(struct admin_call *call);
/* metrics.c */
void admin_metrics(struct admin_call *call);
/* accounts.c */
void admin_accounts(struct admin_call *call);
/* doctor.c */
void admin_doctor(struct admin_call *call);
/* delivery_list.c */
void admin_deliveries(struct admin_call *call);
/* messages.c */
void admin_queues(struct admin_call *call); /* and a queue's messages */
void admin_aws_messages(struct admin_call *call);

#endif
