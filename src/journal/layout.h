/* SPDX-License-Identifier: MIT */
/*
 * layout: the bytes of the journal's files, by explicit offsets. Little endian throughout.
 *
 * A batch is a header, then its records without gaps, then padding up to its stored size. The
 * header names the segment and the offset it was written for, so bytes left over in a recycled file
 * are never taken for a batch. The next batch begins behind the padding, or, if an opening in
 * between began to pad, at the next multiple of DISK_BLOCK_SIZE.
 *
 * Version 3 had no padding: its batch header has no stored size, and its CRC is at that offset.
 *
 * Up to version 4 a record has a header of fixed size, with LSN and epoch. Since version 5 those
 * are in the batch's header only: the LSN of a record is the batch's first plus its place. The
 * header of a record is its CRC, its size (varint, all of it), its type (u8, not 0) and its queue
 * (varint). The fixed header has the size at the same place as a u32, which a varint and a type
 * never equal, so a record is recognized without its batch. Files of versions 3 and 4 are read; new
 * batches have version 5, in the same segments, too.
 *
 * A record's CRC covers all of it but the CRC itself; the batch's content CRC covers the records'
 * CRCs. So every byte is hashed once, and a single record can be checked alone. Since version 5 the
 * CRC begins with the number of the segment, so a record that an earlier use of the file left
 * behind does not pass.
 */
#ifndef TERN_JOURNAL_LAYOUT_H
#define TERN_JOURNAL_LAYOUT_H

#include "base/bytes.h"

enum { JOURNAL_FORMAT_VERSION = 5, JOURNAL_FORMAT_OLDEST = 3 };

static inline bool format_is_known(uint32_t version)
{
	return version >= JOURNAL_FORMAT_OLDEST && version <= JOURNAL_FORMAT_VERSION;
}

enum batch_layout {
	BATCH_MAGIC = 0,	 /* u32 */
	BATCH_VERSION = 4,	 /* u32 */
	BATCH_EPOCH = 8,	 /* u32 */
	BATCH_SEGMENT = 12,	 /* u32 */
	BATCH_FIRST_LSN = 16,	 /* u64 */
	BATCH_OFFSET = 24,	 /* u32 */
	BATCH_SIZE = 28,	 /* u32, header included */
	BATCH_RECORD_COUNT = 32, /* u32 */
	BATCH_CONTENT_CRC = 36,	 /* u32, of the records' stored CRCs */
	BATCH_STORED_SIZE = 40,	 /* u32, with the padding */
	BATCH_CRC = 44,		 /* u32, of the bytes before it */
	BATCH_HEADER_SIZE = 48,

	BATCH_CRC_3 = 40, /* of version 3 */
	BATCH_HEADER_SIZE_3 = 44,
};

enum record_layout {
	RECORD_CRC = 0,	 /* u32, of the bytes behind it */
	RECORD_SIZE = 4, /* varint; up to version 4 u32; header included */
	RECORD_HEADER_SIZE_MIN = 7,
	RECORD_HEADER_SIZE_MAX = 20, /* a size below 2^35, a queue of 64 bits */

	/* Up to version 4. */
	RECORD_LSN_4 = 8,    /* u64 */
	RECORD_QUEUE_4 = 16, /* u64 */
	RECORD_EPOCH_4 = 24, /* u32 */
	RECORD_TYPE_4 = 28,  /* u8 */
	RECORD_FLAGS_4 = 29, /* u8, 0 */
	RECORD_HEADER_SIZE_4 = 30,
};

/* A checkpoint: this header, the numbers of the segments that its state refers to (u32 each), then
 * the owner's state. */
enum checkpoint_layout {
	CHECKPOINT_MAGIC = 0,	    /* u32 */
	CHECKPOINT_VERSION = 4,	    /* u32 */
	CHECKPOINT_LSN = 8,	    /* u64, the last one that the state holds */
	CHECKPOINT_SEGMENT = 16,    /* u32, where replay starts */
	CHECKPOINT_OFFSET = 20,	    /* u32 */
	CHECKPOINT_EPOCH = 24,	    /* u32 */
	CHECKPOINT_STATE_CRC = 28,  /* u32, of the numbers and the state */
	CHECKPOINT_STATE_SIZE = 32, /* u64 */
	CHECKPOINT_SEGMENTS = 40,   /* u32, how many numbers */
	CHECKPOINT_CRC = 44,	    /* u32, of the bytes before it */
	CHECKPOINT_HEADER_SIZE = 48,
};

/* journal.meta: two slots, written in turn; the one with the higher serial is valid. */
enum meta_layout {
	META_MAGIC = 0,		/* u32 */
	META_VERSION = 4,	/* u32 */
	META_EPOCH = 8,		/* u32 */
	META_LAST_SEGMENT = 12, /* u32, the highest number that a file was made for; 0: none */
	META_SERIAL = 16,	/* u64 */
	META_CRC = 24,		/* u32, of the bytes before it */
	META_SIZE = 28,
	META_SLOT_SIZE = 4096,
	META_FILE_SIZE = 2 * META_SLOT_SIZE,
};

/* An index: this header, then blocks of up to INDEX_BLOCK_DATA bytes, each followed by its CRC. */
enum index_layout {
	INDEX_MAGIC = 0,      /* u32 */
	INDEX_VERSION = 4,    /* u32 */
	INDEX_SEGMENT = 8,    /* u32 */
	INDEX_DATA_SIZE = 12, /* u64 */
	INDEX_DATA_CRC = 20,  /* u32: identifies the version of a segment's index */
	INDEX_CRC = 24,	      /* u32, of the bytes before it */
	INDEX_HEADER_SIZE = 28,
	INDEX_BLOCK_SIZE = 4096, /* with its CRC */
	INDEX_BLOCK_DATA = 4092,
};

/* "TnB1" and so on, as in the file. */
#define MAGIC_BATCH 0x31426e54u
#define MAGIC_CHECKPOINT 0x31436e54u
#define MAGIC_META 0x314d6e54u
#define MAGIC_INDEX 0x31496e54u

#endif
