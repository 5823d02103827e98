/* SPDX-License-Identifier: MIT */
/*
 * protection: the data protection policy of a topic, which is stored and returned, not enforced.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/message-data-protection.html
 */
#ifndef TERN_SERVICES_SNS_PROTECTION_H
#define TERN_SERVICES_SNS_PROTECTION_H

#include "services/sns/locate.h"

/* Checks the policy's form and puts it into the draft; empty removes it. Control thread. */
must_check enum err sns_protection_set(struct call *call, struct topic *draft, struct str policy);

#endif
