/* SPDX-License-Identifier: MIT */
/*
 * state: the engine's structs, and queues, groups, messages and segments by name.
 *
 * Every change goes the same way: decide (command, receive, move), append a record (log), apply it
 * (apply). Replay only applies. The files of this folder include each other in one direction:
 * state, then image and page, then message and extent, then backlog, then apply, then the commands,
 * then engine. One thread: the engine's. Times are of the time base unless they are called wall
 * time.
 */
#ifndef TERN_QUEUE_STATE_H
#define TERN_QUEUE_STATE_H

#include "queue/queue.h"
#include "queue/record.h"

enum timer_kind { TIMER_MESSAGE, TIMER_WAIT, TIMER_RETENTION, TIMER_DELAYS };

enum message_state { MESSAGE_READY, MESSAGE_IN_FLIGHT, MESSAGE_DELAYED };

/*
 * One message that is not deleted. Standard queues: while ready it is linked into its group's
 * returned or ready list. FIFO queues: linked into its group's ready list for life.
 */
struct message {
	struct list link;	/* see above */
	struct list in_queue;	/* in the queue's messages */
	struct list in_segment; /* all in the journal's segment */
	struct timer timer;	/* while in flight or delayed: visible_ms */
	struct engine_queue *queue;
	struct group *group;
	uint64_t seq;
	struct journal_location location;
	uint32_t shared_size;	/* of a shared payload: counted as live with location.size */
	uint32_t receive_count; /* over its life */
	int64_t since_ms;	/* when it was sent or moved here: retention counts from it */
	int64_t visible_ms;
	int64_t first_receive_ms; /* wall time */
	int64_t received_ms;	  /* of the last receive */
	uint32_t receives;	  /* in this queue: numbers its handles */
	uint8_t state;
	uint8_t mark;	     /* the engine's: the checkpoint has it */
	uint16_t given_back; /* of these receives, that do not count */
	bool is_unreadable;  /* its record failed its check: it cannot be moved or relocated */
};

struct group {
	struct list link;     /* in the queue's ready_groups while it has a message to deliver */
	struct list ready;    /* never received; on FIFO queues everything */
	struct list returned; /* standard: came back; served first */
	uint64_t hash;	      /* 0: the messages without a group */
	uint64_t in_flight;
	uint64_t ready_count;  /* in memory; on FIFO queues those that are delayed as well */
	uint64_t messages;     /* that point here */
	uint64_t cold;	       /* in extents */
	struct list extents;   /* behind all messages in memory, by seq */
	struct list deep_link; /* in the queue's deep_groups while it has extents */
};

/* Messages of one group in one segment that are not in memory; see extent.h. */
struct extent {
	struct list link;	/* in its group's extents */
	struct list in_segment; /* in the segment's extents */
	struct list in_queue;	/* in the queue's extents */
	struct engine_queue *queue;
	struct group *group;
	uint32_t segment;
	uint32_t count;		      /* entries left, never 0 between turns */
	uint32_t position;	      /* entries taken before them */
	bool is_indexed;	      /* entries are in the segment's index */
	uint64_t index_offset;	      /* of the entry at position 0 */
	uint32_t index_sum;	      /* of the index that it is in */
	uint64_t bytes;		      /* of the records left */
	uint64_t first_seq, last_seq; /* of those left; the first is at least first_seq */
	int64_t first_since_ms;	      /* about the age of the first */
	struct buf entries;	      /* from position 0 on, unless indexed */
	struct buf rebuilt;	      /* the same, while they are read from the records */
	uint8_t mark;		      /* the engine's: the checkpoint has it */
};

struct extent_entry {
	uint64_t seq;
	int64_t since_ms;
	struct journal_location location;
	uint32_t shared_size;	/* as a message's */
	uint32_t receive_count; /* in other queues */
	int64_t first_receive_ms;
	bool is_special; /* its receives are in its record only */
};

enum { EXTENT_PEEK_MAX = 64, EXTENT_ENTRIES_MAX = 16384 };

struct dedup {
	struct list link; /* in the queue's dedups, oldest first */
	uint8_t key[16];
	uint8_t id[16];
	uint64_t seq;
	uint64_t group;
	int64_t until_ms;
};

/* A receive attempt that may be repeated (FIFO). */
struct attempt {
	struct list link; /* in the queue's attempts, oldest first */
	uint8_t key[16];
	int64_t until_ms;
	int64_t visible_ms; /* of all its messages, until a client changes one's timeout */
	size_t count;
	struct queue_handle handles[];
};

/* The extents of an archive; see sorted.h. */
struct sorted_extents {
	struct extent **items;
	size_t first, count, capacity; /* those in front of `first` are removed */
};

/* State that only queues with groups or deduplication, and archives, need. */
struct queue_extra {
	struct sorted_extents sorted;
	struct map groups; /* by hash, without group 0 */
	struct map dedup_map;
	struct list dedups;
	struct list *dedup_next; /* the next for the checkpoint, NULL: none of this queue */
	struct map attempt_map;
	struct list attempts;
};

struct engine_queue {
	struct list link; /* in the engine's all_queues */
	uint64_t number;
	bool is_fifo, is_defined, is_archive;
	bool is_retired;   /* purged or dropped: waits to be freed */
	bool is_unordered; /* its messages are not by seq: messages of several groups were loaded */
	bool has_mixed_ages;		/* they are not by age: some were loaded or moved here */
	struct queue_settings settings; /* label is owned */
	struct queue_counters *counters;
	uint64_t next_seq;
	uint64_t visible, in_flight, delayed; /* in memory */
	uint64_t cold;			      /* in extents */
	uint64_t cold_bytes;		      /* of the extents' records */
	uint64_t groups_in_flight;	      /* groups with a message in flight, but for group 0 */
	struct list messages;		      /* those in memory; those of one group by seq */
	struct list ready_groups;	      /* next to be served first */
	struct list deep_groups;	      /* those with extents */
	struct list extents;		      /* of all groups; of an archive by seq */
	struct list waiting;		      /* receives, oldest first */
	uint64_t unfinished;		      /* of them, those that wait for turns only */
	struct list dirty_link; /* in engine->dirty while waiting receives may get a message */
	struct timer retention;
	struct message
		*expiry_next;	 /* position of the scan for expired messages, NULL: the front */
	int64_t expiry_since_ms; /* least age of checked messages that stay */
	struct timer delays;	 /* FIFO: set while a changed delay has messages to go through */
	struct message *delays_next; /* the next of these, from the last to the first */
	struct group plain;	     /* messages without a group */
	struct queue_extra *extra;   /* NULL until needed */
};

struct segment_messages {
	uint32_t segment;
	bool is_collecting; /* its index is being put together */
	bool is_indexing;   /* its index was handed over */
	struct buf index;
	struct extent *next; /* to be collected, or to leave memory */
	struct list messages, extents;
	struct list unindexed_link; /* in engine->unindexed while its extents are in memory */
};

enum checkpoint_phase {
	CHECKPOINT_QUEUE,
	CHECKPOINT_DEDUPS,
	CHECKPOINT_MESSAGES,
	CHECKPOINT_EXTENTS
};

/* Of a checkpoint that is being encoded; see image.h. */
struct checkpoint_progress {
	bool is_under_way;
	enum checkpoint_phase phase;
	struct engine_queue *queue;		/* next, NULL: all are encoded */
	struct message *message, *message_last; /* next of it, and the last that was there */
	struct extent *extent;			/* next of it */
	uint64_t seq_end; /* later messages of the queue are not in the checkpoint */
	struct buf state;
};

enum { BROWSE_PAGE_MAX = 101 }; /* one more than a page shows whether another page follows */

/* Of the page that is being gathered; see page.h. */
struct page {
	bool is_under_way, is_in_memory;
	struct engine_queue *queue; /* NULL: it was purged or dropped */
	const struct list *next;    /* of its extents, then of its messages */
	struct queue_delivery deliveries[BROWSE_PAGE_MAX];
	size_t count, wanted;
};

/* A shared payload that compaction has copied; see copies.h. */
struct shared_copy {
	uint32_t from_offset; /* in the segment that is compacted */
	uint32_t segment, offset, size;
};

/* The last RECORD_SHARED that replay met. */
struct shared_seen {
	struct journal_location location;
	struct record_head head;
	uint32_t share;
};

struct engine {
	struct journal *journal;
	struct engine_options options;
	struct mailbox mailbox;
	struct timer_heap timers;
	struct map queues; /* by number */
	struct list all_queues;
	struct list retired; /* queues */
	struct map messages; /* by queue and seq */
	struct map segments; /* by number */
	struct list unindexed;
	struct list pending; /* commands that wait for durability, by after_lsn */
	struct list dirty;   /* queues */
	struct list checkpoint_asked, checkpoint_taken; /* commands */
	struct list browses;				/* commands, the first is under way */
	struct page page;
	struct checkpoint_progress checkpoint;
	uint8_t mark;		       /* of the checkpoint's items, or of newer ones */
	struct message *free_messages; /* chained by in_queue.next */
	void **slabs;
	size_t slab_count;
	int64_t now_ms;		/* the time base; at replay, the last time in a record */
	int64_t wall_ms;	/* of this turn */
	int64_t wall_offset_ms; /* wall time less now_ms, as recorded */
	int64_t space_ms;	/* on a full disk: when room is looked for again */
	bool is_stopping, has_final_checkpoint;
	bool has_read_failed; /* an extent could not be read: at replay the state would be wrong */
	struct shared_copy *copies; /* while a segment with references is compacted, or NULL */
	struct shared_seen shared;
	uint32_t compacting; /* segment, 0: none */
	uint32_t leaving;    /* segment whose extents are written to disk, 0: none */
	bool has_indexes_left;
	struct mailbox_message *mail; /* taken from the mailbox and not executed yet */
	size_t turn_items, turn_bytes;
	struct buf scratch; /* a record being built or copied */
	_Atomic uint64_t queue_count, message_count, extent_count, waiting_count;
};

/* The machine's clock may differ that much from the recorded wall time. */
enum { CLOCK_SLACK_MS = 1000 };

/* NULL: there is none of that number. */
struct engine_queue *queue_find(const struct engine *engine, uint64_t number);
/* Makes the queue if it is not there. */
struct engine_queue *queue_get(struct engine *engine, uint64_t number, bool is_fifo);
/* Its number no longer finds it, and it is in no list of queues. */
void queue_forget(struct engine *engine, struct engine_queue *queue);
/* True if the queue is dropped and has no message, deduplication entry or attempt left. */
void queue_free(struct engine_queue *queue);
struct queue_extra *queue_extra_get(struct engine_queue *queue);
/* Waiting receives of the queue may get something in this turn. */
void queue_mark_dirty(struct engine *engine, struct engine_queue *queue);
/* The engine alone writes counters of queues, so they need no locked instruction. */
static inline void queue_count(_Atomic int64_t *counter, int64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}
void queue_publish(struct engine_queue *queue); /* numbers into the counters */

struct group *group_find(const struct engine_queue *queue, uint64_t hash);
struct group *group_get(struct engine_queue *queue, uint64_t hash);
/* Links the group into ready_groups, or out of it, after a change; frees it if it is empty. */
void group_refresh(struct engine *engine, struct engine_queue *queue, struct group *group);
/* A noisy neighbor, in AWS's words: it holds more than its share of the messages in flight.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
bool group_is_noisy(const struct engine_queue *queue, const struct group *group);

uint64_t message_hash(uint64_t queue, uint64_t seq); /* in engine->messages */
/* Only in memory, not in extents. */
struct message *message_find(const struct engine *engine, uint64_t queue, uint64_t seq);

struct segment_messages *segment_messages_find(const struct engine *engine, uint32_t segment);
struct segment_messages *segment_messages_get(struct engine *engine, uint32_t segment);
/* Frees the segment's entry if it has no message and no extent. */
void segment_messages_release(struct engine *engine, struct segment_messages *segment);

#endif
