/* SPDX-License-Identifier: MIT */
/* store: buses and rules as records of the catalog (wire/record.h). Control thread, or main at
 * start-up. */
#ifndef TERN_SERVICES_EVENTS_STORE_H
#define TERN_SERVICES_EVENTS_STORE_H

#include "api/events.h"
#include "services/events/registry.h"

/* Keys in the catalog; in the arena. */
struct str events_bus_key(struct arena *arena, const struct events_bus *bus);
struct str events_rule_key(struct arena *arena, const struct events_bus_rule *rule);

void events_bus_encode(struct buf *out, const struct events_bus *bus);
/* ERR_DAMAGED, ERR_VERSION. */
must_check enum err events_bus_decode(struct arena *arena, struct str record,
				      const struct events_bus **out_bus);
void events_rule_encode(struct buf *out, const struct events_bus_rule *rule);
must_check enum err events_rule_decode(struct arena *arena, struct str record,
				       const struct events_bus_rule **out_rule);

/* A target as rules keep it, in the arena; `target` is borrowed. */
struct events_target_settings events_target_of(struct arena *arena,
					       const struct events_target *target);
/* The structure of the API; false if the text is damaged. */
must_check bool events_target_read(struct arena *arena, struct str json,
				   struct events_target *out_target);

#endif
