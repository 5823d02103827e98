/* SPDX-License-Identifier: MIT */
/*
 * connection: how API destinations authorize their requests. The parameters with secrets are sealed
 * in the record, under the KMS key of the connection if it has one, and opened for a delivery only;
 * no answer shows them.
 */
#ifndef TERN_SERVICES_EVENTS_CONNECTION_H
#define TERN_SERVICES_EVENTS_CONNECTION_H

#include "api/events.h"
#include "api/events_records.h"
#include "core/core.h"

/* "arn:aws:events:us-east-1:111122223333:connection/name/id" */
struct str events_connection_arn(struct arena *arena,
				 const struct events_connection_record *connection);
/*
 * Any thread: the connection with that ARN, decoded in the arena; ERR_NOTFOUND. Another of the same
 * name has another ARN.
 */
must_check enum err events_connection_find(const struct core *core, struct arena *arena,
					   struct str arn,
					   struct events_connection_record *out_connection);
static inline bool events_connection_is_ready(const struct events_connection_record *connection)
{
	return str_equal(connection->state, STR("AUTHORIZED"));
}
/*
 * The parameters with their secrets, in the arena, which the caller wipes as it can. `sealed` is
 * connection->sealed or, if that is sealed under a KMS key (envelope_is_one), what it opens to.
 * ERR_DAMAGED.
 */
must_check enum err
events_connection_open(const struct core *core, struct arena *arena,
		       const struct events_connection_record *connection, struct str sealed,
		       const struct events_create_connection_auth_request_parameters **out);

#endif
