/* SPDX-License-Identifier: MIT */
/*
 * message: structures of APIs as JSON texts, for services that keep them or issue operations that
 * their users name, such as the universal targets of EventBridge Scheduler.
 *
 * The form is that of AWS JSON: members by their names, wherever HTTP has them. Any thread.
 */
#ifndef TERN_CORE_MESSAGE_H
#define TERN_CORE_MESSAGE_H

#include "core/call.h"

/* The operation; NULL: this server has none of that name. */
const struct operation *message_operation(const struct core *core, struct str service,
					  struct str operation);
/*
 * The operation that SDKs call `operation`: "sendMessage" is SendMessage. `service` is the SDK's
 * name in lower case: "eventbridge" is events.
 */
const struct operation *message_sdk_operation(const struct core *core, struct str service,
					      struct str operation);

/* The shape of a member that is a structure, which the shape has. */
const struct shape *message_member(const struct shape *shape, struct str member);

/* Fills `out`, zeroed, shape->size bytes. ERR_INVALID: *out_problem says why. */
must_check enum err message_decode(struct arena *arena, struct str text, const struct shape *shape,
				   void *out, struct str *out_problem);
struct str message_encode(struct arena *arena, const struct shape *shape, const void *value);

#endif
