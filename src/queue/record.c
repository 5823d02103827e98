/* SPDX-License-Identifier: MIT */
/* record: fixed offsets; a new field goes to the end of the head together with a new record type.
 */
#include "queue/record.h"

#include <string.h>

#include "base/varint.h"
#include "queue/numbers.h"

void record_head_encode(const struct record_head *head, uint8_t *out)
{
	check(head->origin.size <= UINT8_MAX);
	put_u64(out, head->seq);
	memcpy(out + 8, head->id, 16);
	put_u64(out + 24, (uint64_t)head->sent_ms);
	put_u64(out + 32, (uint64_t)head->since_ms);
	put_u64(out + 40, (uint64_t)head->visible_ms);
	put_u64(out + 48, head->group);
	memcpy(out + 56, head->dedup, 16);
	put_u64(out + 72, (uint64_t)head->dedup_until_ms);
	put_u32(out + 80, head->receive_count);
	put_u64(out + 84, (uint64_t)head->first_receive_ms);
	out[92] = head->is_fifo;
	out[93] = (uint8_t)head->origin.size;
}

bool record_head_decode(struct str data, struct record_head *out_head, struct str *out_payload)
{
	const uint8_t *in = (const uint8_t *)data.data;

	if (data.size < RECORD_HEAD_SIZE || data.size < RECORD_HEAD_SIZE + (size_t)in[93])
		return false;
	out_head->seq = get_u64(in);
	memcpy(out_head->id, in + 8, 16);
	out_head->sent_ms = (int64_t)get_u64(in + 24);
	out_head->since_ms = (int64_t)get_u64(in + 32);
	out_head->visible_ms = (int64_t)get_u64(in + 40);
	out_head->group = get_u64(in + 48);
	memcpy(out_head->dedup, in + 56, 16);
	out_head->dedup_until_ms = (int64_t)get_u64(in + 72);
	out_head->receive_count = get_u32(in + 80);
	out_head->first_receive_ms = (int64_t)get_u64(in + 84);
	out_head->is_fifo = in[92] != 0;
	out_head->shared_size = 0;
	out_head->origin = str_slice(data, RECORD_HEAD_SIZE, in[93]);
	*out_payload = str_slice(data, RECORD_HEAD_SIZE + (size_t)in[93], data.size);
	return true;
}

enum reference_flags {
	REFERENCE_IS_FIFO = 1,
	REFERENCE_HAS_DELAY = 2,
	REFERENCE_HAS_GROUP = 4,
	REFERENCE_HAS_DEDUP = 8,
	REFERENCE_HAS_SHARED_SIZE = 16, /* else the shared record's size by its references */
	/* Seq, place and size of the shared record are varints; else u64, u32 and u32, as they were
	 * written up to version 4 of the journal. */
	REFERENCE_IS_SHORT = 32,
};

size_t record_reference_encode(const struct record_reference *reference,
			       uint8_t out[RECORD_REFERENCE_SIZE_MAX])
{
	uint8_t *at = out + 1;

	out[0] = (uint8_t)(REFERENCE_IS_SHORT | (reference->is_fifo ? REFERENCE_IS_FIFO : 0) |
			   (reference->visible_ms ? REFERENCE_HAS_DELAY : 0) |
			   (reference->group ? REFERENCE_HAS_GROUP : 0) |
			   (reference->has_dedup ? REFERENCE_HAS_DEDUP : 0) |
			   (reference->shared_size ? REFERENCE_HAS_SHARED_SIZE : 0));
	at += put_varint(at, reference->seq);
	at += put_varint(at, reference->shared_offset);
	at += put_varint(at, reference->shared_record_size);
	if (reference->visible_ms) {
		put_u64(at, (uint64_t)reference->visible_ms);
		at += 8;
	}
	if (reference->group) {
		put_u64(at, reference->group);
		at += 8;
	}
	if (reference->has_dedup) {
		memcpy(at, reference->dedup, 16);
		at += 16;
	}
	if (reference->shared_size) {
		put_u32(at, reference->shared_size);
		at += 4;
	}
	check((size_t)(at - out) <= RECORD_REFERENCE_SIZE_MAX);
	return (size_t)(at - out);
}

bool record_reference_decode(struct str data, struct record_reference *out_reference)
{
	struct byte_reader reader = byte_reader_of(data);
	struct record_reference reference = {0};

	uint8_t flags = byte_reader_u8(&reader);
	bool is_short = flags & REFERENCE_IS_SHORT;
	reference.is_fifo = flags & REFERENCE_IS_FIFO;
	reference.has_dedup = flags & REFERENCE_HAS_DEDUP;
	reference.seq = is_short ? byte_reader_varint(&reader) : byte_reader_u64(&reader);
	uint64_t offset = is_short ? byte_reader_varint(&reader) : byte_reader_u32(&reader);
	uint64_t size = is_short ? byte_reader_varint(&reader) : byte_reader_u32(&reader);
	if (flags & REFERENCE_HAS_DELAY)
		reference.visible_ms = (int64_t)byte_reader_u64(&reader);
	if (flags & REFERENCE_HAS_GROUP)
		reference.group = byte_reader_u64(&reader);
	struct str dedup = byte_reader_take(&reader, reference.has_dedup ? 16 : 0);
	if (dedup.size)
		memcpy(reference.dedup, dedup.data, 16);
	if (flags & REFERENCE_HAS_SHARED_SIZE)
		reference.shared_size = byte_reader_u32(&reader);
	if (reader.is_short || offset > UINT32_MAX || size > UINT32_MAX)
		return false;
	reference.shared_offset = (uint32_t)offset;
	reference.shared_record_size = (uint32_t)size;
	reference.own = reader.rest;
	*out_reference = reference;
	return true;
}

struct record_head record_reference_head(const struct record_reference *reference,
					 const struct record_head *shared, uint64_t queue)
{
	struct record_head head = *shared;

	head.seq = reference->seq;
	head.group = reference->group;
	head.visible_ms = reference->visible_ms;
	head.is_fifo = reference->is_fifo;
	head.shared_size = reference->shared_size;
	head.origin = (struct str){0};
	memcpy(head.dedup, reference->dedup, 16);
	if (!reference->has_dedup)
		head.dedup_until_ms = 0;
	record_target_id(shared->id, queue, head.id);
	return head;
}

void record_gate_encode(const struct record_gate *gate, uint8_t out[RECORD_GATE_SIZE])
{
	put_u64(out, gate->number);
	put_u64(out + 8, gate->group);
	memcpy(out + 16, gate->id, 16);
	memcpy(out + 32, gate->dedup, 16);
	put_u64(out + 48, (uint64_t)gate->since_ms);
	put_u64(out + 56, (uint64_t)gate->until_ms);
}

bool record_gate_decode(struct str data, struct record_gate *out_gate)
{
	const uint8_t *in = (const uint8_t *)data.data;

	if (data.size != RECORD_GATE_SIZE || get_u64(in) == 0)
		return false;
	out_gate->number = get_u64(in);
	out_gate->group = get_u64(in + 8);
	memcpy(out_gate->id, in + 16, 16);
	memcpy(out_gate->dedup, in + 32, 16);
	out_gate->since_ms = (int64_t)get_u64(in + 48);
	out_gate->until_ms = (int64_t)get_u64(in + 56);
	return true;
}

uint32_t record_share(uint64_t queue, uint32_t size, uint32_t share)
{
	return queue_number_is_archive(queue) ? size : share;
}

static uint64_t mix(uint64_t number)
{
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
	number = (number ^ number >> 27) * 0x94d049bb133111ebu;
	return number ^ number >> 31;
}

void record_target_id(const uint8_t id[16], uint64_t queue, uint8_t out[16])
{
	uint64_t high = get_u64(id) ^ mix(queue + 1);
	uint64_t low = get_u64(id + 8) ^ mix(high + queue);

	/* Little endian: the bytes 6 and 8. Written as words, since they are read as words next. */
	put_u64(out, (high & ~(UINT64_C(0xf0) << 48)) | UINT64_C(0x40) << 48);
	put_u64(out + 8, (low & ~UINT64_C(0xc0)) | 0x80);
}
