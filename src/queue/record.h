/* SPDX-License-Identifier: MIT */
/*
 * record: the changes that the engine writes to the journal, and their encoding.
 *
 * A record is the change, not the request: replay needs no clock, no policy and no randomness.
 * Times are of the time base (base/clock.h) unless they are called wall time. All numbers are
 * little endian. Pure functions.
 */
#ifndef TERN_QUEUE_RECORD_H
#define TERN_QUEUE_RECORD_H

#include "base/base.h"
#include "base/bytes.h"

enum record_type {
	RECORD_SEND = 1, /* message head, origin, payload; the record's queue is the message's */
	RECORD_LEASE,	 /* received_ms, visible_ms, wall_ms, then seq and group of each received */
	RECORD_VISIBILITY, /* seq, visible_ms; 0: visible at once */
	RECORD_DELETE,	   /* seq and group of each */
	RECORD_EXPIRE,	   /* as DELETE */
	RECORD_MOVE,	 /* source queue, source seq, then as SEND: one message leaves and enters at
			    once */
	RECORD_RELOCATE, /* as SEND: the same message at a new place */
	RECORD_PURGE,	 /* last seq that goes; all of them are older */
	RECORD_DROP,	 /* no contents */
	RECORD_GIVE_BACK, /* as DELETE */
	RECORD_CLOCK,	  /* now_ms, wall time less that; of no queue */
	RECORD_SHARED, /* the number of references that follow (u32), then as SEND: the payload of
			  several messages; of no queue */
	RECORD_REFERENCE, /* a message whose payload is a shared one followed by its own part */
	RECORD_RELOCATE_REFERENCE, /* as REFERENCE: the same message at a new place */
	RECORD_GATE,		   /* struct record_gate: a fan-out passed the gate of this queue */
	RECORD_TRIM,		   /* last seq of the archive that expires; all of them are older */
};

/* The fields of a message's record besides origin and payload. */
struct record_head {
	uint64_t seq;
	uint8_t id[16];
	int64_t sent_ms;    /* wall time, as receivers see it */
	int64_t since_ms;   /* retention counts from here */
	int64_t visible_ms; /* end of its delay, 0: none */
	uint64_t group;
	uint8_t dedup[16];
	int64_t dedup_until_ms;	  /* 0: no deduplication id */
	uint32_t receive_count;	  /* over its life, when written */
	int64_t first_receive_ms; /* wall time */
	bool is_fifo;
	uint32_t shared_size; /* see struct record_reference; 0 for others */
	struct str origin;    /* at most 255 bytes */
};

/*
 * A reference to a RECORD_SHARED, which lies in the same segment in front of it: a segment that
 * holds a live reference is kept, and with it the payload. So the number of live records that the
 * journal counts for a segment is the reference count of the payloads in it, and every removal or
 * relocation of a message (delete, purge, expiry, move, compaction, a checkpoint, an extent on
 * disk) keeps that count right without knowing about references.
 */
struct record_reference {
	uint64_t seq;
	uint64_t group;
	uint32_t shared_offset, shared_record_size; /* of the RECORD_SHARED, in this segment */
	/* Its share of the segment's live bytes that this message counts for. */
	uint32_t shared_size;
	int64_t visible_ms; /* end of its delay, 0: none */
	bool is_fifo, has_dedup;
	uint8_t dedup[16];
	struct str own; /* the end of its payload */
};

/* A fan-out's entry in the deduplication window of its gate. */
struct record_gate {
	uint64_t number;
	uint64_t group;
	uint8_t id[16];
	uint8_t dedup[16];
	int64_t since_ms, until_ms;
};

enum {
	RECORD_HEAD_SIZE = 94,
	RECORD_MOVE_SIZE = 16,
	RECORD_LEASE_SIZE = 24,
	RECORD_NAME_SIZE = 16,
	RECORD_REFERENCE_SIZE_MAX = 57,
	RECORD_SHARED_SIZE = 4,
	RECORD_GATE_SIZE = 64,
	RECORD_SEQS_MAX = 100,
	/* Of a record that names messages, at most. */
	RECORD_NAMES_MAX = RECORD_NAME_SIZE * RECORD_SEQS_MAX,
};

/* Writes the fixed part, RECORD_HEAD_SIZE bytes; origin and payload follow it. */
void record_head_encode(const struct record_head *head, uint8_t *out);
/* Reads head and origin; *out_payload is the rest. False if the bytes are too short. */
bool record_head_decode(struct str data, struct record_head *out_head, struct str *out_payload);

/* Writes all but the own part, which follows it; returns its size. */
size_t record_reference_encode(const struct record_reference *reference,
			       uint8_t out[RECORD_REFERENCE_SIZE_MAX]);
bool record_reference_decode(struct str data, struct record_reference *out_reference);
/* The head of the reference's message, in that queue. */
struct record_head record_reference_head(const struct record_reference *reference,
					 const struct record_head *shared, uint64_t queue);
void record_gate_encode(const struct record_gate *gate, uint8_t out[RECORD_GATE_SIZE]);
bool record_gate_decode(struct str data, struct record_gate *out_gate);
/*
 * The live bytes of a shared record of `size` that a reference counts for, if `share` is the part
 * of each reference. An archive keeps its messages long after other queues: it counts for all, so
 * that the segment does not look empty while the payloads stay.
 */
uint32_t record_share(uint64_t queue, uint32_t size, uint32_t share);
/* The message id of the target `queue` of a fan-out: a UUID derived from both. */
void record_target_id(const uint8_t id[16], uint64_t queue, uint8_t out[16]);

#endif
