/* SPDX-License-Identifier: MIT */
/*
 * engine_private: the engine's state, shared by its files only.
 *
 *   engine.c   turns: mailbox, timers, answers          message.c   messages, groups, queues in
 * memory apply.c    changes to the state, live and at replay command.c   what each command decides
 *   receive.c  choosing and leasing messages            attempt.c   receives that are repeated
 *   move.c     dead letters and redrive                 compact.c   emptying old segments
 *   run.c      the deep backlog                         browse.c    looking without receiving
 *   purge.c    forgetting all messages of a queue
 *   checkpoint.c  the state as bytes                    turn.c      how much a turn may do
 *
 * Every change goes the same way: decide, append a record, apply it. Replay only applies.
 */
#ifndef TERN_QUEUE_ENGINE_PRIVATE_H
#define TERN_QUEUE_ENGINE_PRIVATE_H

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
	uint32_t receive_count; /* over its life */
	int64_t since_ms;	/* when it was sent or moved here: retention counts from it */
	int64_t visible_ms;
	int64_t first_receive_ms; /* wall time */
	int64_t received_ms;	  /* of the last receive */
	uint32_t receives;	  /* in this queue: numbers its handles */
	uint8_t state;
	uint8_t mark;	     /* the engine's: the checkpoint has it */
	uint16_t given_back; /* of these receives, that do not count */
	bool is_unreadable;  /* its record failed its check: it cannot be moved or carried */
};

struct group {
	struct list link;     /* in the queue's ready_groups while it has something to give */
	struct list ready;    /* never received; on FIFO queues everything */
	struct list returned; /* standard: came back; served first */
	uint64_t hash;	      /* 0: the messages without a group */
	uint64_t in_flight;
	uint64_t ready_count;  /* in memory; on FIFO queues those that are delayed as well */
	uint64_t messages;     /* that point here */
	uint64_t cold;	       /* in runs */
	struct list runs;      /* behind all messages in memory, by seq */
	struct list deep_link; /* in the queue's deep_groups while it has runs */
};

/* Messages of one group in one segment that are not in memory; see run.c. */
struct run {
	struct list link;	/* in its group's runs */
	struct list in_segment; /* in the segment's runs */
	struct list in_queue;	/* in the queue's runs */
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
	uint8_t mark;		      /* the engine's: the checkpoint has it */
};

struct run_entry {
	uint64_t seq;
	int64_t since_ms;
	struct journal_location location;
	uint32_t receive_count; /* in other queues */
	int64_t first_receive_ms;
	bool is_special; /* only its record tells of its receives */
};

enum { RUN_PEEK_MAX = 64, RUN_ENTRIES_MAX = 16384 };

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
	int64_t visible_ms; /* of all its messages, while nobody changed it */
	size_t count;
	struct queue_handle handles[];
};

/* What only queues with groups or deduplication need. */
struct queue_extra {
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
	bool is_fifo, is_defined;
	bool is_retired;     /* purged or dropped: only what is left to free */
	bool is_unordered;   /* its messages are not by seq: those of several groups were loaded */
	bool has_mixed_ages; /* they are not by age: some were loaded or moved here */
	struct queue_settings settings; /* label is owned */
	struct queue_counters *counters;
	uint64_t next_seq;
	uint64_t visible, in_flight, delayed; /* in memory */
	uint64_t cold;			      /* in runs */
	uint64_t groups_in_flight;	      /* groups with a message in flight, but for group 0 */
	struct list messages;		      /* those in memory; those of one group by seq */
	struct list ready_groups;	      /* next to be served first */
	struct list deep_groups;	      /* those with runs */
	struct list runs;		      /* of all groups */
	struct list waiting;		      /* receives, oldest first */
	uint64_t unfinished;		      /* of them, those that wait for turns only */
	struct list
		dirty_link; /* in engine->dirty while something may be given to waiting receives */
	struct timer retention;
	struct message
		*expiry_next;	 /* where looking for expired ones goes on, NULL: from the front */
	int64_t expiry_since_ms; /* least age of those looked at that stay */
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
	struct run *next; /* to be collected, or to leave memory */
	struct list messages, runs;
	struct list unindexed_link; /* in engine->unindexed while its runs are in memory */
};

enum checkpoint_phase { CHECKPOINT_QUEUE, CHECKPOINT_DEDUPS, CHECKPOINT_MESSAGES, CHECKPOINT_RUNS };

/* Of a checkpoint that is being encoded; see checkpoint.c. */
struct checkpoint_progress {
	bool is_under_way;
	enum checkpoint_phase phase;
	struct engine_queue *queue;		/* next, NULL: all are encoded */
	struct message *message, *message_last; /* next of it, and the last that was there */
	struct run *run;			/* next of it */
	uint64_t seq_end; /* what was sent to it since is not of the checkpoint */
	struct buf state;
};

enum { BROWSE_PAGE_MAX = 101 }; /* one more than is shown tells that there are more */

/* Of the page that is being gathered; see browse.c. */
struct browse {
	bool is_under_way, is_in_memory;
	struct engine_queue *queue; /* NULL: it was purged or dropped */
	const struct list *next;    /* of its runs, then of its messages */
	struct queue_delivery deliveries[BROWSE_PAGE_MAX];
	size_t count, wanted;
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
	struct browse browse;
	struct checkpoint_progress checkpoint;
	uint8_t mark;		       /* of what the checkpoint has, or what is newer than it */
	struct message *free_messages; /* chained by in_queue.next */
	void **slabs;
	size_t slab_count;
	int64_t now_ms;		/* the time base; at replay, the last time that a record tells */
	int64_t wall_ms;	/* of this turn */
	int64_t wall_offset_ms; /* wall time less now_ms, as recorded */
	int64_t space_ms;	/* on a full disk: when room is looked for again */
	bool is_stopping, has_final_checkpoint;
	bool has_read_failed; /* a run could not be read: at replay the state would be wrong */
	uint32_t compacting;  /* segment, 0: none */
	uint32_t leaving;     /* segment whose runs leave memory, 0: none */
	bool has_indexes_left;
	struct mailbox_message *mail; /* taken from the mailbox and not executed yet */
	size_t turn_items, turn_bytes;
	struct buf scratch; /* a record being built or copied */
	_Atomic uint64_t queue_count, message_count, run_count, waiting_count;
};

/* ---- message.c ---- */

struct engine_queue *queue_find(const struct engine *engine, uint64_t number);
struct engine_queue *queue_get(struct engine *engine, uint64_t number, bool is_fifo); /* makes it */
/* Out of reach of its number, and of turns. */
void queue_unlink(struct engine *engine, struct engine_queue *queue);
bool queue_drop_some(struct engine_queue *queue); /* of what is in queue_extra; false: nothing is */
void queue_free(struct engine_queue *queue);	  /* is unlinked and has nothing left */
struct queue_extra *queue_extra_get(struct engine_queue *queue);
void queue_drop_dedups(struct engine_queue *queue,
		       int64_t now_ms); /* some of those that are over */
/* `group` 0: of any group. */
struct dedup *queue_find_dedup(const struct engine_queue *queue, const uint8_t key[16],
			       uint64_t group);
void dedup_forget(struct queue_extra *extra, struct dedup *dedup);
void queue_mark_dirty(struct engine *engine, struct engine_queue *queue);
bool group_is_noisy(const struct engine_queue *queue, const struct group *group);
struct message *message_find(const struct engine *engine, uint64_t queue, uint64_t seq);
/* Enters a message that is not placed yet. */
struct message *message_add(struct engine *engine, struct engine_queue *queue, uint64_t seq,
			    uint64_t group, int64_t since_ms, struct journal_location location);
void message_place(struct engine *engine, struct message *message); /* by its state */
void message_unplace(struct engine *engine, struct message *message);
void message_relocate(struct engine *engine, struct message *message,
		      struct journal_location location);
void message_remove(struct engine *engine, struct message *message);
struct segment_messages *segment_messages_find(const struct engine *engine, uint32_t segment);
struct segment_messages *segment_messages_get(struct engine *engine, uint32_t segment);
void segment_messages_release(struct engine *engine,
			      struct segment_messages *segment); /* if empty */
struct group *group_find(const struct engine_queue *queue, uint64_t hash);
struct group *group_get(struct engine_queue *queue, uint64_t hash);
/* Keeps the group where it belongs after a change; frees it if it has become empty. */
void group_refresh(struct engine *engine, struct engine_queue *queue, struct group *group);
void queue_publish(struct engine_queue *queue); /* numbers into the counters */

/* ---- run.c ---- */

/* True if what is sent to the group now does not go to memory. */
bool group_is_deep(const struct engine *engine, const struct group *group);
void run_append(struct engine *engine, struct engine_queue *queue, struct group *group,
		const struct record_head *head, struct journal_location location);
/* Loads from the group's runs if it has little left to give. If the disk refuses they stay, and it
 * is tried again when somebody asks. */
void group_refill(struct engine *engine, struct group *group);
/* At replay: finds a message, and brings it into memory if it lies in a run. */
struct message *message_fetch(struct engine *engine, uint64_t queue, uint64_t group, uint64_t seq);
struct run *group_first_run(const struct group *group);
struct run *group_find_run(const struct group *group, uint64_t seq); /* that may hold it */
/* Copies entries, from the run's `from`-th on; returns how many, at most RUN_PEEK_MAX. */
size_t run_peek(struct engine *engine, struct run *run, size_t from, struct run_entry *out_entries,
		size_t count);
size_t run_seek(struct engine *engine, struct run *run, uint64_t seq); /* first entry behind seq */
/* Moves the run's first entry, which is this one, to where it was carried. May free the run. */
void run_carry_first(struct engine *engine, struct run *run, const struct run_entry *entry,
		     struct journal_location location);
void run_drop(struct engine *engine, struct run *run); /* with the messages in it */
void runs_step(struct engine *engine);		       /* writes indexes of sealed segments */
void run_encode(struct buf *out, const struct run *run);
/* How long an encoded run is; 0: it is none. */
size_t run_encoded_size(struct str bytes);
uint64_t run_encoded_group(const uint8_t *bytes);
uint64_t run_encoded_first_seq(const uint8_t *bytes);
void run_decode(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes);
void runs_loaded(struct engine *engine); /* after the last run_decode */

/* ---- apply.c ---- */

must_check enum err apply_record(struct engine *engine, const struct journal_record *record);
void apply_send(struct engine *engine, struct engine_queue *queue, const struct record_head *head,
		struct journal_location location);
/* A receive, as its record tells it. */
struct lease {
	int64_t received_ms, visible_ms, wall_ms;
};
void apply_lease(struct engine *engine, struct message *message, const struct lease *lease);
void apply_visibility(struct engine *engine, struct message *message, int64_t visible_ms);
void apply_give_back(struct engine *engine, struct message *message);
/* A message that was not received yet is ready, or delayed: as its record says on a standard queue,
 * as the queue says on a FIFO queue. Sets its state; it is not placed. */
void message_begin(const struct engine *engine, struct message *message, int64_t visible_ms);
/* True if the queue's delay holds a FIFO message back, whatever its state says. */
bool message_is_delayed(const struct engine *engine, const struct message *message);
/* A message's time has come: visible again. */
void message_due(struct engine *engine, struct message *message);

/* ---- command.c ---- */

void command_execute(struct engine *engine, struct queue_command *command);
/* The queue that the command is for; NULL: there is none, and the command is answered. */
struct engine_queue *command_queue(struct engine *engine, struct queue_command *command);
/* Answers when all that was appended so far is durable. */
void command_answer(struct engine *engine, struct queue_command *command, enum queue_result result);
void command_answer_now(struct queue_command *command, enum queue_result result);
uint64_t append_record(struct engine *engine, enum record_type type, uint64_t queue,
		       const struct str *parts, size_t count,
		       struct journal_location *out_location);
/* Appends a record that names these messages. */
void append_messages(struct engine *engine, enum record_type type, struct engine_queue *queue,
		     struct message *const *messages, size_t count);
/* Expires these, at most RECORD_SEQS_MAX. */
void expire_these(struct engine *engine, struct engine_queue *queue,
		  struct message *const *messages, size_t count);
void expire_messages(struct engine *engine, struct engine_queue *queue);
/* Goes on to apply a FIFO queue's changed delay; returns how many messages it looked at. */
size_t apply_delays(struct engine *engine, struct engine_queue *queue);
bool message_is_expired(const struct engine *engine, const struct message *message);

/* ---- purge.c ---- */

/* Its messages and deduplication entries are gone; the pointer is no longer the queue's. */
void purge_queue(struct engine *engine, struct engine_queue *queue);
/* It is gone. */
void purge_dropped(struct engine *engine, struct engine_queue *queue);
/* Frees a part of what is gone. */
void purge_step(struct engine *engine);
/* At replay and at the end: frees all that the queue has. */
void purge_at_once(struct engine *engine, struct engine_queue *queue);

/* ---- turn.c ---- */

void turn_begin(struct engine *engine);
void turn_spend(struct engine *engine, size_t items, size_t bytes);
bool turn_is_over(const struct engine *engine);

/* ---- engine.c ---- */

void run_timers(struct engine *engine);
void end_all_waiting(struct engine *engine, enum queue_result result);

/* ---- attempt.c ---- */

enum attempt_outcome {
	ATTEMPT_NEW,	  /* to be received as if it had no attempt */
	ATTEMPT_REPEATED, /* given again */
	ATTEMPT_OVER,	  /* some of its messages were deleted, changed or received again */
};
enum attempt_outcome attempt_repeat(struct engine *engine, struct queue_command *command,
				    struct engine_queue *queue);
void attempt_remember(struct engine *engine, const struct queue_command *command,
		      struct engine_queue *queue, int64_t visible_ms);
/* What was given back is not repeated. */
void attempt_leave_out(struct engine_queue *queue, const uint8_t key[16],
		       const struct queue_handle *handle);
void attempts_drop(struct engine_queue *queue, int64_t now_ms);
void attempt_forget(struct queue_extra *extra, struct attempt *attempt);

/* ---- receive.c ---- */

/* Fills in what the receiver gets, and pins it. */
void delivery_give(struct engine *engine, const struct message *message,
		   struct queue_delivery *out_delivery);

void receive_execute(struct engine *engine, struct queue_command *command);
void receive_end_waiting(struct engine *engine, struct queue_command *command,
			 enum queue_result result);
/* False: the turn is over, and there may be more for those that wait. */
bool receive_serve_waiting(struct engine *engine, struct engine_queue *queue);

/* ---- move.c ---- */

/* Reads a message's record into engine->scratch; the outputs point there. */
bool message_read_head(struct engine *engine, struct message *message, struct record_head *out_head,
		       struct str *out_payload);

/* Moves a dead letter; false if the bytes cannot be read (the message says so from then on) or
 * there is no room. */
bool move_dead(struct engine *engine, struct message *message, struct engine_queue *to);
void redrive_execute(struct engine *engine, struct queue_command *command);

/* ---- browse.c ---- */

void browse_execute(struct engine *engine, struct queue_command *command);
void browse_step(struct engine *engine);
void browse_end_all(struct engine *engine, enum queue_result result);
/* Before a message goes: it is not shown. */
void browse_leave_out(struct engine *engine, const struct message *message);
/* Before a message or run of that link in its queue goes. */
void browse_forget(struct engine *engine, const struct list *link);
void browse_forget_queue(struct engine *engine, const struct engine_queue *queue);

/* ---- checkpoint.c, compact.c ---- */

void checkpoint_begin(struct engine *engine);
/* A turn's part of it; true when all is encoded. */
bool checkpoint_step(struct engine *engine);
/* Before a change of the message or the run: they are encoded as they are. */
void checkpoint_keep_message(struct engine *engine, struct message *message);
void checkpoint_keep_run(struct engine *engine, struct run *run);
/* Before these are freed. */
void checkpoint_forget_message(struct engine *engine, const struct message *message);
void checkpoint_forget_run(struct engine *engine, const struct run *run);
void checkpoint_forget_queue(struct engine *engine, const struct engine_queue *queue);
must_check enum err checkpoint_decode(void *context, struct str checkpoint);
void compact_step(struct engine *engine);

#endif
