/* SPDX-License-Identifier: MIT */
/*
 * bench_response: reads HTTP/1.x answers out of a connection's bytes.
 *
 * Pure. A chunked body is put together in place, behind the head, once all of it is there.
 */
#ifndef TERN_CLI_BENCH_RESPONSE_H
#define TERN_CLI_BENCH_RESPONSE_H

#include "base/str.h"

enum bench_progress {
	BENCH_MORE,
	BENCH_COMPLETE,
	BENCH_MALFORMED,
};

struct bench_response {
	int status;
	bool is_keep_alive;
	size_t message_size; /* bytes to drop from the front */
	struct str body;
};

/* `at_end`: the peer closed, which ends a body of unknown length. Only COMPLETE fills `out`. */
enum bench_progress bench_response_parse(char *data, size_t size, bool at_end,
					 struct bench_response *out);

#endif
