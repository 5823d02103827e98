/* SPDX-License-Identifier: MIT */
/*
 * signing: the signatures of what a publish sends, made on a worker before the messages are sent.
 */
#ifndef TERN_SERVICES_SNS_SIGNING_H
#define TERN_SERVICES_SNS_SIGNING_H

#include "core/call.h"
#include "services/sns/fanout.h"

/* The call's thread: does a subscription of the topic want a signature? */
bool sns_signing_is_wanted(const struct core *core, const struct topic *topic);
/* Worker: one signature for each different body that a subscription wants signed; fills the
 * publications' `signatures`, in the call's arena. */
void sns_signing_run(struct call *call, const struct topic *topic,
		     struct sns_publication *publications, size_t count);

#endif
