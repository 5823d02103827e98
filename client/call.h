/* SPDX-License-Identifier: MIT */
/*
 * call: asks a service to run an operation: encode, sign, send, try again, decode.
 *
 * A call object is a place where calls are made, one at a time: it keeps a connection, the signing
 * key of the day and the memory of the last answer. One owning thread at a time; for calls side by
 * side make several of one session. Any operation of a model works: structs and table are in
 * api/<service>.h. The protocol is the service's: REST-JSON, REST-XML, RPC v2 CBOR, AWS JSON or
 * Query. Absent idempotency tokens are made up, one for all attempts.
 *
 *   struct sqs_send_message_in in = {.queue_url = url, .message_body = STR("hello")};
 *   struct sqs_send_message_out out;
 *   enum err err = tern_call_run(call, &sqs_operations[SQS_SEND_MESSAGE], &in, &out);
 *   if (err)
 *           report(tern_call_fault(call)->message);
 */
#ifndef TERN_CLIENT_CALL_H
#define TERN_CLIENT_CALL_H

#include "client/session.h"

/* Why the last call failed. Everything is borrowed until the next call on the same object. */
struct tern_fault {
	int status;	       /* HTTP; 0: no answer came */
	struct str code;       /* as SDKs show it: the Query code if the service sends one, for
				  example "AWS.SimpleQueueService.NonExistentQueue"; empty if
				  no fault came */
	struct str shape;      /* the model's name: "QueueDoesNotExist" */
	struct str message;    /* never empty */
	struct str request_id; /* may be empty */
	int attempts;	       /* how many were made */
};

struct tern_call;
struct tern_call *tern_call_new(struct tern_session *session);
void tern_call_free(struct tern_call **call);

/*
 * `in` and `out` are structs of operation->in and operation->out. `in` is borrowed until return and
 * may point into the answer before. `out` is filled whole; what it points to belongs to the call
 * object until its next call. A call blocks: at most attempts times the answer timeout, plus waits.
 *
 *   ERR_FAULT    the service answered with a fault
 *   ERR_CLOSED   no answer: not reachable, time ran out, or tern_session_stop
 *   ERR_INVALID  the answer is not what the model says, a member of the path is absent, or the
 *                endpoint is no URL, or not the server of its certificate, or that is not trusted
 *   ERR_TOOLARGE the answer is over 64 MiB
 */
must_check enum err tern_call_run(struct tern_call *call, const struct operation *operation,
				  const void *in, void *out);
/* After a failure: why. */
const struct tern_fault *tern_call_fault(const struct tern_call *call);

/*
 * GETs a path of a service's endpoint that is no operation, such as "/_tern/metrics?x=y", signed
 * and tried again like a call. ERR_OK whatever the status is, once an answer came.
 */
must_check enum err tern_call_fetch(struct tern_call *call, const struct service *service,
				    struct str path, int *out_status, struct str *out_body);
/* POSTs `body`, signed, once: what it does may not be fit to be done twice. */
must_check enum err tern_call_post(struct tern_call *call, const struct service *service,
				   struct str path, struct str body, int *out_status,
				   struct str *out_body);

#endif
