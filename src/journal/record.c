/* SPDX-License-Identifier: MIT */
/*
 * A record is checked alone: its CRC covers everything behind the CRC, so every reader finds a torn
 * or damaged byte without the record's batch.
 */
#include "journal/journal_private.h"

uint32_t record_format_header(char *at, uint32_t size, uint64_t lsn, uint64_t queue, uint32_t epoch,
			      uint8_t type)
{
	put_u32(at + RECORD_SIZE, size);
	put_u64(at + RECORD_LSN, lsn);
	put_u64(at + RECORD_QUEUE, queue);
	put_u32(at + RECORD_EPOCH, epoch);
	at[RECORD_TYPE] = (char)type;
	at[RECORD_FLAGS] = 0;
	uint32_t crc = crc32c(0, str_of(at + RECORD_SIZE, size - RECORD_SIZE));
	put_u32(at + RECORD_CRC, crc);
	return crc;
}

bool record_parse(struct str bytes, struct journal_record *out_record)
{
	const char *at = bytes.data;

	if (bytes.size < RECORD_HEADER_SIZE || get_u32(at + RECORD_SIZE) != bytes.size)
		return false;
	if (crc32c(0, str_of(at + RECORD_SIZE, bytes.size - RECORD_SIZE)) !=
	    get_u32(at + RECORD_CRC))
		return false;
	out_record->lsn = get_u64(at + RECORD_LSN);
	out_record->epoch = get_u32(at + RECORD_EPOCH);
	out_record->type = (uint8_t)at[RECORD_TYPE];
	out_record->queue = get_u64(at + RECORD_QUEUE);
	out_record->data = str_of(at + RECORD_HEADER_SIZE, bytes.size - RECORD_HEADER_SIZE);
	return true;
}
