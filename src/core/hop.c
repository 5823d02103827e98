/* SPDX-License-Identifier: MIT */
/* hop: by the mailbox of either thread. */
#include "core/hop.h"

#include "net/server.h"

uint32_t core_home_index(struct net_thread *home)
{
	uint32_t index = home ? net_thread_index(home) + 1 : 0;

	check(index < CORE_HOMES);
	return index;
}

static void land_on_net(struct dispatch_message *message)
{
	struct core_hop *hop = container_of(message, struct core_hop, message);

	hop->run(hop);
}

static void land_on_control(struct core *core, struct core_task *task)
{
	struct core_hop *hop = container_of(task, struct core_hop, task);

	(void)core;
	hop->run(hop);
}

void core_hop_to(struct core *core, struct net_thread *home, struct core_hop *hop)
{
	check(hop->run);
	if (home) {
		hop->message.run = land_on_net;
		net_thread_post(home, &hop->message.message);
		return;
	}
	hop->task.run = land_on_control;
	core_task_assign(&hop->task, CORE_CALLS, STR(""));
	core_post_control(core, &hop->task);
}
