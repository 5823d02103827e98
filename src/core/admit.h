/* SPDX-License-Identifier: MIT */
/*
 * admit: refuses calls before their handler runs: too many requests, or a full audit log.
 *
 * Each function returns ERR_OK or records the service's fault and returns ERR_FAULT. The call's
 * thread.
 */
#ifndef TERN_CORE_ADMIT_H
#define TERN_CORE_ADMIT_H

#include "core/call.h"

/* The audit log has room for the call's record and the caller's account has a token. */
must_check enum err call_admit(struct call *call);
/* Takes a token of the resource `arn`; `has_quota`: AWS limits the requests to this resource. */
must_check enum err call_admit_resource(struct call *call, struct str arn, bool has_quota);
/* The service's fault for a throttled request. */
must_check enum err call_refuse_throttled(struct call *call);

#endif
