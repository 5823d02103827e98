/* SPDX-License-Identifier: MIT */
/* record: fixed offsets; a new field goes to the end of the head together with a new record type.
 */
#include "queue/record.h"

#include <string.h>

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
	out_head->origin = str_slice(data, RECORD_HEAD_SIZE, in[93]);
	*out_payload = str_slice(data, RECORD_HEAD_SIZE + (size_t)in[93], data.size);
	return true;
}
