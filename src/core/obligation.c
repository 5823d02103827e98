/* SPDX-License-Identifier: MIT */
/*
 * obligation: the handler of deliver, which decides by the kinds of services.
 *
 * Two internal queues of each engine, each with a deliver of its own: one for obligations whose
 * order does not count, and a FIFO queue. The state of an attempt is in its arena; deliver's thread
 * owns it, except while the attempt is parked, at its home, or with the outbound.
 *
 * A retry is a visibility timeout. An obligation is written anew, with its failure and its number
 * of attempts, when that is cheap and its failure is another one than before, when a hold must not
 * count as an attempt, and when its dead letter is owed. In the FIFO queue it would lose its place,
 * so there it is never written anew but for a dead letter, which leaves the order.
 */
#include "core/obligation.h"

#include <stdatomic.h>
#include <string.h>

#include "core/engines.h"
#include "core/hop.h"
#include "core/obligation_figures.h"
#include "core/service.h"
#include "deliver/deliver.h"
#include "deliver/rate.h"

#define RUNNING_MAGIC 0x474c424fu

enum {
	QUEUES_MAX = 2 * LIMIT_PARTITIONS,
	ANSWER_SIZE = 1024,
	REWRITE_SIZE_MAX = 16384, /* of what is written again to keep its failure */
	UNKNOWN_MS = 600000,	  /* a kind of a newer version, or of a service that is off */
	DEAD_LETTER_MS = 1000,	  /* first wait of a dead letter, which doubles */
	DEAD_LETTER_MS_MAX = 600000,
};

struct obligations {
	/* By queue, as obligation_queue_at has them. NULL: not started; others read figures. */
	struct deliver *_Atomic delivers[QUEUES_MAX];
	struct queue_counters counters[QUEUES_MAX];
	uint32_t queue_count;
	struct rates *rates;
	struct net_thread *homes[LIMIT_NET_THREADS];
	size_t home_count;
	_Atomic uint32_t next_home;
	const struct obligation_kind *kinds[OBLIGATION_NUMBERS];
	_Atomic uint64_t ends[OBLIGATION_NUMBERS][OBLIGATION_ENDS]; /* of attempts */
};

struct running {
	uint32_t magic;
	struct obligation_attempt attempt;
	struct obligation_record record;
	struct deliver_attempt *deliver;
	bool is_dead_letter;	   /* this attempt is that of the dead letter */
	bool is_again;		   /* prepare runs again, for the dead letter */
	enum obligation_step step; /* that ended OBLIGATION_PARKED */
	struct net_thread *home;
	struct core_hop hop;
	void (*at_home)(struct obligation_attempt *attempt);
	/* Of a delivery to a target. */
	struct target_delivery delivery;
	struct target_result result;
	enum queue_result ended;
	int64_t begin_ns;
};

static struct running *running_of(const struct obligation_attempt *attempt)
{
	struct running *running = container_of((struct obligation_attempt *)(uintptr_t)attempt,
					       struct running, attempt);

	check(running->magic == RUNNING_MAGIC);
	return running;
}

static struct running *running_at(struct core_hop *hop)
{
	struct running *running = container_of(hop, struct running, hop);

	check(running->magic == RUNNING_MAGIC);
	return running;
}

static bool is_ordered(const struct running *running)
{
	return obligation_queue_is_ordered(running->attempt.core, running->deliver->handle.queue);
}

/* ---- verdicts ---- */

static void end(struct running *running, enum obligation_end how)
{
	struct obligations *obligations = running->attempt.core->obligations;

	atomic_fetch_add_explicit(&obligations->ends[running->attempt.kind->number][how], 1,
				  memory_order_relaxed);
	if (running->attempt.kind->ended)
		running->attempt.kind->ended(&running->attempt, how);
}

static void decide(struct running *running, enum deliver_action action, int64_t wait_ms)
{
	running->deliver->verdict.action = action;
	running->deliver->verdict.wait_ms = wait_ms;
}

/* Written anew with `attempts` made; visible after wait_ms. */
static void rewrite(struct running *running, uint32_t attempts, int64_t wait_ms)
{
	struct obligation_record record = running->record;

	record.attempts = attempts;
	record.is_dead_letter = running->is_dead_letter;
	record.failure = running->attempt.failure;
	running->deliver->verdict.target = obligation_record_target(
		running->attempt.core, running->attempt.arena,
		engines_place(running->attempt.core, running->deliver->handle.queue), &record,
		wait_ms);
	decide(running, DELIVER_REPLACE, wait_ms);
}

static int64_t at_least_one(int64_t ms)
{
	return ms > 0 ? ms : 1;
}

/* The attempt does not count; in the FIFO queue it does. */
static void hold(struct running *running, int64_t wait_ms)
{
	uint32_t attempts = running->attempt.attempts;

	if (running->record.is_dead_letter || (is_ordered(running) && !running->is_dead_letter))
		decide(running, DELIVER_RETRY, at_least_one(wait_ms));
	else
		rewrite(running, running->is_dead_letter ? attempts : attempts - 1,
			at_least_one(wait_ms));
}

static bool is_same_failure(const struct obligation_failure *a, const struct obligation_failure *b)
{
	return a->status == b->status && str_equal(a->code, b->code) && str_equal(a->text, b->text);
}

static void retry(struct running *running, int64_t wait_ms)
{
	const struct obligation_record *record = &running->record;
	size_t size = record->bytes.size + record->shared.size;

	end(running, OBLIGATION_END_RETRIED);
	if (is_ordered(running) || size > REWRITE_SIZE_MAX ||
	    is_same_failure(&record->failure, &running->attempt.failure))
		decide(running, DELIVER_RETRY, at_least_one(wait_ms));
	else
		rewrite(running, running->attempt.attempts, at_least_one(wait_ms));
}

static int64_t dead_letter_wait_ms(uint32_t attempts)
{
	uint32_t doublings = attempts < 11 ? attempts - 1 : 10;
	int64_t wait_ms = (int64_t)DEAD_LETTER_MS << doublings;

	return wait_ms < DEAD_LETTER_MS_MAX ? wait_ms : DEAD_LETTER_MS_MAX;
}

static bool is_older(const struct running *running, int64_t age_ms_max)
{
	return running->attempt.now_ms - running->attempt.since_ms >= age_ms_max;
}

/* A target that refuses dead letters may be repaired: they are kept until the retention is over. */
static void retry_dead_letter(struct running *running)
{
	const struct running *r = running;

	if (is_older(r, LIMIT_DELIVER_RETENTION_MS)) {
		log_event(LOG_ERROR, "a dead letter is given up",
			  log_str("source", r->record.source),
			  log_str("target", r->attempt.target.arn),
			  log_str("error", r->attempt.failure.text));
		end(running, OBLIGATION_END_GIVEN_UP);
		decide(running, DELIVER_GIVE_UP, 0);
		return;
	}
	if (r->record.is_dead_letter)
		decide(running, DELIVER_RETRY, dead_letter_wait_ms(r->deliver->receives));
	else
		rewrite(running, r->attempt.attempts, DEAD_LETTER_MS);
}

/* Attempts are over. */
static void give_up(struct running *running)
{
	if (!running->attempt.kind->dead_letter) {
		end(running, OBLIGATION_END_GIVEN_UP);
		decide(running, DELIVER_GIVE_UP, 0);
		return;
	}
	running->is_dead_letter = true;
	running->is_again = true;
	decide(running, DELIVER_AGAIN, 0);
}

/* ---- steps ---- */

static enum deliver_step begin_target(struct running *running,
				      const struct obligation_target *target)
{
	running->deliver->is_local = true;
	running->deliver->endpoint = target->arn;
	running->ended = QUEUE_FAILED;
	running->delivery = (struct target_delivery){
		.arn = target->arn,
		.payloads = &target->payload,
		.count = 1,
		.results = &running->result,
	};
	return DELIVER_BEGIN;
}

static enum deliver_step begin_dead_letter(struct running *running)
{
	struct obligation_attempt *attempt = &running->attempt;
	const struct obligation_kind *kind = attempt->kind;

	attempt->is_to_target = true;
	if (kind->dead_letter && kind->dead_letter(attempt, &attempt->target))
		return begin_target(running, &attempt->target);
	end(running, OBLIGATION_END_GIVEN_UP);
	decide(running, DELIVER_GIVE_UP, 0);
	return DELIVER_DECIDED;
}

static enum deliver_step begin_http(struct running *running)
{
	const struct obligation_http *http = &running->attempt.http;
	struct deliver_attempt *deliver = running->deliver;

	deliver->is_local = false;
	deliver->endpoint = running->attempt.endpoint;
	deliver->url = http->url;
	deliver->method = http->method;
	deliver->headers = http->headers;
	deliver->header_count = http->header_count;
	deliver->body = http->body;
	deliver->connect_ms = http->connect_ms;
	deliver->answer_ms = http->answer_ms;
	deliver->answer_size = http->answer_size > 0 ? http->answer_size : ANSWER_SIZE;
	return DELIVER_BEGIN;
}

static int64_t age_max(const struct obligation_attempt *attempt)
{
	int64_t age_ms = attempt->age_ms_max;

	return age_ms > 0 && age_ms < LIMIT_DELIVER_RETENTION_MS ? age_ms
								 : LIMIT_DELIVER_RETENTION_MS;
}

/* False: held until its source may have another attempt. */
static bool may_begin(struct running *running)
{
	struct obligation_attempt *attempt = &running->attempt;
	uint64_t source = str_hash(attempt->source) ^ str_hash(attempt->account);
	int64_t wait_ms;

	if (rates_take(attempt->core->obligations->rates, source, attempt->rate_milli,
		       str_equal(running->record.failure.code, STR("RateLimit")), clock_base_ms(),
		       &wait_ms))
		return true;
	attempt->failure = (struct obligation_failure){
		.code = STR("RateLimit"),
		.text = STR("Its source has a limited rate, which is used up."),
	};
	hold(running, wait_ms);
	return false;
}

static enum deliver_step begin(struct running *running)
{
	struct obligation_attempt *attempt = &running->attempt;

	if (attempt->new_endpoint.data)
		attempt->endpoint = attempt->new_endpoint;
	/* It waited until it was too old. */
	if (attempt->attempts > 1 && is_older(running, age_max(attempt))) {
		running->is_dead_letter = true;
		return begin_dead_letter(running);
	}
	if (attempt->rate_milli > 0 && !may_begin(running))
		return DELIVER_DECIDED;
	check(!attempt->is_own || attempt->kind->start);
	if (attempt->is_own) {
		running->deliver->is_local = true;
		running->deliver->endpoint = attempt->endpoint;
		return DELIVER_BEGIN;
	}
	if (attempt->is_to_target)
		return begin_target(running, &attempt->target);
	return begin_http(running);
}

static enum deliver_step go_on(struct running *running, enum obligation_step step)
{
	switch (step) {
	case OBLIGATION_READY:
		return running->is_dead_letter ? begin_dead_letter(running) : begin(running);
	case OBLIGATION_PARKED:
		return DELIVER_PARKED;
	case OBLIGATION_HOLD:
		hold(running, running->attempt.hold_ms);
		return DELIVER_DECIDED;
	case OBLIGATION_FAIL:
		running->is_dead_letter = true;
		return begin_dead_letter(running);
	case OBLIGATION_DROP:
		break;
	}
	end(running, OBLIGATION_END_DROPPED);
	decide(running, DELIVER_DROP, 0);
	return DELIVER_DECIDED;
}

static const struct obligation_kind *find_kind(const struct core *core, uint8_t number)
{
	return number < OBLIGATION_NUMBERS ? core->obligations->kinds[number] : NULL;
}

static enum deliver_step begin_running(struct core *core, struct deliver_attempt *deliver,
				       const struct obligation_record *record)
{
	struct running *running = arena_new(deliver->arena, struct running);
	uint32_t receives = record->is_dead_letter ? 0 : deliver->receives;

	running->magic = RUNNING_MAGIC;
	running->ended = QUEUE_FAILED;
	running->record = *record;
	running->deliver = deliver;
	running->is_dead_letter = record->is_dead_letter;
	running->attempt = (struct obligation_attempt){
		.core = core,
		.arena = deliver->arena,
		.kind = find_kind(core, record->kind),
		.account = record->account,
		.source = record->source,
		.endpoint = record->endpoint,
		.bytes = record->bytes,
		.shared = record->shared,
		.since_ms = record->since_ms,
		.now_ms = clock_now_ms(),
		.attempts = record->attempts + receives,
		.failure = record->failure,
		.once = deliver->once ? deliver->once->context : NULL,
	};
	deliver->user = running;
	if (running->attempt.kind)
		return go_on(running, running->attempt.kind->prepare(&running->attempt));
	running->attempt.failure = (struct obligation_failure){
		.code = STR("UnknownKind"),
		.text = STR("This server has no service that delivers it."),
	};
	hold(running, UNKNOWN_MS);
	return DELIVER_DECIDED;
}

static enum deliver_step prepare(void *context, struct deliver_attempt *deliver)
{
	struct running *running = deliver->user;
	struct obligation_record record;

	/* For a dead letter, what the kind has prepared is still there. */
	if (running && running->is_again)
		return begin_dead_letter(running);
	if (running)
		return go_on(running, running->step);
	if (obligation_record_decode(deliver->bytes, &record) == ERR_OK)
		return begin_running(context, deliver, &record);
	log_event(LOG_ERROR, "an obligation is dropped", log_str("problem", STR("its record")));
	deliver->verdict.action = DELIVER_DROP;
	return DELIVER_DECIDED;
}

void obligation_continue(struct obligation_attempt *attempt, enum obligation_step step)
{
	struct running *running = running_of(attempt);

	check(step != OBLIGATION_PARKED);
	running->step = step;
	deliver_continue(running->deliver);
}

/* ---- home ---- */

struct net_thread *obligation_home(const struct obligation_attempt *attempt)
{
	return running_of(attempt)->home;
}

static void go_home(struct running *running, void (*run)(struct core_hop *hop))
{
	struct core *core = running->attempt.core;
	struct obligations *obligations = core->obligations;

	if (!running->home && obligations->home_count > 0)
		running->home = obligations->homes[atomic_fetch_add(&obligations->next_home, 1) %
						   obligations->home_count];
	running->hop.run = run;
	core_hop_to(core, running->home, &running->hop);
}

static void run_at_home(struct core_hop *hop)
{
	struct running *running = running_at(hop);

	running->at_home(&running->attempt);
}

void obligation_on_home(struct obligation_attempt *attempt,
			void (*run)(struct obligation_attempt *attempt))
{
	struct running *running = running_of(attempt);

	running->at_home = run;
	go_home(running, run_at_home);
}

/* ---- deliveries to targets ---- */

static void post_answer(struct running *running)
{
	struct deliver_answer answer = {
		.outcome = OUTBOUND_ANSWERED,
		.problem = "",
		.total_ns = clock_steady_ns() - running->begin_ns,
	};

	deliver_attempt_done(running->deliver, &answer);
}

static void on_delivered(void *context)
{
	struct running *running = context;
	struct target_result *result = &running->result;

	check(running->magic == RUNNING_MAGIC);
	result->code = arena_copy(running->attempt.arena, result->code);
	result->text = arena_copy(running->attempt.arena, result->text);
	result->id = arena_copy(running->attempt.arena, result->id);
	post_answer(running);
}

static void deliver_at_home(struct core_hop *hop)
{
	struct running *running = running_at(hop);
	struct target_send send = {
		.caller = &running->attempt.target.caller,
		.deliveries = &running->delivery,
		.count = 1,
		.ends = &running->deliver->handle,
		.out_ended = &running->ended,
	};

	target_deliver(running->attempt.core, running->home, &send, on_delivered, running);
}

static bool is_own(const struct running *running)
{
	return running->attempt.is_own && !running->is_dead_letter;
}

void obligation_answered(struct obligation_attempt *attempt)
{
	struct running *running = running_of(attempt);

	check(is_own(running));
	post_answer(running);
}

static void start(void *context, struct deliver_attempt *deliver)
{
	struct running *running = deliver->user;

	(void)context;
	check(running->magic == RUNNING_MAGIC);
	running->begin_ns = clock_steady_ns();
	if (is_own(running))
		running->attempt.kind->start(&running->attempt);
	else
		go_home(running, deliver_at_home);
}

/* ---- answers ---- */

static enum obligation_result classify_target(const struct target_result *result)
{
	return result->outcome == TARGET_DELIVERED ? OBLIGATION_DONE
	       : result->outcome == TARGET_RETRY   ? OBLIGATION_RETRY
						   : OBLIGATION_REFUSED;
}

static enum obligation_result classify_http(const struct obligation_answer *answer)
{
	if (answer->outcome != OUTBOUND_ANSWERED)
		return OBLIGATION_RETRY;
	if (answer->status >= 200 && answer->status < 300)
		return OBLIGATION_DONE;
	if (answer->status >= 400 && answer->status < 500 && answer->status != 408 &&
	    answer->status != 429)
		return OBLIGATION_REFUSED;
	return OBLIGATION_RETRY;
}

static enum obligation_result classify(struct obligation_attempt *attempt)
{
	if (attempt->kind->classify)
		return attempt->kind->classify(attempt);
	return attempt->is_to_target || attempt->is_own ? classify_target(&attempt->answer.target)
							: classify_http(&attempt->answer);
}

static struct obligation_failure failure_of(const struct running *running)
{
	const struct obligation_answer *answer = &running->attempt.answer;

	if (is_own(running) && !answer->target.code.data)
		return running->attempt.failure;
	if (running->attempt.is_to_target || running->attempt.is_own)
		return (struct obligation_failure){.code = answer->target.code,
						   .text = answer->target.text};
	if (answer->outcome != OUTBOUND_ANSWERED)
		return (struct obligation_failure){
			.code = STR("ConnectionError"),
			.text = str_from(running->deliver->answer.problem)};
	return (struct obligation_failure){
		.code = arena_format(running->attempt.arena, "HTTP%d", answer->status),
		.text = arena_format(running->attempt.arena, "The endpoint answered with %d.",
				     answer->status),
		.status = answer->status,
	};
}

static void conclude_attempt(struct running *running)
{
	struct obligation_attempt *attempt = &running->attempt;

	enum obligation_result result = classify(attempt);
	if (result != OBLIGATION_DONE)
		attempt->failure = failure_of(running);
	/* An answer that refuses shows that the endpoint works. */
	running->deliver->verdict.has_failed = result == OBLIGATION_RETRY;
	if (result == OBLIGATION_DONE) {
		end(running, OBLIGATION_END_DELIVERED);
		decide(running, running->ended == QUEUE_OK ? DELIVER_ENDED : DELIVER_DONE, 0);
		return;
	}
	int64_t wait_ms = -1;
	if (result == OBLIGATION_RETRY && !is_older(running, age_max(attempt)))
		wait_ms = attempt->kind->retry_ms(attempt);
	if (wait_ms >= 0)
		retry(running, wait_ms);
	else
		give_up(running);
}

static void conclude_dead_letter(struct running *running)
{
	running->deliver->verdict.has_failed = running->result.outcome == TARGET_RETRY;
	if (running->result.outcome == TARGET_DELIVERED) {
		end(running, OBLIGATION_END_DEAD_LETTER);
		decide(running, running->ended == QUEUE_OK ? DELIVER_ENDED : DELIVER_DONE, 0);
		return;
	}
	retry_dead_letter(running);
}

static void conclude(void *context, struct deliver_attempt *deliver)
{
	struct running *running = deliver->user;
	const struct deliver_answer *answer = &deliver->answer;

	(void)context;
	check(running->magic == RUNNING_MAGIC);
	deliver->verdict = (struct deliver_verdict){0};
	/* It was not made, and counts: a dead endpoint does not delay the schedule's end. */
	if (answer->is_circuit_open)
		running->result = (struct target_result){.outcome = TARGET_RETRY,
							 .code = STR("CircuitOpen"),
							 .text = str_from(answer->problem)};
	if (!is_own(running) || answer->is_circuit_open)
		running->attempt.answer = (struct obligation_answer){
			.outcome = answer->outcome,
			.status = answer->status,
			.body = answer->body,
			.target = running->result,
			.duration_ms = answer->total_ns / 1000000,
		};
	/* Its visibility was over, and another attempt has it. */
	if (running->ended == QUEUE_MESSAGE_GONE || running->ended == QUEUE_HANDLE_EXPIRED)
		decide(running, DELIVER_ENDED, 0);
	else if (running->is_dead_letter)
		conclude_dead_letter(running);
	else
		conclude_attempt(running);
}

static void release(void *context, struct deliver_attempt *deliver)
{
	struct running *running = deliver->user;

	(void)context;
	if (running && running->attempt.kind && running->attempt.kind->release)
		running->attempt.kind->release(&running->attempt);
}

/* ---- attempts that are not stored ---- */

const struct obligation_attempt *obligation_attempt_of(const struct deliver_attempt *deliver)
{
	const struct running *running = deliver->user;

	return running ? &running->attempt : NULL;
}

struct deliver *obligations_deliver(const struct core *core)
{
	return atomic_load(&core->obligations->delivers[0]);
}

/* ---- beginning and end ---- */

static void add_kind(void *context, const struct obligation_kind *kind)
{
	struct obligations *obligations = context;

	check(kind->number > 0);
	check(kind->number < OBLIGATION_NUMBERS);
	check(!obligations->kinds[kind->number]);
	check(kind->prepare);
	check(kind->retry_ms);
	obligations->kinds[kind->number] = kind;
}

enum err obligations_open(struct core *core)
{
	struct obligations *obligations = heap_alloc(sizeof(*obligations));

	check(!core->obligations);
	core->obligations = obligations;
	obligations->rates = rates_new();
	obligations->queue_count = obligation_queue_count(core);
	services_each_obligation(core, add_kind, obligations);
	for (uint32_t i = 0; i < obligations->queue_count; i++) {
		struct queue_command command = {.type = QUEUE_DEFINE,
						.queue = obligation_queue_at(core, i)};
		command.define.settings = deliver_queue_settings(i % 2);
		command.define.counters = &obligations->counters[i];
		core_submit_and_wait(core, &command);
		if (command.result != QUEUE_OK)
			return ERR_IO;
	}
	return ERR_OK;
}

void obligations_start(struct core *core, struct outbound *outbound,
		       struct net_thread *const *homes, size_t home_count)
{
	static const struct deliver_handler handler = {prepare, start, conclude, release};
	struct obligations *obligations = core->obligations;

	check(home_count <= LIMIT_NET_THREADS);
	if (home_count > 0)
		memcpy(obligations->homes, homes, home_count * sizeof(homes[0]));
	obligations->home_count = home_count;
	for (uint32_t i = 0; i < obligations->queue_count; i++) {
		struct deliver_options options = {
			.engine = engine_of(core, obligation_queue_at(core, i)),
			.seal = core->seal,
			.outbound = outbound,
			.queue = obligation_queue_at(core, i),
			.handler = &handler,
			.context = core,
			.items_max = LIMIT_DELIVER_ITEMS / core->engine_count,
			.bytes_max = LIMIT_DELIVER_BYTES / core->engine_count,
		};
		atomic_store(&obligations->delivers[i], deliver_new(&options));
	}
}

void obligations_stop(struct core *core, int64_t grace_ms)
{
	int64_t end_ms = clock_steady_ns() / 1000000 + grace_ms;

	if (!core->obligations)
		return;
	for (uint32_t i = 0; i < core->obligations->queue_count; i++) {
		int64_t left_ms = end_ms - clock_steady_ns() / 1000000;
		struct deliver *deliver = atomic_load(&core->obligations->delivers[i]);
		if (deliver)
			deliver_stop(deliver, left_ms > 0 ? left_ms : 0);
	}
}

void obligations_close(struct core *core)
{
	if (!core->obligations)
		return;
	for (uint32_t i = 0; i < core->obligations->queue_count; i++) {
		struct deliver *deliver = atomic_load(&core->obligations->delivers[i]);
		deliver_free(&deliver);
	}
	rates_free(&core->obligations->rates);
	heap_free(core->obligations);
	core->obligations = NULL;
}

void obligations_forgive(struct core *core, struct str endpoint)
{
	for (uint32_t i = 0; i < core->obligations->queue_count; i++) {
		struct deliver *deliver = atomic_load(&core->obligations->delivers[i]);
		if (deliver)
			deliver_forgive(deliver, endpoint);
	}
}

const char *obligations_kind_name(const struct core *core, uint8_t number)
{
	const struct obligation_kind *kind = find_kind(core, number);

	return kind ? kind->name : "unknown";
}

void obligations_metrics(const struct core *core, struct buf *out)
{
	const struct obligations *obligations = core->obligations;
	struct obligation_figures figures = {
		.counters = obligations->counters,
		.queue_count = obligations->queue_count,
	};

	obligations_stats(core, &figures.stats);
	for (size_t i = 0; i < OBLIGATION_NUMBERS; i++) {
		figures.names[i] = obligations->kinds[i] ? obligations->kinds[i]->name : NULL;
		figures.ends[i] = obligations->ends[i];
	}
	obligation_figures_write(&figures, out);
}

static void add_stats(struct deliver_stats *sum, const struct deliver_stats *more)
{
	sum->attempts += more->attempts;
	sum->done += more->done;
	sum->retried += more->retried;
	sum->replaced += more->replaced;
	sum->refused_by_circuit += more->refused_by_circuit;
	sum->given_up += more->given_up;
	sum->dropped += more->dropped;
	sum->items += more->items;
	sum->bytes += more->bytes;
	sum->endpoints += more->endpoints;
	sum->open_circuits += more->open_circuits;
	sum->receives += more->receives;
}

void obligations_stats(const struct core *core, struct deliver_stats *out)
{
	*out = (struct deliver_stats){0};
	for (uint32_t i = 0; core->obligations && i < core->obligations->queue_count; i++) {
		struct deliver *deliver = atomic_load(&core->obligations->delivers[i]);
		struct deliver_stats stats;
		if (!deliver)
			continue;
		deliver_stats_read(deliver, &stats);
		add_stats(out, &stats);
	}
}
