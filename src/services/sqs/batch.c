/* SPDX-License-Identifier: MIT */
/* batch: at most ten ids, so comparing all with all is the plain way. */
#include "services/sqs/batch.h"

static bool is_id(struct str id)
{
	if (id.size == 0 || id.size > LIMIT_BATCH_ID_SIZE)
		return false;
	for (size_t i = 0; i < id.size; i++) {
		char c = id.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return true;
}

enum err sqs_batch_check(struct call *call, const char *entry, bool has_entries,
			 const struct str *ids, size_t count)
{
	if (!has_entries && !call->dialect->is_query)
		return fail(call, &SQS_MISSING_PARAMETER,
			    "The request must contain the parameter Entries.");
	if (count == 0)
		return fail(call, &SQS_EMPTY_BATCH_REQUEST,
			    "There should be at least one %s in the request.", entry);
	if (count > LIMIT_BATCH_ENTRIES)
		return fail(call, &SQS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST,
			    "Maximum number of entries per request are %d. You have sent %zu.",
			    LIMIT_BATCH_ENTRIES, count);
	for (size_t i = 0; i < count; i++) {
		if (!ids[i].data)
			return fail(call, &SQS_MISSING_PARAMETER,
				    "The request must contain the parameter %s.%zu.Id.", entry,
				    i + 1);
		if (!is_id(ids[i]))
			return fail(call, &SQS_INVALID_BATCH_ENTRY_ID,
				    "A batch entry id can only contain alphanumeric characters, "
				    "hyphens and underscores. It can be at most 80 letters long.");
	}
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (str_equal(ids[i], ids[j]))
				return fail(call, &SQS_BATCH_ENTRY_IDS_NOT_DISTINCT,
					    "Id %.*s repeated.", STR_ARG(ids[i]));
	return ERR_OK;
}

void sqs_batch_fail(struct call *call, struct str id,
		    struct sqs_batch_result_error_entry *out_entry)
{
	*out_entry = (struct sqs_batch_result_error_entry){
		.id = id,
		.sender_fault = !call->fault->is_receiver,
		.has_sender_fault = true,
		.code = call->fault->query_code,
		.message = call->fault_text,
	};
	if (call->fault->is_receiver)
		call->receiver_failures++;
	else
		call->sender_failures++;
	call->fault = NULL;
}

enum err sqs_fail_result(struct call *call, enum queue_result result)
{
	switch (result) {
	case QUEUE_NOT_FOUND:
		return fail(call, &SQS_QUEUE_DOES_NOT_EXIST, "%s",
			    call->dialect->is_query
				    ? "The specified queue does not exist for this wsdl version."
				    : "The specified queue does not exist.");
	case QUEUE_OVER_LIMIT:
		return fail(call, &SQS_OVER_LIMIT,
			    "The queue has %d messages in flight, the most that is allowed.",
			    LIMIT_INFLIGHT_MESSAGES);
	case QUEUE_DISK_FULL:
		return fail(call, &SQS_SERVICE_UNAVAILABLE, DISK_FULL_TEXT);
	case QUEUE_STOPPING:
		return fail(call, &SQS_SERVICE_UNAVAILABLE, "The server is stopping.");
	default:
		return fail(call, &SQS_SERVICE_UNAVAILABLE,
			    "The log cannot be written: nothing is acknowledged until the server "
			    "has been restarted.");
	}
}
