/* SPDX-License-Identifier: MIT */
/*
 * obligation_record: an obligation as it is stored in an internal queue of the engine.
 *
 * An obligation is a delivery that outlives the request that caused it (src/deliver). The code that
 * acknowledges a publish stores its obligations with target_deliver (core/target.h), in the command
 * that sends to local queues; core/obligation.h delivers them. The stored bytes are sealed under
 * the number of the internal queue.
 */
#ifndef TERN_CORE_OBLIGATION_RECORD_H
#define TERN_CORE_OBLIGATION_RECORD_H

#include "core/core.h"

/* Kinds, as numbers on disk: add at the end. The service that owns a kind lists it in its module
 * (core/service.h). */
enum obligation_number {
	OBLIGATION_TEST = 1, /* of unit tests */
	OBLIGATION_SNS_HTTP,
	OBLIGATION_SNS_MAIL,
	OBLIGATION_SNS_WEBHOOK,
	OBLIGATION_SNS_TARGET,
	OBLIGATION_EVENTS_TARGET,
	OBLIGATION_EVENTS_API, /* API destinations */
	OBLIGATION_SCHEDULER_TARGET,
	OBLIGATION_PIPES_TARGET,
	OBLIGATION_CLOUDWATCH_ALARM, /* actions and events of alarms */
	OBLIGATION_EVENTS_INVOKE,    /* API destinations, never stored */
	OBLIGATION_NUMBERS,
};

/* The end of an attempt. */
enum obligation_end {
	OBLIGATION_END_DELIVERED,
	OBLIGATION_END_RETRIED,
	OBLIGATION_END_GIVEN_UP,    /* there is no dead-letter target */
	OBLIGATION_END_DEAD_LETTER, /* its dead letter was delivered */
	OBLIGATION_END_DROPPED,
	OBLIGATION_ENDS,
};

struct obligation {
	enum obligation_number kind;
	/* Of the payload that it belongs to (struct target_delivery): it is stored in the command
	 * of the payloads with that index. */
	size_t index;
	struct str account; /* owner of the source; accounts and sources take turns */
	struct str source;  /* ARN of the subscription, rule, schedule: for people, and fairness */
	/* Attempts to the same endpoint share a circuit and a bound, and are listed together:
	 * "https://host:port" or an ARN. */
	struct str endpoint;
	/*
	 * Not 0: obligations with the same hash are attempted one after the other, in the order in
	 * which they were stored: the FIFO group of a subscription. They are delivered one by one,
	 * so use it only where order is promised.
	 */
	uint64_t order;
	int64_t delay_ms; /* of the first attempt; not with `order`; at most 15 minutes */
	/* The kind's: small, names the subscription or rule by id. */
	struct str bytes;
	/* Common to several obligations of one publish, such as the message; stored once where
	 * possible. */
	struct str shared;

	/* out */
	bool is_stored;
};

/* Why the last attempt failed, as stored with an obligation that was written anew. */
struct obligation_failure {
	struct str code; /* "SERVER_ERROR", "AWS.SimpleQueueService.NonExistentQueue" */
	struct str text; /* one English sentence or phrase */
	int status;	 /* of an HTTP answer; 0: none */
};

/* The contents of a message of an obligation queue. */
struct obligation_record {
	uint8_t kind;	     /* of enum obligation_number, or of a newer version */
	bool is_dead_letter; /* attempts are over; its dead letter is owed */
	uint32_t attempts;   /* that the receive count does not have */
	int64_t since_ms;    /* wall time of the first */
	uint64_t order;
	struct str account, source, endpoint, bytes, shared;
	struct obligation_failure failure; /* code.data NULL: none yet */
};

struct obligation_record obligation_record_of(const struct obligation *obligation, int64_t now_ms);
/* In the arena. */
struct str obligation_record_encode(struct arena *arena, const struct obligation_record *record);
/* Views into `bytes`. ERR_DAMAGED. */
must_check enum err obligation_record_decode(struct str bytes, struct obligation_record *out);

/* The queues of the engine at that place (core/engines.h): one without and one with order. */
uint64_t obligation_queue(const struct core *core, uint32_t place, bool is_ordered);
bool obligation_queue_is_ordered(const struct core *core, uint64_t queue);
/* The same queues of all engines, numbered from 0; the first engine's are 0 and, with order, 1. */
uint32_t obligation_queue_count(const struct core *core);
uint64_t obligation_queue_at(const struct core *core, uint32_t index);
uint32_t obligation_queue_index(const struct core *core, uint64_t queue);
/*
 * The target of a fan-out that stores the record in a queue of the engine at that place, sealed;
 * its bytes are in the arena.
 */
struct queue_target obligation_record_target(const struct core *core, struct arena *arena,
					     uint32_t place, const struct obligation_record *record,
					     int64_t delay_ms);

#endif
