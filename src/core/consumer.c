/* SPDX-License-Identifier: MIT */
/*
 * consumer: one receive at a time fills the batch that is gathering; batches run beside it.
 *
 * All work of a consumer happens on its home. Others reach it by a hop: its beginning, its stop,
 * and the end of a pause after a refused receive, which is the only timer. A consumer that stops
 * is freed when nothing of it is in progress; what a timer still holds is freed at the end.
 */
#include "core/consumer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/arn.h"
#include "core/hop.h"
#include "core/service.h"

#define CONSUMER_MAGIC 0x534e4f43u
#define BATCH_MAGIC 0x48435442u

enum {
	WAIT_SECONDS = 20,
	PAUSE_MS = 1000, /* after a refused receive; doubles */
	PAUSE_MS_MAX = 60000,
	REMOVE_ATTEMPTS = 3,
};

struct consumers {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	struct list list; /* under the mutex, as the next three */
	bool is_started, is_stopping;
	uint64_t busy; /* consumers with work in progress, or that have not seen their stop */
	struct net_thread *homes[LIMIT_NET_THREADS];
	size_t home_count;
	_Atomic uint32_t next_home;
	_Atomic uint64_t count, batches, bytes, received, deleted, kept;
};

struct consumer {
	uint32_t magic;
	struct core *core;
	struct list link;
	struct net_thread *home;
	struct arena arena; /* of the texts of options */
	struct consumer_options options;
	struct internal_caller caller;
	const struct source_provider *provider;
	struct core_hop begin_hop, stop_hop, wake_hop;
	struct core_task pause;
	int64_t pause_ms;
	struct batch *gathering; /* NULL: none */
	struct list batches;	 /* others */
	struct internal_request *receive;
	uint32_t running; /* batches that are no longer gathering */
	bool is_receiving, is_pausing, is_stopping;
	bool has_problem;	 /* reported */
	bool has_delete_problem; /* messages cannot be deleted */
	bool is_stop_posted;	 /* under the mutex of consumers */
	bool is_busy;		 /* likewise */
};

struct batch {
	uint32_t magic;
	struct list link; /* in consumer->batches, while it is not gathering */
	struct consumer_batch shown;
	struct consumer *consumer;
	struct arena arena;
	size_t room;
	size_t bytes;	   /* of bodies */
	size_t counted;	   /* bytes in consumers->bytes */
	int64_t window_ms; /* base time at which the window ends */
	size_t place;	   /* of the next message to open or delete */
	uint32_t attempts; /* to delete that part */
	struct source_receipts receipts;
	size_t places[LIMIT_BATCH_ENTRIES];
};

static void go_on(struct consumer *consumer);
static void remove_more(struct batch *batch);

const struct source_provider *source_find(const struct core *core, struct str arn)
{
	struct arn parsed;

	return arn_parse(arn, &parsed) ? services_find_source(core, parsed.service) : NULL;
}

/* ---- batches ---- */

static struct batch *batch_new(struct consumer *consumer)
{
	struct batch *batch = heap_alloc(sizeof(*batch));
	uint32_t size = consumer->options.batch_size;

	batch->magic = BATCH_MAGIC;
	batch->consumer = consumer;
	arena_init(&batch->arena);
	/* Most batches of a large size are small. */
	batch->room = size < LIMIT_RECEIVE_MESSAGES ? size : LIMIT_RECEIVE_MESSAGES;
	batch->shown = (struct consumer_batch){
		.core = consumer->core,
		.home = consumer->home,
		.consumer = consumer,
		.context = consumer->options.context,
		.arena = &batch->arena,
		.messages = arena_array(&batch->arena, struct consumer_message, batch->room),
	};
	return batch;
}

static void batch_free(struct batch *batch)
{
	struct consumers *consumers = batch->consumer->core->consumers;

	atomic_fetch_sub_explicit(&consumers->bytes, batch->counted, memory_order_relaxed);
	batch->magic = 0;
	if (list_is_linked(&batch->link))
		list_remove(&batch->link);
	arena_done(&batch->arena);
	heap_free(batch);
}

static void batch_add(struct batch *batch, const struct consumer_message *message)
{
	struct consumer_batch *shown = &batch->shown;
	size_t size = message->source.body.size;

	if (shown->count == batch->room) {
		struct consumer_message *more =
			arena_array(&batch->arena, struct consumer_message, 2 * batch->room);
		memcpy(more, shown->messages, shown->count * sizeof(*more));
		shown->messages = more;
		batch->room *= 2;
	}
	shown->messages[shown->count++] = *message;
	batch->bytes += size;
	batch->counted += size;
	atomic_fetch_add_explicit(&batch->consumer->core->consumers->bytes, size,
				  memory_order_relaxed);
}

static void batch_run(struct batch *batch)
{
	struct consumers *consumers = batch->consumer->core->consumers;

	atomic_fetch_add_explicit(&consumers->batches, 1, memory_order_relaxed);
	batch->consumer->options.handler->run(&batch->shown);
}

static void batch_end(struct batch *batch)
{
	struct consumer *consumer = batch->consumer;

	batch_free(batch);
	check(consumer->running > 0);
	consumer->running--;
	go_on(consumer);
}

/* ---- problems ---- */

static void report(struct consumer *consumer, struct str problem)
{
	if (!problem.data && !consumer->has_problem)
		return;
	consumer->has_problem = problem.data != NULL;
	if (consumer->options.handler->report)
		consumer->options.handler->report(consumer->options.context, problem);
}

static void wake(struct core_hop *hop)
{
	struct consumer *consumer = container_of(hop, struct consumer, wake_hop);

	consumer->is_pausing = false;
	go_on(consumer);
}

static void on_pause_over(struct core *core, struct core_task *task)
{
	struct consumer *consumer = container_of(task, struct consumer, pause);

	consumer->wake_hop.run = wake;
	core_hop_to(core, consumer->home, &consumer->wake_hop);
}

static void pause_for_a_while(struct consumer *consumer)
{
	if (consumer->is_pausing)
		return;
	int64_t wait_ms = consumer->pause_ms > 0 ? consumer->pause_ms : PAUSE_MS;

	consumer->pause_ms = 2 * wait_ms < PAUSE_MS_MAX ? 2 * wait_ms : PAUSE_MS_MAX;
	consumer->is_pausing = true;
	consumer->pause = (struct core_task){.run = on_pause_over};
	core_post_control_at(consumer->core, &consumer->pause, clock_base_ms() + wait_ms);
}

/* While messages cannot be deleted, more are received only now and then. */
static void note_delete(struct consumer *consumer, const struct internal_answer *answer)
{
	consumer->has_delete_problem = answer->result != ERR_OK;
	report(consumer, consumer->has_delete_problem ? answer->fault_text : (struct str){0});
	if (consumer->has_delete_problem && !consumer->is_stopping)
		pause_for_a_while(consumer);
}

/* ---- deleting, and opening handles ---- */

/* Collects the next messages with that outcome, from batch->place on. False: there are none. */
static bool collect(struct batch *batch, enum consumer_outcome outcome)
{
	struct source_receipts *receipts = &batch->receipts;
	struct str *texts = arena_array(&batch->arena, struct str, LIMIT_BATCH_ENTRIES);

	*receipts =
		(struct source_receipts){.arn = batch->consumer->options.source, .receipts = texts};
	for (; batch->place < batch->shown.count && receipts->count < LIMIT_BATCH_ENTRIES;
	     batch->place++) {
		const struct consumer_message *message = &batch->shown.messages[batch->place];

		if (message->outcome != outcome)
			continue;
		batch->places[receipts->count] = batch->place;
		texts[receipts->count++] = message->source.receipt;
	}
	receipts->is_done = arena_array(&batch->arena, bool, LIMIT_BATCH_ENTRIES);
	receipts->handles = arena_array(&batch->arena, struct queue_handle, LIMIT_BATCH_ENTRIES);
	return receipts->count > 0;
}

static void count_outcomes(const struct batch *batch)
{
	struct consumers *consumers = batch->consumer->core->consumers;
	uint64_t kept = 0;

	for (size_t i = 0; i < batch->shown.count; i++)
		kept += batch->shown.messages[i].outcome == CONSUMER_KEEP;
	atomic_fetch_add_explicit(&consumers->kept, kept, memory_order_relaxed);
	atomic_fetch_add_explicit(&consumers->deleted, batch->shown.count - kept,
				  memory_order_relaxed);
}

/* A message that cannot be deleted is received again. */
static void on_removed(void *context, const struct internal_answer *answer)
{
	struct batch *batch = context;
	struct source_receipts *receipts = &batch->receipts;
	size_t left = 0;

	check(batch->magic == BATCH_MAGIC);
	if (answer->result == ERR_OK)
		batch->consumer->provider->read_removed(answer->out, receipts);
	note_delete(batch->consumer, answer);
	struct str *texts = (struct str *)(uintptr_t)receipts->receipts;
	for (size_t i = 0; i < receipts->count; i++)
		if (!receipts->is_done[i])
			texts[left++] = texts[i];
	receipts->count = left;
	if (left == 0 || ++batch->attempts == REMOVE_ATTEMPTS) {
		receipts->count = 0;
		batch->attempts = 0;
	}
	remove_more(batch);
}

static void remove_more(struct batch *batch)
{
	struct consumer *consumer = batch->consumer;
	const void *in;

	if (batch->receipts.count == 0 && !collect(batch, CONSUMER_DELETE)) {
		batch_end(batch);
		return;
	}
	struct internal_request *request =
		internal_new(consumer->core, consumer->home, &consumer->caller);
	const struct operation *operation = consumer->provider->remove(
		consumer->core, internal_arena(request), &batch->receipts, &in);
	if (!internal_submit(request, operation, in, on_removed, batch)) {
		/* They are received again. */
		batch->receipts.count = 0;
		batch_end(batch);
	}
}

void consumer_batch_done(struct consumer_batch *shown)
{
	struct batch *batch = container_of(shown, struct batch, shown);
	struct consumers *consumers = batch->consumer->core->consumers;

	check(batch->magic == BATCH_MAGIC);
	atomic_fetch_sub_explicit(&consumers->batches, 1, memory_order_relaxed);
	count_outcomes(batch);
	batch->place = 0;
	batch->receipts.count = 0;
	remove_more(batch);
}

static void open_more(struct batch *batch);

static void on_opened(void *context, const struct internal_answer *answer)
{
	struct batch *batch = context;
	const struct source_receipts *receipts = &batch->receipts;

	check(batch->magic == BATCH_MAGIC);
	note_delete(batch->consumer, answer);
	if (answer->result != ERR_OK) {
		/* Without the permission to delete, messages would be delivered again and again. */
		batch_end(batch);
		return;
	}
	for (size_t i = 0; i < receipts->count; i++)
		batch->shown.messages[batch->places[i]].handle = receipts->handles[i];
	open_more(batch);
}

static void open_more(struct batch *batch)
{
	struct consumer *consumer = batch->consumer;
	const void *in;

	if (!collect(batch, CONSUMER_KEEP)) {
		batch_run(batch);
		return;
	}
	struct internal_request *request =
		internal_new(consumer->core, consumer->home, &consumer->caller);
	const struct operation *operation = consumer->provider->open(
		consumer->core, internal_arena(request), &batch->receipts, &in);
	if (!internal_submit(request, operation, in, on_opened, batch))
		batch_end(batch);
}

/* ---- receiving ---- */

/* The gathered messages become a batch of their own; those not wanted are deleted. */
static void launch(struct consumer *consumer)
{
	struct batch *batch = consumer->gathering;

	consumer->gathering = NULL;
	list_push_back(&consumer->batches, &batch->link);
	consumer->running++;
	if (consumer->options.opens_handles)
		open_more(batch);
	else
		batch_run(batch);
}

static void drop_unwanted(struct consumer *consumer, struct batch *unwanted)
{
	list_push_back(&consumer->batches, &unwanted->link);
	consumer->running++;
	for (size_t i = 0; i < unwanted->shown.count; i++)
		unwanted->shown.messages[i].outcome = CONSUMER_DELETE;
	count_outcomes(unwanted);
	remove_more(unwanted);
}

/* Texts of messages that are not wanted are in the arena of the gathering batch, until it ends. */
static void take(struct consumer *consumer, const void *out)
{
	struct source_message messages[LIMIT_RECEIVE_MESSAGES];
	struct batch *batch = consumer->gathering, *unwanted = NULL;
	const struct consumer_handler *handler = consumer->options.handler;
	struct arena *arena = &batch->arena;

	size_t count = consumer->provider->read(arena, out, messages, LIMIT_RECEIVE_MESSAGES);
	atomic_fetch_add_explicit(&consumer->core->consumers->received, count,
				  memory_order_relaxed);
	for (size_t i = 0; i < count; i++) {
		struct consumer_message message = {.source = messages[i]};

		if (!handler->wants || handler->wants(consumer->options.context, arena, &message)) {
			batch_add(batch, &message);
			continue;
		}
		unwanted = unwanted ? unwanted : batch_new(consumer);
		message.source.receipt = arena_copy(&unwanted->arena, message.source.receipt);
		message.source.body = (struct str){0};
		batch_add(unwanted, &message);
	}
	if (unwanted)
		drop_unwanted(consumer, unwanted);
}

static int64_t window_left_ms(const struct consumer *consumer)
{
	return consumer->gathering->window_ms - clock_base_ms();
}

static bool is_complete(const struct consumer *consumer)
{
	const struct batch *batch = consumer->gathering;

	return batch->shown.count >= consumer->options.batch_size ||
	       batch->bytes >= LIMIT_CONSUMER_BATCH_BYTES || consumer->is_stopping ||
	       window_left_ms(consumer) < 1000;
}

static void on_received(void *context, const struct internal_answer *answer)
{
	struct consumer *consumer = context;
	struct batch *batch = consumer->gathering;

	check(consumer->magic == CONSUMER_MAGIC);
	consumer->is_receiving = false;
	consumer->receive = NULL;
	consumer->running++; /* it is not freed meanwhile */
	if (answer->result == ERR_OK) {
		bool is_first = batch->shown.count == 0;

		if (!consumer->has_delete_problem) {
			consumer->pause_ms = 0;
			report(consumer, (struct str){0});
		}
		take(consumer, answer->out);
		if (is_first)
			batch->window_ms =
				clock_base_ms() + (int64_t)consumer->options.window_seconds * 1000;
	} else if (!consumer->is_stopping) {
		report(consumer, answer->fault_text);
		pause_for_a_while(consumer);
	}
	if (batch->shown.count == 0) {
		/* It may have memory of messages that were not wanted. */
		consumer->gathering = NULL;
		batch_free(batch);
	} else if (is_complete(consumer)) {
		launch(consumer);
	}
	consumer->running--;
	go_on(consumer);
}

static uint32_t wait_seconds(const struct consumer *consumer)
{
	if (consumer->gathering->shown.count == 0)
		return WAIT_SECONDS;
	int64_t left_ms = window_left_ms(consumer);
	if (left_ms < 0)
		return 0;
	return left_ms >= WAIT_SECONDS * 1000 ? WAIT_SECONDS : (uint32_t)(left_ms / 1000);
}

static bool may_receive(const struct consumer *consumer)
{
	const struct consumers *consumers = consumer->core->consumers;

	if (consumer->is_stopping || consumer->is_receiving || consumer->is_pausing ||
	    consumer->running >= consumer->options.concurrency)
		return false;
	return consumer->running == 0 ||
	       atomic_load_explicit(&consumers->bytes, memory_order_relaxed) < LIMIT_CONSUMER_BYTES;
}

static void receive(struct consumer *consumer)
{
	const void *in;

	if (!consumer->gathering)
		consumer->gathering = batch_new(consumer);
	size_t room = consumer->options.batch_size - consumer->gathering->shown.count;
	const struct source_receive receive = {
		.arn = consumer->options.source,
		.max = room < LIMIT_RECEIVE_MESSAGES ? (uint32_t)room : LIMIT_RECEIVE_MESSAGES,
		.wait_seconds = wait_seconds(consumer),
	};
	struct internal_request *request =
		internal_new(consumer->core, consumer->home, &consumer->caller);
	const struct operation *operation =
		consumer->provider->receive(consumer->core, internal_arena(request), &receive, &in);
	consumer->is_receiving = true;
	consumer->receive = request;
	if (internal_submit(request, operation, in, on_received, consumer))
		return;
	consumer->is_receiving = false;
	consumer->receive = NULL;
	pause_for_a_while(consumer);
}

/* ---- beginning and end ---- */

static void consumer_free(struct consumer *consumer)
{
	const struct consumer_handler *handler = consumer->options.handler;
	void *context = consumer->options.context;

	if (consumer->gathering)
		batch_free(consumer->gathering);
	/* While the server ends: batches that were given up. */
	while (!list_is_empty(&consumer->batches))
		batch_free(container_of(consumer->batches.next, struct batch, link));
	atomic_fetch_sub(&consumer->core->consumers->count, 1);
	consumer->magic = 0;
	arena_done(&consumer->arena);
	heap_free(consumer);
	handler->end(context);
}

/* Under the mutex. */
static void set_busy(struct consumers *consumers, struct consumer *consumer, bool is_busy)
{
	if (consumer->is_busy == is_busy)
		return;
	consumer->is_busy = is_busy;
	consumers->busy += is_busy ? 1 : UINT64_MAX;
	if (consumers->busy == 0)
		pthread_cond_broadcast(&consumers->condition);
}

/* A consumer that stops and has nothing in progress. */
static void rest(struct consumer *consumer)
{
	struct consumers *consumers = consumer->core->consumers;
	bool is_over = !consumer->is_pausing;

	pthread_mutex_lock(&consumers->mutex);
	set_busy(consumers, consumer, false);
	/* While the server stops, consumers_close frees them: the stop goes through the list. */
	is_over = is_over && !consumers->is_stopping;
	if (is_over)
		list_remove(&consumer->link);
	pthread_mutex_unlock(&consumers->mutex);
	if (is_over)
		consumer_free(consumer);
}

static void go_on(struct consumer *consumer)
{
	check(consumer->magic == CONSUMER_MAGIC);
	if (may_receive(consumer))
		receive(consumer);
	if (consumer->is_stopping && !consumer->is_receiving && consumer->running == 0)
		rest(consumer);
}

static void begin(struct core_hop *hop)
{
	struct consumer *consumer = container_of(hop, struct consumer, begin_hop);

	go_on(consumer);
}

static void stop(struct core_hop *hop)
{
	struct consumer *consumer = container_of(hop, struct consumer, stop_hop);

	consumer->is_stopping = true;
	if (consumer->receive)
		internal_cancel(consumer->receive);
	else
		go_on(consumer);
}

/* Under the mutex. */
static void post_begin(struct consumers *consumers, struct consumer *consumer)
{
	uint32_t number = atomic_fetch_add(&consumers->next_home, 1);

	if (consumers->home_count > 0)
		consumer->home = consumers->homes[number % consumers->home_count];
	set_busy(consumers, consumer, true);
	consumer->begin_hop.run = begin;
	core_hop_to(consumer->core, consumer->home, &consumer->begin_hop);
}

static void post_stop(struct consumer *consumer)
{
	if (consumer->is_stop_posted)
		return;
	consumer->is_stop_posted = true;
	consumer->stop_hop.run = stop;
	core_hop_to(consumer->core, consumer->home, &consumer->stop_hop);
}

static struct str keep(struct consumer *consumer, struct str text)
{
	return arena_copy(&consumer->arena, text);
}

struct consumer *consumer_new(struct core *core, const struct consumer_options *options)
{
	struct consumers *consumers = core->consumers;
	struct consumer *consumer = heap_alloc(sizeof(*consumer));
	const struct internal_caller *caller = options->caller;

	check(options->batch_size > 0);
	check(options->batch_size <= LIMIT_CONSUMER_BATCH);
	check(options->concurrency > 0);
	check(options->concurrency <= LIMIT_CONSUMER_CONCURRENCY);
	consumer->magic = CONSUMER_MAGIC;
	consumer->core = core;
	arena_init(&consumer->arena);
	list_init(&consumer->batches);
	consumer->options = *options;
	consumer->options.source = keep(consumer, options->source);
	consumer->options.caller = NULL;
	consumer->caller = (struct internal_caller){
		.identity = caller->identity,
		.service = keep(consumer, caller->service),
		.source_arn = keep(consumer, caller->source_arn),
		.source_account = keep(consumer, caller->source_account),
		.role = keep(consumer, caller->role),
		.account = keep(consumer, caller->account),
		.region = keep(consumer, caller->region),
	};
	consumer->provider = source_find(core, options->source);
	check(consumer->provider);
	atomic_fetch_add(&consumers->count, 1);
	pthread_mutex_lock(&consumers->mutex);
	list_push_back(&consumers->list, &consumer->link);
	if (consumers->is_started && !consumers->is_stopping)
		post_begin(consumers, consumer);
	pthread_mutex_unlock(&consumers->mutex);
	return consumer;
}

void consumer_stop(struct consumer *consumer)
{
	struct consumers *consumers = consumer->core->consumers;
	bool is_over;

	pthread_mutex_lock(&consumers->mutex);
	is_over = !consumers->is_started;
	if (is_over)
		list_remove(&consumer->link);
	else if (!consumers->is_stopping)
		post_stop(consumer);
	pthread_mutex_unlock(&consumers->mutex);
	if (is_over)
		consumer_free(consumer);
}

/* ---- the server ---- */

void consumers_open(struct core *core)
{
	struct consumers *consumers = heap_alloc(sizeof(*consumers));
	pthread_condattr_t attributes;

	check(!core->consumers);
	pthread_mutex_init(&consumers->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&consumers->condition, &attributes);
	pthread_condattr_destroy(&attributes);
	list_init(&consumers->list);
	core->consumers = consumers;
}

void consumers_start(struct core *core, struct net_thread *const *homes, size_t home_count)
{
	struct consumers *consumers = core->consumers;

	check(home_count <= LIMIT_NET_THREADS);
	pthread_mutex_lock(&consumers->mutex);
	if (home_count > 0)
		memcpy(consumers->homes, homes, home_count * sizeof(homes[0]));
	consumers->home_count = home_count;
	consumers->is_started = true;
	for (struct list *link = consumers->list.next; link != &consumers->list; link = link->next)
		post_begin(consumers, container_of(link, struct consumer, link));
	pthread_mutex_unlock(&consumers->mutex);
}

void consumers_stop(struct core *core, int64_t grace_ms)
{
	struct consumers *consumers = core->consumers;
	struct timespec until;

	if (!consumers)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace_ms / 1000;
	pthread_mutex_lock(&consumers->mutex);
	consumers->is_stopping = true;
	for (struct list *link = consumers->list.next;
	     consumers->is_started && link != &consumers->list; link = link->next)
		post_stop(container_of(link, struct consumer, link));
	while (consumers->busy > 0 &&
	       pthread_cond_timedwait(&consumers->condition, &consumers->mutex, &until) == 0)
		;
	pthread_mutex_unlock(&consumers->mutex);
}

void consumers_close(struct core *core)
{
	struct consumers *consumers = core->consumers;

	if (!consumers)
		return;
	while (!list_is_empty(&consumers->list)) {
		struct consumer *consumer =
			container_of(consumers->list.next, struct consumer, link);
		list_remove(&consumer->link);
		consumer_free(consumer);
	}
	pthread_cond_destroy(&consumers->condition);
	pthread_mutex_destroy(&consumers->mutex);
	heap_free(consumers);
	core->consumers = NULL;
}

struct consumer_stats consumers_stats(const struct core *core)
{
	const struct consumers *consumers = core->consumers;

	return (struct consumer_stats){
		.consumers = atomic_load_explicit(&consumers->count, memory_order_relaxed),
		.batches = atomic_load_explicit(&consumers->batches, memory_order_relaxed),
		.bytes = atomic_load_explicit(&consumers->bytes, memory_order_relaxed),
		.received = atomic_load_explicit(&consumers->received, memory_order_relaxed),
		.deleted = atomic_load_explicit(&consumers->deleted, memory_order_relaxed),
		.kept = atomic_load_explicit(&consumers->kept, memory_order_relaxed),
	};
}
