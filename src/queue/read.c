/* SPDX-License-Identifier: MIT */
/* read: a reference's payload is assembled behind the records that it comes from. */
#include "queue/read.h"

static enum err read_record(struct journal *journal, struct journal_location location,
			    bool is_cached, struct buf *out, struct journal_record *out_record)
{
	return is_cached ? journal_read_cached(journal, location, out, out_record)
			 : journal_read(journal, location, out, out_record);
}

bool read_shared_decode(const struct journal_record *record, struct record_head *out_head,
			struct str *out_payload, uint32_t *out_share)
{
	if (record->type != RECORD_SHARED || record->data.size < RECORD_SHARED_SIZE)
		return false;
	uint32_t references = get_u32((const uint8_t *)record->data.data);
	struct str head = str_slice(record->data, RECORD_SHARED_SIZE, record->data.size);
	*out_share = references ? record->location.size / references + 1 : 0;
	return record_head_decode(head, out_head, out_payload);
}

enum err read_shared(struct journal *journal, uint32_t segment,
		     const struct record_reference *reference, bool is_cached, struct buf *out,
		     struct record_head *out_head, struct str *out_payload)
{
	struct journal_location location = {segment, reference->shared_offset,
					    reference->shared_record_size};
	struct journal_record record;
	uint32_t share;

	enum err err = read_record(journal, location, is_cached, out, &record);
	if (err)
		return err;
	return read_shared_decode(&record, out_head, out_payload, &share) ? ERR_OK : ERR_DAMAGED;
}

static enum err read_reference(struct journal *journal, const struct journal_record *record,
			       bool is_cached, struct buf *out, struct record_head *out_head,
			       struct str *out_payload)
{
	struct record_reference reference;
	struct record_head shared;
	struct str payload;

	if (!record_reference_decode(record->data, &reference))
		return ERR_DAMAGED;
	/* The buffer may move when it grows. */
	size_t own_at = (size_t)(reference.own.data - out->data);
	uint64_t queue = record->queue;
	size_t before = out->size - record->location.size;
	enum err err = read_shared(journal, record->location.segment, &reference, is_cached, out,
				   &shared, &payload);
	if (err) {
		out->size = before;
		return err;
	}
	size_t payload_at = (size_t)(payload.data - out->data);
	check(payload_at + payload.size == out->size);
	if (reference.own.size) {
		char *end = buf_extend(out, reference.own.size);
		memcpy(end, out->data + own_at, reference.own.size);
	}
	*out_head = record_reference_head(&reference, &shared, queue);
	*out_payload = str_slice(buf_str(out), payload_at, out->size);
	return ERR_OK;
}

enum err read_message(struct journal *journal, struct journal_location location, bool is_cached,
		      struct buf *out, struct record_head *out_head, struct str *out_payload)
{
	struct journal_record record;

	enum err err = read_record(journal, location, is_cached, out, &record);
	if (err)
		return err;
	if (record.type == RECORD_REFERENCE || record.type == RECORD_RELOCATE_REFERENCE)
		return read_reference(journal, &record, is_cached, out, out_head, out_payload);
	if (record.type == RECORD_MOVE)
		record.data = str_slice(record.data, RECORD_MOVE_SIZE, record.data.size);
	return record_head_decode(record.data, out_head, out_payload) ? ERR_OK : ERR_DAMAGED;
}
