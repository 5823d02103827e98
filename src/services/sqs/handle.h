/* SPDX-License-Identifier: MIT */
/*
 * handle: receipt handles, encrypted and authenticated with the server's key: a client cannot forge
 * one, use one queue's handle on another, or read the server-wide numbers in it.
 *
 * The text depends only on the key and the contents, so a repeated receive attempt returns the same
 * handle. Pure; any thread.
 */
#ifndef TERN_SERVICES_SQS_HANDLE_H
#define TERN_SERVICES_SQS_HANDLE_H

#include "core/core.h"

/* In the arena; at most 200 characters of base64. */
struct str sqs_handle_seal(const struct core *core, struct arena *arena,
			   const struct queue_handle *handle);
/* False if it is not a handle that this server sealed for that queue. */
bool sqs_handle_open(const struct core *core, struct str text, uint64_t queue,
		     struct queue_handle *out_handle);

#endif
