/* SPDX-License-Identifier: MIT */
/* attributes: the settings of a topic by their names in the API. Control thread, except where said.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
 */
#ifndef TERN_SERVICES_SNS_ATTRIBUTES_H
#define TERN_SERVICES_SNS_ATTRIBUTES_H

#include "services/sns/locate.h"

/* Checks a value and puts it into the draft; an empty one removes the setting. `is_create`: of
 * CreateTopic, whose faults have words of their own. */
must_check enum err sns_attribute_set(struct call *call, struct topic *draft, struct str name,
				      struct str value, bool is_create);
/* Any thread: the value that a topic has, as it was given; data NULL: none. False: no such
 * attribute can be set. */
bool sns_attribute_get(const struct topic *topic, struct str name, struct str *out_value);
/* The policy of a topic that has been given none. */
struct str sns_default_policy(struct arena *arena, const struct topic *topic);
/* Checks a policy for the topic and puts it into the draft. */
must_check enum err sns_policy_set(struct call *call, struct topic *draft, struct str policy);

#endif
