/* SPDX-License-Identifier: MIT */
/*
 * A record is checked alone: its CRC covers everything behind the CRC, so every reader finds a torn
 * or damaged byte without the record's batch.
 */
#include "journal/record.h"

#include "base/varint.h"
#include "journal/state.h"

static uint32_t sum(const char *at, size_t size, uint32_t segment)
{
	return crc32c(segment, str_of(at + RECORD_SIZE, size - RECORD_SIZE));
}

size_t record_header_size(size_t data_size, uint64_t queue)
{
	size_t others = RECORD_SIZE + 1 + varint_size(queue);
	size_t size = varint_size(others + 1 + data_size);

	/* The size counts its own bytes, too. */
	if (varint_size(others + size + data_size) > size)
		size++;
	return others + size;
}

uint32_t record_format_header(char *at, size_t size, uint64_t queue, uint8_t type, uint32_t segment)
{
	char *out = at + RECORD_SIZE;

	out += put_varint(out, size);
	*out++ = (char)type;
	(void)put_varint(out, queue);
	uint32_t crc = sum(at, size, segment);
	put_u32(at + RECORD_CRC, crc);
	return crc;
}

static bool parse_4(struct str bytes, struct journal_record *out_record)
{
	const char *at = bytes.data;

	if (bytes.size < RECORD_HEADER_SIZE_4 || sum(at, bytes.size, 0) != get_u32(at + RECORD_CRC))
		return false;
	out_record->lsn = get_u64(at + RECORD_LSN_4);
	out_record->epoch = get_u32(at + RECORD_EPOCH_4);
	out_record->type = (uint8_t)at[RECORD_TYPE_4];
	out_record->queue = get_u64(at + RECORD_QUEUE_4);
	out_record->data = str_slice(bytes, RECORD_HEADER_SIZE_4, bytes.size);
	return true;
}

bool record_parse(struct str bytes, uint32_t segment, struct journal_record *out_record)
{
	const char *at = bytes.data;
	uint64_t size, queue;

	if (bytes.size < RECORD_HEADER_SIZE_MIN)
		return false;
	if (bytes.size >= RECORD_HEADER_SIZE_4 && get_u32(at + RECORD_SIZE) == bytes.size)
		return parse_4(bytes, out_record);
	size_t type_at =
		RECORD_SIZE + get_varint(at + RECORD_SIZE, bytes.size - RECORD_SIZE, &size);
	if (type_at == RECORD_SIZE || size != bytes.size || type_at == bytes.size)
		return false;
	size_t queue_size = get_varint(at + type_at + 1, bytes.size - type_at - 1, &queue);
	if (queue_size == 0 || sum(at, bytes.size, segment) != get_u32(at + RECORD_CRC))
		return false;
	out_record->lsn = 0;
	out_record->epoch = 0;
	out_record->type = (uint8_t)at[type_at];
	out_record->queue = queue;
	out_record->data = str_slice(bytes, type_at + 1 + queue_size, bytes.size);
	return true;
}

size_t record_size(struct str rest, uint32_t version)
{
	uint64_t size = 0;

	if (rest.size < RECORD_HEADER_SIZE_MIN)
		return 0;
	if (version < 5)
		size = get_u32(rest.data + RECORD_SIZE);
	else if (get_varint(rest.data + RECORD_SIZE, rest.size - RECORD_SIZE, &size) == 0)
		return 0;
	return size < RECORD_HEADER_SIZE_MIN || size > rest.size ? 0 : (size_t)size;
}
