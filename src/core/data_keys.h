/* SPDX-License-Identifier: MIT */
/*
 * data_keys: the server's data keys (core/seal/envelope.h), and their use for a call.
 */
#ifndef TERN_CORE_DATA_KEYS_H
#define TERN_CORE_DATA_KEYS_H

#include "core/call.h"
#include "core/seal/envelope.h"

/* Main: sets core->data_keys. Once core->control exists, its thread wipes expired keys. */
void core_data_keys_open(struct core *core);
/* Main, when no thread uses them; wipes them. Accepts a core without data keys. */
void core_data_keys_close(struct core *core);

/*
 * Any thread: the use of data keys by the call's principal. `service` is "sqs", `context_name` the
 * name of the encryption context's only pair; both outlive the use.
 */
struct envelope_use call_envelope_use(struct call *call, struct str service,
				      struct str context_name, int64_t reuse_ms);

#endif
