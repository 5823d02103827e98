/* SPDX-License-Identifier: MIT */
/* sim_private: shared by the files of the simulator. */
#ifndef TERN_QUEUE_SIM_SIM_PRIVATE_H
#define TERN_QUEUE_SIM_SIM_PRIVATE_H

#include "journal/disk_memory.h"
#include "queue/sim/model.h"
#include "queue/sim/sim.h"
#include "queue/state.h"

enum { HANDLES = 64, ATTEMPTS = 5, BATCH = 3 };

struct sim {
	struct model model;
	struct prng prng;
	size_t step;
	struct disk *disk;
	struct engine *engine;
	struct engine_options options;
	struct queue_counters counters[SLOTS], archive_counters;
	struct queue_handle handles[HANDLES];
	size_t handle_messages[HANDLES], handle_count;
	struct list outstanding;
	struct journal_work *work[2];
	bool is_started[2];	/* the work continues without the simulator */
	int64_t now_ms;		/* the time base, as the engine is to have it */
	int64_t wall_offset_ms; /* wall time less the time base; changes when the clock is set */
	int64_t full_until_ms;
	bool has_faults;   /* an opening may fail */
	uint64_t size_max; /* of payloads */
	uint64_t answers;  /* hash of all of them, in order */
	uint64_t orders;
	struct {
		bool is_answered, has_failed, has_more;
		uint64_t last_seq;
	} page; /* of the audit */
	struct totals *totals;
};

struct order {
	struct queue_command command;
	struct list link;
	struct sim *sim;
	size_t slot, count, key, gate_key, message_count;
	size_t messages[BATCH];
	bool was_certain, is_drop, is_audit;
	uint8_t attempt;
	uint64_t serial;
	int64_t now_ms, latest_ms, visible_ms, visibility_ms;
	int64_t from_ms, wall_offset_ms; /* of a page of the archive; 0: from any time */
	struct queue_send sends[BATCH];
	struct queue_change change;
	struct queue_delivery deliveries[100];
	char payloads[BATCH][PAYLOAD_MAX];
	struct fanout *fanout; /* owned, or NULL */
};

/* The rest of an order that is a fan-out: one target a slot, the archive, and one that is not
 * there. */
struct fanout {
	struct queue_target targets[SLOTS + 2];
	size_t messages[SLOTS + 2]; /* of each; SIZE_MAX: none */
	struct queue_gate gate;
	uint64_t gate_number; /* that it asked for */
	char shared_payload[PAYLOAD_MAX];
	struct queue_handle handle; /* of the message that it deletes */
	bool deletes;
	char payloads[SLOTS][PAYLOAD_MAX];
};

/* Ends the process with a report if there is a violation. */
void sim_judge(struct sim *sim);
void sim_violate(struct sim *sim, const char *what);
void sim_mix(struct sim *sim, uint64_t value); /* into the hash of answers */
int64_t sim_wall_ms(const struct sim *sim);
uint64_t sim_below(struct sim *sim, uint64_t limit); /* by chance */
void sim_turn(struct sim *sim, bool is_hasty);
/* The disk has crashed, or the journal has failed. */
bool sim_is_broken(const struct sim *sim);

/* ---- orders.c: commands; each is answered by order_answered ---- */

struct order *order_new(struct sim *sim, enum queue_command_type type, size_t slot);
size_t order_some_handle(struct sim *sim);
void order_define(struct sim *sim, size_t slot);
void order_change_delay(struct sim *sim);
void order_send(struct sim *sim);
void order_fan_out(struct sim *sim);
/* To the slots of that mask, and deletes the message of that handle. */
void order_answer_by(struct sim *sim, size_t place, uint32_t slots);
void order_receive(struct sim *sim, size_t slot);
void order_delete(struct sim *sim, size_t place);
void order_set_visibility(struct sim *sim, size_t place);
void order_give_back(struct sim *sim, size_t place);
void order_purge_or_drop(struct sim *sim);
void order_redrive(struct sim *sim);
void order_browse(struct sim *sim);
void order_free(struct order *order);

/* ---- archive.c ---- */

bool archive_is_target(const struct queue_target *target);
void archive_define(struct sim *sim);
/* The fan-out goes through the gate and to its archive. */
void archive_join(struct sim *sim, struct order *order, size_t first, size_t shared_size);
void archive_browse(struct sim *sim);
void archive_answered(struct sim *sim, const struct order *order, size_t first);
void archive_lost(struct sim *sim, const struct order *order); /* without an answer */
void archive_page(struct sim *sim, const struct order *order);

/* ---- obligation.c: as src/deliver treats obligations ---- */

void obligation_act(struct sim *sim);

/* ---- audit.c ---- */

void audit_run(struct sim *sim);
void audit_page(struct sim *sim, const struct order *order);

/* ---- answers.c ---- */

void order_answered(struct queue_command *command);
/* A fan-out without an answer. */
void fanout_lost(struct sim *sim, const struct order *order);

#endif
