/* SPDX-License-Identifier: MIT */
/*
 * replay: puts the events of an archive into its bus again.
 *
 * A replay reads its archive page by page on the control thread, and goes on with the next page
 * when all events of the last one are stored; then its record has the place. So it survives a
 * restart, after which the events of one page may come again. Archives do not take replayed events,
 * as the patterns of their rules exclude "replay-name".
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
 */
#ifndef TERN_SERVICES_EVENTS_REPLAY_H
#define TERN_SERVICES_EVENTS_REPLAY_H

#include "api/events_records.h"
#include "services/events/item.h"

struct events_replay_runner;

/* Main, at start-up, after the archives: replays that had not ended go on. */
void events_replays_open(struct core *core);
void events_replays_close(struct core *core); /* no other thread runs */

/* Control thread: goes on with the replay of that item, unless it runs already. */
void events_replay_go_on(struct core *core, const struct events_item *item);

must_check enum err events_replay_decode(struct arena *arena, const struct events_item *item,
					 struct events_replay_record *out_replay);
/* Control thread. Errors as the catalog's. */
must_check enum err events_replay_write(struct core *core,
					const struct events_replay_record *record);
static inline bool events_replay_is_active(const struct events_replay_record *record)
{
	return str_equal(record->state, STR("STARTING")) ||
	       str_equal(record->state, STR("RUNNING")) ||
	       str_equal(record->state, STR("CANCELLING"));
}

#endif
