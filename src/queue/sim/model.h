/* SPDX-License-Identifier: MIT */
/*
 * model: the state of each message as far as answers show it, and the rules that follow.
 *
 * A command without an answer may or may not have happened: it loosens the expectation and never
 * tightens it. Held: an acknowledged send is delivered until it is deleted, expires or is purged; a
 * refused send never is; an acknowledged delete or purge holds; a lease and a delay hide a message;
 * a FIFO group keeps its order and its lock; a fan-out reaches all of its queues or none, and
 * deletes its message with them; receives are counted; duplicates are recognised, and no longer
 * than they should be; a message that is received too often moves; payloads are intact. All times
 * are of the time base, independent of wall time.
 *
 * After a crash, an audit reads all queues and decides each open question: a message is in exactly
 * one queue or gone, and a fan-out that deletes an obligation has either happened, or the
 * obligation still waits.
 */
#ifndef TERN_QUEUE_SIM_MODEL_H
#define TERN_QUEUE_SIM_MODEL_H

#include "queue/queue.h"

enum { MESSAGES = 800, SLOTS = 9, KEYS = 12, PAYLOAD_MAX = 4096 };
/* Internal queues of obligations; they are never purged or dropped. The slots before them are
 * ordinary queues. */
enum { OBLIGATIONS = 7, OBLIGATIONS_FIFO = 8, ORDINARY_SLOTS = OBLIGATIONS };
/* A command is executed less than that after it was submitted. */
enum { TURN_MS = 20 };

enum message_knowledge {
	MODEL_MAYBE,   /* a send without an answer */
	MODEL_SENT,    /* acknowledged */
	MODEL_REFUSED, /* or a duplicate: it must never be seen */
	MODEL_GONE,    /* deleted, purged or dropped for sure */
};

struct model_message {
	enum message_knowledge state;
	uint32_t slots; /* bits: queues that may have it */
	size_t seq_slot;
	uint64_t seq; /* in seq_slot; 0: not known */
	uint64_t group;
	size_t size;
	/* Of a fan-out: the number of its messages, the first of them, and the bytes that they
	 * share. */
	size_t fanout_count, fanout, shared_size;
	bool is_whole;	      /* it shares nothing */
	bool may_be_refused;  /* for itself: with a deduplication id */
	size_t fanout_delete; /* message that is deleted with it, or SIZE_MAX */
	bool is_unanswered;   /* its first message: a fan-out that deletes, without an answer */
	bool maybe_answered;  /* such a fan-out may have deleted this message */
	uint32_t seen;	      /* by the audit that runs: how often, and in these slots */
	uint32_t seen_slots;
	size_t sent_slot;
	int64_t sent_ms, sent_wall_ms, delayed_until_ms, leased_until_ms;
	uint32_t receives, receives_lost; /* acknowledged; and those that may have been it */
	uint32_t home_receives;		  /* those in its first queue */
	uint32_t give_backs;		  /* requested: so many receives may not count */
	uint32_t deletes_out;
	bool maybe_gone;
	bool is_loose;	      /* it may have been redriven: its counts and place are not known */
	uint64_t loose_since; /* serial of that redrive */
	struct queue_handle handle;
	uint8_t attempt;
};

struct model_slot {
	uint64_t number; /* of its queue now; never used again after a drop */
	bool is_fifo, has_groups, has_dedup;
	int64_t retention_ms, visibility_ms;
	int64_t delay_ms; /* FIFO: of the last QUEUE_DEFINE, which has this serial */
	uint64_t delay_serial;
	uint32_t max_receive_count; /* 0: no dead-letter queue */
	size_t dead_letters;	    /* slot */
};

/* A deduplication id, and the message that was sent with it. */
struct model_key {
	bool is_known;
	size_t number; /* 0 to KEYS - 1, or KEYS: none */
	size_t message;
	int64_t asked_ms, answered_ms; /* it was sent in between */
};

/* A fan-out's message in the archive, by the fan-out's first message. */
struct model_archived {
	bool is_there;
	enum message_knowledge state;
	uint64_t seq, since; /* of SENT; the serial of the last order before its answer */
	size_t size;
	int64_t sent_ms;
};

struct model {
	struct model_archived archived[MESSAGES];
	struct model_key gate_keys[KEYS];
	uint64_t gate_number; /* the last acknowledged one */
	uint64_t seed;
	struct model_message messages[MESSAGES];
	size_t message_count;
	struct model_slot slots[SLOTS];
	struct model_key keys[KEYS];
	int64_t latest_ms; /* a restart may set the time back a little: expired stays expired */
	bool was_full;	   /* a full disk keeps messages from moving to the dead-letter queue */
	const char *violation;
	size_t violation_message;
};

struct model_delivery {
	size_t slot, message;
	uint64_t serial; /* of the receive, in the order of submission */
	const struct queue_delivery *delivery;
	struct str payload;
	int64_t asked_ms, now_ms;   /* when it was submitted, and answered */
	int64_t latest_ms;	    /* the model's, when it was submitted */
	int64_t sent_wall_ms;	    /* as the message says */
	uint8_t attempt;	    /* 0: none */
	int64_t visibility_ms;	    /* of the receive; 0: the queue's */
	const size_t *batch_before; /* messages delivered before it in the same answer */
	size_t batch_before_count;
};

void model_violate(struct model *model, const char *what, size_t message);
void model_init(struct model *model, uint64_t seed);
/* The payload of a message: its number first, then bytes that follow from seed and number. */
struct str model_payload(const struct model *model, size_t message, char room[PAYLOAD_MAX]);
size_t model_send(struct model *model, size_t slot, uint64_t group, size_t size, int64_t now_ms,
		  int64_t delay_ms);
/* The messages from `first` on are one fan-out, sharing `shared_size` bytes but for those that are
 * whole; `deletes`: the message that it deletes, or SIZE_MAX. */
void model_fan_out(struct model *model, size_t first, size_t count, size_t shared_size,
		   size_t deletes);
/* The bytes that a fan-out shares; and the first message of the fan-out that shares such bytes,
 * SIZE_MAX: none. */
struct str model_shared(const struct model *model, size_t first, char room[PAYLOAD_MAX]);
size_t model_first(const struct model *model, struct str payload);
/* A message of a fan-out without an answer was seen: the rest has happened as well. */
void model_fanout_happened(struct model *model, size_t first);
/* The message of a payload from that slot, SIZE_MAX: none. */
size_t model_find(const struct model *model, size_t slot, struct str payload);
/* `key->message` is the one that the answer names, another one if this is a duplicate. */
void model_send_answered(struct model *model, size_t message, const struct queue_send *send,
			 const struct model_key *key);
void model_send_lost(struct model *model, size_t key);
void model_delivered(struct model *model, const struct model_delivery *delivery);
/* A receive of that slot has no answer, or one that cannot be read. */
void model_receive_lost(struct model *model, size_t slot);
bool model_is_certain(const struct model *model, size_t message, int64_t now_ms);
void model_delete_asked(struct model *model, size_t message);
void model_delete_answered(struct model *model, size_t message, enum queue_result result,
			   bool was_certain);
/* A fan-out that deletes `deletes` has no answer; `first`: its first message, or SIZE_MAX if the
 * delete may have happened without any message. */
void model_fanout_lost(struct model *model, size_t first, size_t deletes);
void model_visibility_asked(struct model *model, size_t message, int64_t visible_ms);
void model_visibility_answered(struct model *model, size_t message,
			       const struct queue_change *change, int64_t visible_ms);
void model_give_back_asked(struct model *model, size_t message);
void model_purge_asked(struct model *model, size_t slot);
void model_purge_answered(struct model *model, size_t slot, size_t message_count,
			  enum queue_result result);
void model_redrive_asked(struct model *model, size_t from, size_t to, uint64_t serial);
/* ---- audit.c: after a crash, when no command is outstanding ---- */

void model_audit_begin(struct model *model);
void model_audit_saw(struct model *model, size_t message, size_t slot);
/* All messages of all slots were seen. Returns how many fan-outs without an answer are decided. */
size_t model_audit_end(struct model *model, int64_t now_ms);
bool model_is_expired(const struct model *model, size_t message, int64_t now_ms);

/* Everything that must still be there was to be delivered and deleted by now. */
void model_finish(struct model *model, int64_t now_ms);

#endif
