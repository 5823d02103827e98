/* SPDX-License-Identifier: MIT */
/*
 * bench_options: what `tern bench` was asked to do.
 *
 * Text is borrowed from argv and the environment and lives as long as the process does.
 */
#ifndef TERN_CLI_BENCH_OPTIONS_H
#define TERN_CLI_BENCH_OPTIONS_H

#include "base/base.h"
#include <sys/types.h>

#define BENCH_BATCH_MAX 10
#define BENCH_CONNECTIONS_MAX 10000
#define BENCH_SERVER_PIDS_MAX 64
/* The first bytes of a body tell when it was sent. */
#define BENCH_STAMP_SIZE 16
#define BENCH_BODY_SIZE_MAX (1 << 20)

enum bench_mode {
	BENCH_MODE_SEND,
	BENCH_MODE_RECEIVE,
	BENCH_MODE_DELETE,
	BENCH_MODE_CYCLE,
	BENCH_MODE_RAW, /* the send request, to a server of which only the status is looked at */
};

enum bench_signing {
	BENCH_SIGN_EACH,
	BENCH_SIGN_ONCE, /* the first request's date and signature stand in all of them */
	BENCH_SIGN_NONE, /* no Authorization and no X-Amz-Date header */
};

struct bench_endpoint {
	char host[256]; /* without port; brackets of IPv6 removed */
	char port[8];
	char authority[272]; /* the Host header */
	char path[1024];     /* begins with '/' */
	bool is_tls;
};

struct bench_options {
	enum bench_mode mode;
	enum bench_signing signing;
	struct bench_endpoint endpoint;
	const char *endpoint_url;
	const char *queue_name;
	const char *request_file;
	struct str request;	  /* raw: the body of each request; data NULL: that of send */
	const char *content_type; /* NULL: of JSON 1.0 or Query */
	const char *target;	  /* X-Amz-Target; NULL: of the operation of SQS */
	const char *service;	  /* in signatures */
	const char *region;
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* NULL: none */
	bool is_fifo;
	const char *sse; /* "none", "sqs", or a KMS key; NULL: as the server does by itself */
	bool has_attributes;
	bool is_query;
	bool is_json_output;
	bool keeps_queue;
	uint32_t batch;
	uint32_t connections;
	uint32_t producers; /* with consumers: connections that only send */
	uint32_t consumers; /* connections that receive and delete; 0: all connections do all */
	uint32_t wait_seconds;
	uint32_t body_size;
	uint64_t message_count; /* 0: until the time is over */
	uint64_t backlog;	/* messages in the queue before receive and delete */
	int64_t duration_ns;
	int64_t warmup_ns;
	double rate; /* messages sent per second; 0: as fast as answers come */
	pid_t server_pids[BENCH_SERVER_PIDS_MAX];
	size_t server_pid_count;
};

/*
 * Reads the command line and AWS's environment variables. False: a message or the help was printed
 * and the process should end with *out_status.
 */
must_check bool bench_options_parse(int argc, char **argv, struct bench_options *out_options,
				    int *out_status);

const char *bench_mode_text(enum bench_mode mode);

#endif
