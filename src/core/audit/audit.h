/* SPDX-License-Identifier: MIT */
/*
 * audit: one line of JSON a call, in the form of CloudTrail's records.
 *
 * A record has the caller, the operation and its input, the source address, and the result. Members
 * that the model marks as sensitive, and all blobs, are left out or shown as
 * HIDDEN_DUE_TO_SECURITY_REASONS. Recording never waits; audit_file.h describes the behaviour of a
 * slow disk. Any thread.
 *
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
#ifndef TERN_CORE_AUDIT_AUDIT_H
#define TERN_CORE_AUDIT_AUDIT_H

#include "access/principal.h"
#include "core/audit/audit_file.h"

struct audit;
struct net_request;

struct audit_options {
	struct audit_file_options file;
	bool wants_data;      /* data events, such as SendMessage, too */
	bool refuses_if_full; /* management calls, while their records cannot be stored */
};

/* Errors as audit_file_open. */
must_check enum err audit_open(const struct audit_options *options, struct audit **out_audit);
void audit_close(struct audit **audit); /* writes all records; accepts NULL */
void audit_reopen(struct audit *audit);
const char *audit_path(const struct audit *audit);
struct audit_file_stats audit_stats(const struct audit *audit);

/* The contents of a record. Views; a text without data is left out. */
struct audit_event {
	int64_t now_ms;
	struct str source;	    /* "sqs" */
	struct str name;	    /* "CreateQueue" */
	struct str region, account; /* of the resource */
	struct str request_id;
	const struct principal *principal; /* NULL: not known, or the server itself */
	struct str access_key;		   /* from the request */
	struct str source_ip, user_agent, host;
	struct str tls_version, tls_cipher;
	struct str invoked_by; /* the service that called for the principal; data NULL: none */
	struct str endpoint;   /* vpce-...: of a private endpoint */
	struct str error_code, error_message;
	const struct shape *in_shape, *out_shape;
	const void *in, *out;
	struct str resource;	  /* ARN; empty or "*": none */
	struct str resource_type; /* "AWS::SQS::Queue" */
	bool is_data, is_read_only;
};
/* Source address, transport, agent, TLS, and the key that it names. Net thread. */
void audit_describe_request(struct audit_event *event, struct net_request *request);
void audit_record(struct audit *audit, const struct audit_event *event);

/* Whether calls of that kind are recorded. Failed authentication is recorded in any case. */
bool audit_wants(const struct audit *audit, bool is_data); /* `audit` may be NULL */
/*
 * An anonymous or unauthenticated request is refused. False if recent ones, from all sources
 * together, are so many that their records would rotate other records away. Then the request is
 * counted, and the next such record follows a record with that count.
 */
bool audit_wants_unauthenticated(struct audit *audit, struct str account, struct str region);
uint64_t audit_left_out(const struct audit *audit);
/* True if a call must not run because it cannot be recorded. `audit` may be NULL. */
bool audit_refuses(const struct audit *audit, bool is_data);

/* audit_shape.c: `value` as an object, in the form of records. */
void audit_write_shape(struct buf *out, const struct shape *shape, const void *value);

#endif
