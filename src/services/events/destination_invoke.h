/* SPDX-License-Identifier: MIT */
/*
 * destination_invoke: calls of API destinations by other services (core/invoke.h). The call is an
 * attempt of the kind events_invoke_obligation (destination_deliver.h), which is not stored.
 */
#ifndef TERN_SERVICES_EVENTS_DESTINATION_INVOKE_H
#define TERN_SERVICES_EVENTS_DESTINATION_INVOKE_H

#include "core/invoke.h"
#include "services/events/state.h"

struct events_http_parameters;

/* The call as prepare reads it; lives until the attempt has ended. */
struct events_invoking {
	struct str arn, account, region; /* of the destination, and of the caller */
	struct str body;
	const struct events_http_parameters *parameters;
};

extern const struct invoke_provider events_invoke_provider;

#endif
