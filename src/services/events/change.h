/* SPDX-License-Identifier: MIT */
/*
 * change: new, changed and deleted buses and rules, in the catalog and then in the registry.
 *
 * Drafts are borrowed. Errors are those of the catalog. Control thread, or main at start-up.
 */
#ifndef TERN_SERVICES_EVENTS_CHANGE_H
#define TERN_SERVICES_EVENTS_CHANGE_H

#include "services/events/state.h"

must_check enum err events_bus_change(struct core *core, const struct events_bus *draft);
/* The bus has no rules. */
must_check enum err events_bus_delete(struct core *core, const struct events_bus *bus);

/* Creates the record of a default bus with its first rule. */
must_check enum err events_rule_change(struct core *core, const struct events_bus_rule *draft,
				       int64_t now_ms);
must_check enum err events_rule_delete(struct core *core, const struct events_bus_rule *rule);

/* The bus "default" of an account and region as it is without a record; a draft in the arena. */
struct events_bus events_default_bus(struct arena *arena, struct str account, struct str region);

/* Deletes the account's buses and rules and adds their number to *count. */
must_check enum err events_account_reset(struct core *core, struct str account, uint64_t *count);

#endif
