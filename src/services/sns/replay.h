/* SPDX-License-Identifier: MIT */
/*
 * replay: sends the messages of a FIFO topic's archive to a subscription again (ReplayPolicy).
 *
 * While a replay runs, publishes leave the subscription out: it gets their messages from the
 * archive, in order, after the older ones. When the replay has caught up, publishes send to the
 * subscription again. A replay with an EndingPoint ends there, and the subscription is paused:
 * publishes leave it out until it gets another policy.
 *
 * The subscription's record has the number of the last message of the last page that was sent, so a
 * replay survives a restart. Messages of one page may be sent again then; a FIFO queue drops them
 * by their deduplication ids.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html
 */
#ifndef TERN_SERVICES_SNS_REPLAY_H
#define TERN_SERVICES_SNS_REPLAY_H

#include "core/hop.h"
#include "services/sns/locate.h"

struct sns_replay;

/* Control thread: checks a ReplayPolicy and puts it into the draft; empty or "{}" ends the replay,
 * and the subscription gets messages that are published from now on. */
must_check enum err sns_replay_policy_set(struct call *call, struct subscription *draft,
					  struct str policy, const char *prefix);
/* Control thread: begins or goes on, if the subscription's record says so. */
void sns_replay_go_on(struct core *core, const struct subscription *subscription);

/* Main, at start-up, after all is loaded: replays that had not ended go on. */
void sns_replays_open(struct core *core);
void sns_replays_close(struct core *core); /* no other thread runs */

/* A publish that found a subscription that is SNS_REPLAY_SWITCHING. Embedded in the caller's
 * struct. */
struct sns_replay_wait {
	void (*run)(
		struct sns_replay_wait *wait); /* on the home: look at the subscriptions again */
	/* replay_run.c's */
	struct core *core;
	struct net_thread *home;
	struct str topic_arn;
	struct core_task task;
	struct core_hop hop;
	struct list link;
};
/* Any thread: runs `run` when no replay to a subscription of the topic switches. `topic_arn` lives
 * until then. */
void sns_replay_wait(struct core *core, struct net_thread *home, struct str topic_arn,
		     struct sns_replay_wait *wait);

#endif
