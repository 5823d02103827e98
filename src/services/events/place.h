/* SPDX-License-Identifier: MIT */
/*
 * place: the event bus and the rule that a call names, and their authorization.
 *
 * A bus is named by name or ARN, "default" if it is not named. The policy of a bus also decides
 * about its rules, so that another account may be allowed to manage rules there. The call's thread.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
 */
#ifndef TERN_SERVICES_EVENTS_PLACE_H
#define TERN_SERVICES_EVENTS_PLACE_H

#include "api/events.h"
#include "core/authorize.h"
#include "services/events/state.h"

struct events_place {
	struct str account, region, name; /* of the bus */
	/* NULL: there is none. As long as the call. */
	const struct events_bus *bus;
	bool has_record; /* false: the default bus, as it is without one */
};

/* Finds the bus, perhaps of another account or region; ERR_FAULT if the text is an ARN, but of no
 * bus. Without authorization. */
must_check enum err events_place_of_call(struct call *call, struct str name_or_arn,
					 struct events_place *out_place);
/* Authorizes an action on the bus; ERR_FAULT if it is denied or there is no such bus. */
must_check enum err events_authorize_bus(struct call *call, struct str action,
					 const struct events_place *place);
/* Authorizes events:PutEvents on the bus, which may not exist. */
must_check enum err events_authorize_put(struct call *call, const struct events_place *place);
/* "arn:aws:events:us-east-1:123456789012:rule/name", with the bus in front if it is custom. */
struct str events_rule_arn(struct arena *arena, const struct events_place *place, struct str name);
/*
 * Authorizes an action on a rule of the bus, which may not exist; *out_rule is NULL then. Adds
 * events:creatorAccount and events:ManagedBy of an existing rule. The rule lives as long as the
 * call. ERR_FAULT too if there is no such bus.
 */
must_check enum err events_authorize_rule(struct call *call, struct str action,
					  const struct events_place *place, struct str name,
					  const struct events_bus_rule **out_rule);
/* Both steps of a call that names a bus and a rule which must exist. */
must_check enum err events_rule_of_call(struct call *call, struct str action, struct str bus,
					struct str name, const struct events_bus_rule **out_rule);
/* ManagedRuleException for a rule that AWS's own services manage, unless `is_forced`. */
must_check enum err events_refuse_managed(struct call *call, const struct events_bus_rule *rule,
					  bool is_forced);
/* ResourceNotFoundException. */
must_check enum err events_no_rule(struct call *call, struct str name, struct str bus);

/* Adds aws:RequestTag/... and aws:TagKeys. */
void events_set_request_tags(struct call *call, const struct events_tag *tags, size_t count);
/* Sorted tags with those of the request; ERR_FAULT if there are too many or a key is reserved. */
must_check enum err events_merge_tags(struct call *call, const struct shape_pair *tags,
				      size_t count, const struct events_tag *added,
				      size_t added_count, const struct shape_pair **out_tags,
				      size_t *out_count);

#endif
