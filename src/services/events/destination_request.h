/* SPDX-License-Identifier: MIT */
/*
 * destination_request: the HTTP request that delivers an event to an API destination, and the one
 * that gets a token for it. Pure; any thread; all memory is the arena's.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
 */
#ifndef TERN_SERVICES_EVENTS_DESTINATION_REQUEST_H
#define TERN_SERVICES_EVENTS_DESTINATION_REQUEST_H

#include "api/events.h"
#include "api/events_records.h"
#include "base/base.h"

struct events_http_request {
	struct str url, method, body;
	const struct shape_pair *headers;
	size_t header_count;
};

/*
 * The endpoint with its path values and query, the headers of the target and then of the
 * connection, which take the place of others of the same name, and the authorization. `token` is
 * the access token of an OAuth connection. The connection's body parameters become members of a
 * body that is a JSON object. `parameters` of the target may be NULL.
 */
struct events_http_request
events_destination_request(struct arena *arena, const struct events_destination_record *destination,
			   const struct events_create_connection_auth_request_parameters *auth,
			   const struct events_http_parameters *parameters, struct str token,
			   struct str body);

/* The client credentials grant of RFC 6749 4.4, with the credentials in the body. */
struct events_http_request
events_token_request(struct arena *arena,
		     const struct events_create_connection_o_auth_request_parameters *oauth);
/* ERR_INVALID: the answer has no token. `*out_seconds` is how long it is valid. */
must_check enum err events_token_read(struct arena *arena, struct str answer, struct str *out_token,
				      int64_t *out_seconds);

#endif
