/* SPDX-License-Identifier: MIT */
/*
 * delay: applies a FIFO queue's changed delay to its messages.
 */
#ifndef TERN_QUEUE_DELAY_H
#define TERN_QUEUE_DELAY_H

#include "queue/state.h"

void delay_change(struct engine *engine, struct engine_queue *queue);
/* A bounded part; returns the number of messages it checked. */
size_t delay_apply(struct engine *engine, struct engine_queue *queue);

#endif
