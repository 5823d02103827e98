/* SPDX-License-Identifier: MIT */
/*
 * queue: the queue engine, a single-threaded state machine over the journal.
 *
 * Knows no AWS and no HTTP: queues are numbers, payloads are bytes, groups and deduplication keys
 * are hashes, time comes with each step. Times are of the time base (base/clock.h), which never
 * goes back, unless they are called wall time. Commands arrive by mailbox from any thread and are
 * answered by their done function on the engine's thread, after their records are durable. Same
 * commands, same times, same work order: same state.
 *
 * Two kinds of queue. Standard: arrival order as far as possible; a returned message is served
 * before messages that were never received; from its third return on, behind all others. FIFO:
 * order within a group; no message of a group is delivered while an earlier one is invisible. A
 * standard queue whose messages carry groups is fair: groups that hold more than a tenth of the
 * messages in flight and at least 30 are served only when no other group has one, the one with
 * fewest in flight first.
 *
 * An archive is a queue of its own kind (numbers.h): its messages are never received, only browsed,
 * also from a time on, and leave it by retention, purge or drop. All of them are one group by
 * arrival; delays do not count.
 *
 * Memory: a message that was never received and lies deep in its group's backlog has no entry in
 * memory, only its share of an extent (those of one group in one segment). It counts as visible; in
 * a FIFO queue also while its delay is not over. An archive has only such messages.
 */
#ifndef TERN_QUEUE_QUEUE_H
#define TERN_QUEUE_QUEUE_H

#include "base/base.h"
#include "journal/journal.h"
#include "queue/numbers.h"

struct engine;

/* ---- numbers that others read while the engine runs ---- */

/* Counters of a queue; the caller that defines the queue allocates them, and they outlive it.
 * Written by the engine, relaxed. */
struct queue_counters {
	_Atomic int64_t visible, in_flight, delayed;
	_Atomic int64_t oldest_since_ms; /* of messages not deleted, approximate; 0 when empty */
	_Atomic int64_t sent, received, deleted, empty_receives, deduplicated, moved_in, moved_out,
		expired;
	_Atomic int64_t sent_bytes;
	_Atomic int64_t kept_bytes; /* of an archive: of its records, with shared payloads */
	_Atomic int64_t groups_in_flight;
};

/* ---- commands ---- */

/* About 146 million years; times to which it is added do not overflow. */
#define QUEUE_RETENTION_UNLIMITED (INT64_MAX / 2)

struct queue_settings {
	bool is_fifo;
	/* Standard: of messages that are sent from now on without their own delay. FIFO: of all
	 * messages that were not received yet, counted from their arrival. */
	int64_t delay_ms;
	int64_t visibility_ms;
	int64_t retention_ms;
	uint64_t dead_letter; /* queue that takes a message received max_receive_count times; 0:
				 none */
	uint32_t max_receive_count;
	bool dedup_per_group; /* FIFO: the same deduplication id in another group is no duplicate */
	struct str label;     /* opaque, at most 255 bytes; messages moved from this queue get it */
};

enum queue_result {
	QUEUE_OK = 0,
	QUEUE_NOT_FOUND,	/* no such queue */
	QUEUE_MESSAGE_GONE,	/* deleted, expired or purged; a delete of it is no error to AWS */
	QUEUE_HANDLE_EXPIRED,	/* FIFO: the visibility timeout of this receive is over */
	QUEUE_ATTEMPT_OVER,	/* a repeated attempt, and not all of its messages are as it left
				   them */
	QUEUE_VISIBILITY_LIMIT, /* more than 12 hours since the receive */
	QUEUE_OVER_LIMIT,	/* LIMIT_INFLIGHT_MESSAGES, standard queue, no wait */
	QUEUE_DISK_FULL,	/* no room for the command; deletions may use the last reserve */
	QUEUE_OUT_OF_ORDER, /* the number of a fan-out's gate is not higher than an earlier one */
	QUEUE_TOO_LARGE, /* a fan-out of more than LIMIT_FANOUT_SIZE, or than fits into a segment */
	QUEUE_FAILED,	 /* the journal has failed: the engine acknowledges no further command */
	QUEUE_STOPPING,
};

enum queue_command_type {
	QUEUE_DEFINE, /* makes a queue or changes its settings */
	QUEUE_DROP,   /* removes a queue and its messages; waiting receives end with QUEUE_NOT_FOUND
		       */
	QUEUE_PURGE,  /* removes its messages and its deduplication window */
	QUEUE_SEND,
	QUEUE_FANOUT, /* sends to several queues, all or none; may delete the message it answers */
	QUEUE_RECEIVE,
	QUEUE_DELETE,
	QUEUE_VISIBILITY,
	QUEUE_GIVE_BACK,  /* cancels receives: the messages are visible at once and the receives do
			     not count. Standard: behind the others */
	QUEUE_REDRIVE,	  /* moves visible messages to another queue or back to their sources */
	QUEUE_BROWSE,	  /* reads messages without receiving them */
	QUEUE_CANCEL,	  /* ends a waiting receive at once, without messages */
	QUEUE_TICK,	  /* handles due timers and answers; for the test clock */
	QUEUE_CHECKPOINT, /* answers when a checkpoint taken after its arrival is durable */
};

struct queue_send {
	/* in */
	uint8_t id[16];	    /* message id */
	struct str payload; /* copied into the batch */
	uint64_t group;	    /* hash of the group; 0: none. Never 0 on a FIFO queue */
	bool has_dedup;	    /* FIFO only */
	uint8_t dedup[16];  /* hash of the deduplication id */
	bool has_delay;	    /* standard only */
	int64_t delay_ms;
	/* out */
	enum queue_result result;
	bool is_duplicate; /* then id and seq are those of the first */
	uint64_t seq;	   /* of the message in its queue, ascending */
};

/*
 * One queue of a fan-out. Its message is the shared payload and then its own part, or its own part
 * alone (sealed under a key of its own, or another envelope).
 */
struct queue_target {
	/* in */
	uint64_t queue;
	struct str own; /* copied into the batch */
	bool is_whole;	/* own is the whole payload */
	uint64_t group; /* as of queue_send */
	bool has_dedup;
	uint8_t dedup[16];
	bool has_delay;
	int64_t delay_ms;
	/* out */
	enum queue_result result; /* QUEUE_OK, QUEUE_NOT_FOUND */
	uint8_t id[16];		  /* queue_target_id's; of a duplicate: the first's */
	bool is_duplicate;
	uint64_t seq;
	void *found; /* the engine's */
};
/*
 * The gate of a fan-out decides for all of its targets: it remembers the deduplication ids and the
 * numbers of the fan-outs that passed, in the deduplication window of its queue and in the scope
 * that the queue's settings name. So the targets get the fan-outs of one gate in the order of their
 * numbers. Its queue is an archive. It may be a target, too; that message's seq is the number.
 */
struct queue_gate {
	/* in */
	uint64_t queue;	   /* an archive */
	uint64_t group;	   /* hash of the group, not 0 */
	uint8_t dedup[16]; /* hash of the deduplication id */
	/* in: higher than all before it, or 0: the next. Out: the fan-out's, of a duplicate the
	 * first's; with QUEUE_OUT_OF_ORDER: the least that is possible. */
	uint64_t number;
	/* out */
	bool is_duplicate; /* no target got the message */
	uint8_t id[16];	   /* of the fan-out; of a duplicate: the first's */
};

/* The message id of a target, derived from the id of the fan-out: a repeated fan-out has the same
 * ids. */
void queue_target_id(const uint8_t id[16], uint64_t queue, uint8_t out[16]);

/* The contents of a receipt handle. */
struct queue_handle {
	uint64_t queue;
	uint64_t seq;
	uint32_t receive;    /* which receive of that message, counting from 1 in this queue */
	int64_t received_ms; /* distinguishes messages that have the same seq one after the other */
};

enum queue_message_state { QUEUE_IS_VISIBLE, QUEUE_IS_IN_FLIGHT, QUEUE_IS_DELAYED };

/* A received or browsed message. Its bytes are read with queue_read_message, by any thread. */
struct queue_delivery {
	struct journal_location location; /* pinned: end with queue_delivery_done */
	bool is_shared; /* of a fan-out: reading it takes more bytes than location.size */
	struct queue_handle handle;
	uint64_t group;			/* hash, 0: none */
	uint32_t receive_count;		/* over its life, moves included */
	int64_t first_receive_ms;	/* wall time */
	enum queue_message_state state; /* browse */
	int64_t visible_at_ms;		/* browse: when it becomes visible, if it is not; wall
					   time, as exact as it is recorded */
};

struct queue_change { /* of delete, visibility and give back */
	struct queue_handle handle;
	int64_t visibility_ms; /* visibility only; 0: visible at once */
	enum queue_result result;
};

struct queue_command;
typedef void (*queue_done_fn)(struct queue_command *command);

/* Owned by the engine from submit until done is called; the caller keeps it and its pointers
 * valid. */
struct queue_command {
	struct mailbox_message mail;
	struct list link;   /* the engine's */
	uint64_t after_lsn; /* the engine's: answered when this is durable */
	enum queue_command_type type;
	uint64_t queue;
	int64_t now_ms;	    /* wall time when the server took the request: the sent time */
	queue_done_fn done; /* engine's thread; must not block */
	void *context;
	enum queue_result result;
	union {
		struct {
			struct queue_settings settings;
			struct queue_counters *counters; /* only read when the queue is new */
		} define;
		struct {
			struct queue_send *messages;
			size_t count;
		} send;
		/*
		 * All its records form one batch: after a crash all or none of them exist. Missing
		 * targets are skipped; if there are deletes and all targets are missing, nothing
		 * happens and the result is QUEUE_NOT_FOUND. If the handle of the message to delete
		 * is no longer valid, no message is sent, and the result is the handle's. If the
		 * gate says duplicate, the targets are marked as duplicates and the deletions take
		 * place. If the gate's queue is missing, the result is QUEUE_NOT_FOUND.
		 * QUEUE_DISK_FULL, QUEUE_TOO_LARGE, QUEUE_OUT_OF_ORDER: no message is sent. The
		 * time of a turn grows with the targets: about 0.3 us each.
		 */
		struct {
			uint8_t id[16];
			struct str shared; /* stored once, copied into the batch */
			struct queue_target *targets;
			size_t count;		      /* at most LIMIT_FANOUT_TARGETS */
			struct queue_handle *deletes; /* in the command's queue */
			size_t delete_count;	      /* at most LIMIT_BATCH_ENTRIES; may be 0 */
			struct queue_gate *gate;      /* NULL: none */
		} fanout;
		struct {
			uint32_t max; /* 1 to LIMIT_RECEIVE_MESSAGES */
			bool has_visibility;
			int64_t visibility_ms;
			int64_t wait_ms;     /* 0: answers at once */
			bool has_attempt;    /* FIFO: the same messages and handles again within 5
						minutes */
			uint8_t attempt[16]; /* hash of the attempt id */
			struct queue_delivery *deliveries; /* room for max */
			size_t count;			   /* out */
			struct timer wait;		   /* the engine's */
		} receive;
		struct {
			struct queue_change *changes;
			size_t count;
			bool has_attempt; /* give back: that of the receive, whose repeat leaves
					     these messages out */
			uint8_t attempt[16];
		} change; /* delete, visibility, give back */
		struct {
			uint64_t to;  /* 0: each to the queue of its label */
			uint32_t max; /* messages, at most 500; a long turn ends it earlier */
			uint64_t (*find_label)(void *context,
					       struct str label); /* 0: unknown; any thread safe */
			void *find_context;
			uint64_t random;	/* seeds the new message ids */
			uint32_t moved;		/* out */
			bool is_unknown_source; /* out: stopped at a message without a known origin,
						   or that cannot be read */
			bool is_empty;		/* out: no visible message is left */
		} redrive;
		struct {
			uint64_t from_seq; /* messages with a higher seq, ascending */
			/*
			 * Archive: no message that was sent earlier, wall time; 0: any. Compare
			 * sent_ms of the messages, too: the page may begin with messages that are
			 * about a second older. If the machine's clock was set meanwhile, earlier
			 * messages are found by the time that it shows now.
			 */
			int64_t from_ms;
			uint32_t max; /* at most 100 */
			struct queue_delivery *deliveries;
			size_t count;	   /* out */
			bool has_more;	   /* out */
			uint64_t last_seq; /* out: start of the next page, if there is more: all
					      messages of this one may be deleted meanwhile */
		} browse;
		struct queue_command *cancel;
	};
};

/* Any thread. Order of arrival is the order of execution. */
void queue_submit(struct engine *engine, struct queue_command *command);

/* ---- reading messages, any thread ---- */

struct queue_message {
	uint8_t id[16];
	int64_t sent_ms; /* wall time */
	uint64_t seq;
	uint64_t group;
	struct str origin; /* label of the queue it was moved from, or empty */
	struct str payload;
};
/* Reads into `buffer` (appended; texts point into it). ERR_DAMAGED, ERR_IO. */
must_check enum err queue_read_message(struct engine *engine, struct journal_location location,
				       struct buf *buffer, struct queue_message *out_message);
/* The same, but ERR_BUSY if the disk would have to be waited for. */
must_check enum err queue_read_cached_message(struct engine *engine,
					      struct journal_location location, struct buf *buffer,
					      struct queue_message *out_message);
/* Any thread: the location may become invalid from now on. */
void queue_delivery_done(struct engine *engine, const struct queue_delivery *delivery);

/* ---- running it ---- */

struct engine_options {
	struct journal_options journal;
	uint32_t hot_messages_max; /* never-received messages kept in memory over all queues */
	uint32_t window;	   /* messages of an extent loaded at a time; at least 1 */
	uint32_t turn_items;	   /* messages and commands of a turn, by kind of work; 0: 4096 */
	uint32_t turn_bytes;	   /* bytes read and written likewise; 0: 4 MiB */
	mailbox_wake_fn wake;	   /* called from any thread when the mailbox is no longer empty */
	void *wake_context;
};

/*
 * Recovers the state from `disk`. Queues are found again with all their messages; those that no
 * QUEUE_DEFINE names before the first step after opening are kept until dropped. Errors as
 * journal_open.
 */
must_check enum err engine_open(struct disk *disk, const struct engine_options *options,
				struct engine **out_engine, struct journal_report *out_report);
/* The last time in the records, and its wall time: clock_resume continues from it. */
struct clock_mark engine_clock(const struct engine *engine);
/*
 * One turn: takes results of ended work, executes commands of the mailbox, handles timers due at
 * now_ms, wakes waiting receives, answers commands that are durable. A turn is bounded in items and
 * bytes: remaining work is due at once. A now_ms earlier than the last counts as the last. If wall
 * time has moved against it, the engine records the difference for the next start.
 */
void engine_step(struct engine *engine, int64_t now_ms, int64_t wall_ms);
/* Time of the next needed step without a command or ended work; INT64_MAX: none. Engine's
 * thread. */
int64_t engine_due_ms(const struct engine *engine);
/* As journal_work_begin and journal_work_end, for the thread that runs the work. Engine's thread.
 */
struct journal_work *engine_work_begin(struct engine *engine, enum journal_lane lane);
void engine_work_end(struct engine *engine, struct journal_work *work);
/* As journal_commit_descriptor. */
int engine_commit_descriptor(const struct engine *engine);
/* Answers waiting receives empty, refuses new commands with QUEUE_STOPPING. The caller continues to
 * step until engine_is_idle. */
void engine_stop(struct engine *engine);
bool engine_is_idle(
	const struct engine *engine); /* no command unanswered, no work out, all durable */
/* Unanswered commands are dropped and belong to the caller again. */
void engine_free(struct engine **engine);
/* As journal_epoch. Any thread. */
uint32_t engine_epoch(const struct engine *engine);
/*
 * Visits all queues of the engine, in no order, also those without a QUEUE_DEFINE, which stay until
 * they are dropped. Engine's thread; the visitor changes nothing.
 */
struct queue_summary {
	uint64_t number;
	bool is_defined;
	uint64_t messages;
};
typedef void (*engine_visit_fn)(void *context, const struct queue_summary *queue);
void engine_each_queue(const struct engine *engine, engine_visit_fn visit, void *context);
struct journal_stats engine_journal_stats(const struct engine *engine); /* any thread */
struct engine_stats {
	uint64_t queues, messages_in_memory, extents, waiting_receives;
};
struct engine_stats engine_stats_read(const struct engine *engine); /* any thread */

#endif
