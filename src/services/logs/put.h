/* SPDX-License-Identifier: MIT */
/* put: writes a stream's events to the store. */
#ifndef TERN_SERVICES_LOGS_PUT_H
#define TERN_SERVICES_LOGS_PUT_H

#include "core/call.h"
#include "logstore/logstore.h"
#include "services/logs/registry.h"

struct data_key;

/*
 * Stores the events, in order of time, and parks the call until they are on disk; then `resume`
 * runs. The group and the stream are held by the call. Returns as a handler does. The call's
 * thread.
 */
must_check enum err logs_put_records(struct call *call, const struct logs_group *group,
				     const struct logs_stream *stream, struct log_record *records,
				     size_t count, resume_fn resume);

#endif
