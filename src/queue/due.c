/* SPDX-License-Identifier: MIT */
/* due: timers in order of time, as many as a turn allows. */
#include "queue/due.h"

#include "queue/delay.h"
#include "queue/expire.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"
#include "queue/wait.h"

void come_due(struct engine *engine, struct message *message)
{
	check(message->state != MESSAGE_READY);
	message_unplace(engine, message);
	message->state = MESSAGE_READY;
	message_place(engine, message);
	queue_publish(message->queue);
}

void due_run(struct engine *engine)
{
	turn_begin(engine);
	while (!turn_is_over(engine)) {
		struct timer *timer = timer_first(&engine->timers);
		if (!timer || timer->at_ms > engine->now_ms)
			return;
		turn_spend(engine, 1, 0);
		switch ((enum timer_kind)timer->kind) {
		case TIMER_MESSAGE:
			come_due(engine, container_of(timer, struct message, timer));
			break;
		case TIMER_WAIT:
			wait_end(engine, container_of(timer, struct queue_command, receive.wait),
				 QUEUE_OK);
			break;
		case TIMER_DELAYS:
			timer_clear(&engine->timers, timer);
			turn_spend(engine,
				   delay_apply(engine,
					       container_of(timer, struct engine_queue, delays)),
				   0);
			break;
		case TIMER_RETENTION:
			timer_clear(&engine->timers, timer);
			expire_due(engine, container_of(timer, struct engine_queue, retention));
			break;
		}
	}
}
