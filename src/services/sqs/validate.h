/* SPDX-License-Identifier: MIT */
/* validate: checks a message before it is sent, with AWS's faults and texts. Any thread. */
#ifndef TERN_SERVICES_SQS_VALIDATE_H
#define TERN_SERVICES_SQS_VALIDATE_H

#include "services/sqs/message.h"
#include "services/sqs/registry.h"

/* Characters that SQS accepts: https://www.w3.org/TR/REC-xml/#charsets, as UTF-8. */
bool sqs_is_message_text(struct str text);

must_check enum err sqs_check_body(struct call *call, struct str body);
must_check enum err sqs_check_attributes(struct call *call,
					 const struct sqs_message_attribute_value_entry *entries,
					 size_t count);
/* System attributes: only AWSTraceHeader is known; *out_trace is its value, or data NULL. */
must_check enum err
sqs_check_system_attributes(struct call *call,
			    const struct sqs_message_system_attribute_value_entry *entries,
			    size_t count, struct str *out_trace);
/* A group id, deduplication id or attempt id, named so in the fault. */
must_check enum err sqs_check_id(struct call *call, const char *parameter, struct str id);

#endif
