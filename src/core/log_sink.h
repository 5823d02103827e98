/* SPDX-License-Identifier: MIT */
/*
 * log_sink: log events that services write, such as the delivery status of a topic, on their way to
 * CloudWatch Logs.
 *
 * log_sink_put copies an event and never waits: not for a lock, not for the disk. The events that
 * are not stored yet are bounded in number and bytes (LIMIT_LOG_SINK_...); further ones are
 * dropped, counted and logged. The logs service takes them, makes a log group or stream that does
 * not exist, and stores them within about a second. So a crash may lose the events of the last
 * second.
 *
 * Without a logs service, as in unit tests, nothing is accepted.
 */
#ifndef TERN_CORE_LOG_SINK_H
#define TERN_CORE_LOG_SINK_H

#include "base/base.h"

struct core;
struct log_sink;

/*
 * Any thread. `group` and `stream` are names that CloudWatch Logs accepts, `time_ms` is wall time.
 * A longer text is cut. False: the event is dropped, and counted.
 */
bool log_sink_put(struct core *core, struct str account, struct str region, struct str group,
		  struct str stream, int64_t time_ms, struct str text);

/* At most LIMIT_LOG_EVENT_SIZE bytes of the text, whole UTF-8 characters. */
struct str log_sink_cut(struct str text);

struct log_sink_stats {
	uint64_t accepted, dropped; /* events, since the start */
	uint64_t waiting;	    /* events that are accepted and not stored yet */
	uint64_t waiting_size;	    /* bytes of these */
};
struct log_sink_stats log_sink_stats(const struct core *core); /* any thread */

/* ---- the service that stores them ---- */

struct log_sink_event {
	struct mailbox_message message;
	struct str account, region, group, stream, text; /* in the same block of memory */
	int64_t time_ms;
};

/*
 * Main: sets core->log_sink. `wake` runs on any thread when an event arrives and none waited to be
 * taken; it must not wait.
 */
void log_sink_open(struct core *core, mailbox_wake_fn wake, void *context);
/* Main, when no other thread uses core; frees events that were not taken. Accepts a core without a
 * sink. */
void log_sink_close(struct core *core);

/* One thread at a time: the events that arrived, oldest first, linked by message.next; NULL: none.
 * They belong to the caller, and count as waiting until log_sink_release. */
struct log_sink_event *log_sink_take(struct core *core);
struct log_sink_event *log_sink_next(const struct log_sink_event *event); /* NULL: it is the last */
/* Any thread: frees the event. `is_stored` false: it is lost, and counts as dropped. */
void log_sink_release(struct core *core, struct log_sink_event *event, bool is_stored);
/* The taker's thread: logs how many events were dropped since the last call, if any were. */
void log_sink_report(struct core *core);

#endif
