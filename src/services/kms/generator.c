/* SPDX-License-Identifier: MIT */
/* generator: a queue under a mutex, as what waits is few and slow. The thread starts with the first
 * RSA key, so a server that makes none does not have it. */
#include "services/kms/generator.h"

#include <pthread.h>

#include "api/kms.h"
#include "core/faults.h"
#include "services/kms/kms.h"

struct work {
	struct list link;
	struct call *call;
	resume_fn resume;
	void *context;
	enum kms_spec spec;
	struct kms_secret secret;
};

struct kms_generator {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	struct list works; /* under the mutex, as all below */
	size_t count;
	bool is_started, is_stopping;
};

struct kms_generator *kms_generator_new(void)
{
	struct kms_generator *generator = heap_alloc(sizeof(*generator));

	pthread_mutex_init(&generator->mutex, NULL);
	pthread_cond_init(&generator->condition, NULL);
	list_init(&generator->works);
	return generator;
}

/* Waits for work; NULL when the thread is to end. */
static struct work *take(struct kms_generator *generator)
{
	struct work *work = NULL;

	pthread_mutex_lock(&generator->mutex);
	while (list_is_empty(&generator->works) && !generator->is_stopping)
		pthread_cond_wait(&generator->condition, &generator->mutex);
	if (!generator->is_stopping) {
		work = container_of(generator->works.next, struct work, link);
		list_remove(&work->link);
	}
	pthread_mutex_unlock(&generator->mutex);
	return work;
}

static void *generator_main(void *context)
{
	struct kms_generator *generator = context;
	struct work *work;

	while ((work = take(generator))) {
		work->secret = kms_secret_generate(work->spec);
		pthread_mutex_lock(&generator->mutex);
		generator->count--;
		pthread_mutex_unlock(&generator->mutex);
		call_resume(work->call);
	}
	return NULL;
}

void kms_generator_stop(struct kms_generator *generator)
{
	pthread_mutex_lock(&generator->mutex);
	generator->is_stopping = true;
	while (!list_is_empty(&generator->works)) {
		struct work *work = container_of(generator->works.next, struct work, link);
		list_remove(&work->link);
		call_resume(work->call);
	}
	pthread_cond_signal(&generator->condition);
	pthread_mutex_unlock(&generator->mutex);
}

void kms_generator_join(struct kms_generator *generator)
{
	if (generator->is_started)
		pthread_join(generator->thread, NULL);
	generator->is_started = false;
}

void kms_generator_free(struct kms_generator **generator)
{
	struct kms_generator *old = *generator;

	if (!old)
		return;
	kms_generator_stop(old);
	kms_generator_join(old);
	pthread_cond_destroy(&old->condition);
	pthread_mutex_destroy(&old->mutex);
	heap_free(old);
	*generator = NULL;
}

/* False if there is no room. */
static bool give(struct kms_generator *generator, struct work *work)
{
	pthread_mutex_lock(&generator->mutex);
	bool has_room = generator->count < LIMIT_KMS_GENERATIONS && !generator->is_stopping;
	if (has_room) {
		list_push_back(&generator->works, &work->link);
		generator->count++;
		pthread_cond_signal(&generator->condition);
	}
	if (has_room && !generator->is_started) {
		generator->is_started = true;
		check(pthread_create(&generator->thread, NULL, generator_main, generator) == 0);
	}
	pthread_mutex_unlock(&generator->mutex);
	return has_room;
}

static enum err go_on(struct call *call)
{
	struct work *work = call->state;

	if (work->secret.size == 0)
		return fail(call, &common_faults[FAULT_UNAVAILABLE], "The server is stopping.");
	return work->resume(call);
}

enum err kms_generate(struct call *call, enum kms_spec spec, resume_fn resume, void *context)
{
	struct work *work = arena_new(call->arena, struct work);

	work->call = call;
	work->context = context;
	work->spec = spec;
	work->resume = resume;
	call->state = work;
	call->resume = go_on;
	if (kms_specs[spec].kind != KMS_KIND_RSA) {
		work->secret = kms_secret_generate(spec);
		return resume(call);
	}
	if (!give(kms_of(call->core)->generator, work))
		return fail(call, &KMS_LIMIT_EXCEEDED,
			    "At most %d RSA keys may wait to be generated; try again.",
			    LIMIT_KMS_GENERATIONS);
	return ERR_PARKED;
}

struct kms_secret kms_generated(struct call *call, void **out_context)
{
	struct work *work = call->state;
	struct kms_secret secret = work->secret;

	*out_context = work->context;
	call->state = NULL;
	work->secret = (struct kms_secret){0};
	return secret;
}
