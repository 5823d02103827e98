/* SPDX-License-Identifier: MIT */
/*
 * archive: the events of a bus that fit a pattern, in a queue of the engine of their own.
 *
 * An archive takes part in PutEvents by a managed rule, "Events-Archive-<name>", whose
 * archive_queue is its queue. A message is the envelope of an event (archive_message.h).
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
 */
#ifndef TERN_SERVICES_EVENTS_ARCHIVE_H
#define TERN_SERVICES_EVENTS_ARCHIVE_H

#include "api/events_records.h"
#include "core/call.h"
#include "services/events/archive_name.h"
#include "services/events/item.h"
#include "services/events/state.h"

/* Any thread: decoded in the arena; ERR_NOTFOUND. */
must_check enum err events_archive_find(const struct core *core, struct arena *arena,
					struct str account, struct str region, struct str name,
					struct events_archive_record *out_archive);

/* Main, at start-up, after items are loaded: the engine gets the archives' queues. */
must_check enum err events_archives_open(struct core *core);
void events_archives_close(struct core *core); /* the engine has ended */

/* Deletes archives without a call, for resets. Control thread. */
must_check enum err events_archive_delete(struct core *core, const struct events_item *item);

#endif
