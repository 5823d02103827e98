/* SPDX-License-Identifier: MIT */
/* obligation_once: an item of deliver without a message; its verdict becomes the end. */
#include "core/obligation_once.h"

static enum obligation_once_end end_of(enum deliver_action action)
{
	if (action == DELIVER_DONE || action == DELIVER_ENDED)
		return OBLIGATION_ONCE_DONE;
	return action == DELIVER_RETRY || action == DELIVER_REPLACE ? OBLIGATION_ONCE_RETRY
								    : OBLIGATION_ONCE_REFUSED;
}

static void on_once_done(struct deliver_once *deliver, struct deliver_attempt *attempt,
			 bool is_given_back)
{
	struct obligation_once *once = container_of(deliver, struct obligation_once, deliver);
	const struct obligation_attempt *mine = obligation_attempt_of(attempt);
	struct arena arena = once->arena;

	once->end = is_given_back || !mine ? OBLIGATION_ONCE_HELD : end_of(attempt->verdict.action);
	once->wait_ms = attempt->verdict.wait_ms;
	if (mine) {
		once->status = mine->answer.status;
		once->body = mine->answer.body;
		once->failure = mine->failure;
		if (once->end == OBLIGATION_ONCE_RETRY &&
		    str_equal(once->failure.code, STR("RateLimit")))
			once->end = OBLIGATION_ONCE_HELD;
	}
	once->done(once);
	arena_done(&arena);
}

bool obligation_attempt_once(struct core *core, struct obligation_once *once)
{
	struct deliver *deliver = obligations_deliver(core);
	struct obligation_record record = obligation_record_of(&once->obligation, clock_now_ms());

	/* rates_take knows by it that the attempt has its place in the line. */
	if (once->has_waited)
		record.failure.code = STR("RateLimit");
	arena_init(&once->arena);
	once->deliver = (struct deliver_once){
		.bytes = obligation_record_encode(&once->arena, &record),
		.context = once->context,
		.done = on_once_done,
	};
	bool is_taken = deliver && deliver_attempt_once(deliver, &once->deliver);
	if (!is_taken)
		arena_done(&once->arena);
	return is_taken;
}
