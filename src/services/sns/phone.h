/* SPDX-License-Identifier: MIT */
/*
 * phone: Publish to a telephone number, which belongs to no topic. The message is an obligation for
 * the gateway of the setting sms-webhook (webhook.c). The call's thread.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
 */
#ifndef TERN_SERVICES_SNS_PHONE_H
#define TERN_SERVICES_SNS_PHONE_H

#include "api/sns.h"
#include "services/sns/check.h"

/* All of Publish, if it has a PhoneNumber. Without a gateway no number can be reached. */
must_check enum err sns_publish_to_phone(struct call *call, const struct sns_publish_in *in,
					 const struct sns_publish_entry *entry);

#endif
