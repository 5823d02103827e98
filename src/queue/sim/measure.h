/* SPDX-License-Identifier: MIT */
/* measure: measures the engine's work in a turn; the linker redirects its calls here (--wrap). */
#ifndef TERN_QUEUE_SIM_MEASURE_H
#define TERN_QUEUE_SIM_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* Work since the last reset: moved and placed messages, without answers, whose size clients
 * choose. */
struct turn_work {
	size_t bytes, items;
	bool is_answering;
};
extern struct turn_work turn_work;

#endif
