/* SPDX-License-Identifier: MIT */
/*
 * registry: the topics and subscriptions of all accounts and regions, for every thread.
 *
 * A struct topic or sns_subscription is a snapshot that never changes; a change puts another
 * snapshot in its place. Readers hold a reference, so a call keeps its snapshot even if the object
 * is changed or deleted meanwhile. Only the control thread (or main at start-up) changes the
 * registry; any thread reads it without waiting (base/snapshot.h).
 */
#ifndef TERN_SERVICES_SNS_REGISTRY_H
#define TERN_SERVICES_SNS_REGISTRY_H

#include "access/policy.h"
#include "base/arn.h"
#include "base/base.h"
#include "base/snapshot.h"
#include "core/core.h"
#include "core/metric.h"
#include "services/sns/counters.h"

struct sns_delivery_policy;
struct sns_filter_rule;
struct sns_filters;

enum sns_protocol {
	SNS_PROTOCOL_HTTP,
	SNS_PROTOCOL_HTTPS,
	SNS_PROTOCOL_EMAIL,
	SNS_PROTOCOL_EMAIL_JSON,
	SNS_PROTOCOL_SMS,
	SNS_PROTOCOL_SQS,
	SNS_PROTOCOL_APPLICATION,
	SNS_PROTOCOL_LAMBDA,
	SNS_PROTOCOL_FIREHOSE,
	SNS_PROTOCOLS,
};
/* As the API names them, also as keys of MessageStructure=json. */
extern const struct str sns_protocols[SNS_PROTOCOLS];
/* SNS_PROTOCOLS: unknown. */
enum sns_protocol sns_protocol_find(struct str name);
/* The endpoint gets a link that confirms, and one that unsubscribes: http, https and e-mail. */
bool sns_protocol_is_confirmed_by_link(enum sns_protocol protocol);

/* Classes of protocols in the names of topic attributes: <Class>SuccessFeedbackRoleArn. */
enum sns_feedback_class {
	SNS_FEEDBACK_HTTP, /* http and https */
	SNS_FEEDBACK_FIREHOSE,
	SNS_FEEDBACK_LAMBDA,
	SNS_FEEDBACK_APPLICATION,
	SNS_FEEDBACK_SQS,
	SNS_FEEDBACK_NONE, /* of other protocols; it has no attributes */
	SNS_FEEDBACKS,
};
extern const struct str sns_feedback_names[SNS_FEEDBACK_NONE];
enum sns_feedback_class sns_feedback_find(enum sns_protocol protocol);
struct sns_feedback {
	bool logs_failures;
	uint8_t success_rate; /* percent of successes that are logged */
};

/* State that lives as long as the topic, through all its snapshots. */
struct sns_topic_life {
	_Atomic uint32_t references;
	struct sns_counters counters;
	_Atomic uint64_t sequence;   /* of a FIFO topic: the last number that was proposed */
	struct queue_counters queue; /* of its internal queue (gate.h) */
	/* AWS's metrics of the topic (metrics.c). */
	struct metric_slot slots[SNS_COUNTERS], archived[2];
	uint64_t collected[SNS_COUNTERS]; /* values when they were collected; control thread */
	/* The filter policies of its subscriptions (rules.h). NULL: there were none yet. */
	struct sns_filters *_Atomic filters;
	/* Set with `filters`; the registry knows no matchers. */
	void (*remove_rule)(struct sns_filters *filters, struct sns_filter_rule *rule);
	void (*free_filters)(struct sns_filters **filters);
};

/* In one block of memory with its texts and arrays. Texts with data NULL are not set. */
struct topic {
	_Atomic uint32_t references;
	struct sns_topic_life *life;
	struct str account, region, name, arn;
	uint64_t arn_hash; /* set by sns_topic_new */
	uint32_t serial;   /* FIFO: of its internal queue (gate.h) */
	int64_t created_ms;

	bool is_fifo;
	bool has_content_dedup;
	struct str throughput_scope; /* FifoThroughputScope */
	struct str display_name;
	struct str kms_key;	      /* KmsMasterKeyId */
	struct str signature_version; /* "1" or "2" */
	struct str tracing;	      /* TracingConfig */
	struct str data_protection_policy;
	struct str archive_policy; /* as AWS returns it */
	int64_t archive_days;	   /* of archive_policy; 0: no archive */
	int64_t archived_since_ms; /* BeginningArchiveTime; 0: no archive */

	struct str policy;		  /* as given; the default one until it is set */
	struct policy_names policy_names; /* of its principals */
	const struct policy *compiled_policy;
	struct str delivery_policy; /* as given */
	const struct sns_delivery_policy *delivery;

	const struct shape_pair *feedback; /* attributes of delivery status logs, sorted by name */
	size_t feedback_count;
	struct sns_feedback feedback_of[SNS_FEEDBACKS]; /* of them; set by sns_topic_new */
	const struct shape_pair *tags;			/* sorted by key */
	size_t tag_count;
	int64_t deleted_count; /* SubscriptionsDeleted */
};

enum sns_filter_scope { SNS_FILTER_SCOPE_NONE, SNS_FILTER_SCOPE_ATTRIBUTES, SNS_FILTER_SCOPE_BODY };

/* The messages of the topic that a publish leaves to the subscription's replay (replay.h). */
enum sns_replay_state {
	SNS_REPLAY_NONE,      /* none */
	SNS_REPLAY_RUNNING,   /* all; the replay has not caught up yet */
	SNS_REPLAY_SWITCHING, /* all, and publishes wait until it has caught up */
	SNS_REPLAY_PAUSED,    /* all: a replay up to an EndingPoint has ended */
};

struct subscription {
	_Atomic uint32_t references;
	struct str arn, topic_arn, id; /* <topic ARN>:<id> */
	/* Set by sns_subscription_new. */
	uint64_t arn_hash, topic_hash, endpoint_hash;
	uint64_t seat;	    /* of its deliveries to the endpoint; core/target.h */
	struct str account; /* of the subscriber, which need not be the topic's */
	struct str region;
	struct str endpoint;
	enum sns_protocol protocol;
	struct str principal; /* ARN of the subscriber; SubscriptionPrincipal */
	int64_t created_ms;

	bool is_pending;	     /* waits for ConfirmSubscription */
	bool is_authenticated;	     /* ConfirmationWasAuthenticated */
	bool needs_unsubscribe_auth; /* AuthenticateOnUnsubscribe */
	bool is_raw;		     /* RawMessageDelivery */
	struct str filter_policy;    /* as given */
	enum sns_filter_scope filter_scope;
	bool has_filter;	      /* rules.h: not all messages pass */
	struct sns_filter_rule *rule; /* as long as the snapshot; NULL: none */
	struct sns_topic_life *life;  /* of its topic, if it has a rule; held */
	struct str redrive_policy;    /* as given */
	struct str dead_letter_arn;   /* of redrive_policy */
	struct str delivery_policy;   /* as given */
	const struct sns_delivery_policy *delivery;
	struct str role_arn;	  /* SubscriptionRoleArn */
	struct str replay_policy; /* as given */
	struct str replay_status;
	enum sns_replay_state replay_state;
	int64_t replay_start_ms, replay_end_ms; /* of replay_policy; end 0: none */
	int64_t replay_began_ms;		/* distinguishes replays; 0: none */
	uint64_t replay_live;  /* messages from this number on are only delivered by the replay; 0:
				  not known yet */
	uint64_t replay_place; /* the number of the last message that was replayed; 0: none */
};

struct sns_registry;
struct sns_registry *sns_registry_new(void);
void sns_registry_free(struct sns_registry **registry); /* accepts NULL, leaves NULL */

/* ---- topics ---- */

/* Any thread. NULL if the topic does not exist; release the result. */
const struct topic *sns_registry_find_topic(struct sns_registry *registry, struct str arn);
size_t sns_registry_count_topics(struct sns_registry *registry);
/* Of an account and region. */
size_t sns_registry_count_account_topics(struct sns_registry *registry, struct str account,
					 struct str region);
/*
 * Any thread: visits the topics of an account and region (NULL data: all) in order of account,
 * region and name, those after the name `after` only, as they are when it begins; the visitor
 * returns false to stop. References may be taken with sns_topic_hold.
 */
typedef bool (*sns_topic_visit_fn)(void *context, const struct topic *topic);
void sns_registry_each_topic(struct sns_registry *registry, struct str account, struct str region,
			     struct str after, sns_topic_visit_fn visit, void *context);

const struct topic *sns_topic_hold(const struct topic *topic);
void sns_topic_release(const struct topic *topic); /* accepts NULL */
void sns_topic_life_release(struct sns_topic_life *life);
/* A copy of a snapshot to change; its texts are borrowed from the snapshot. */
struct topic sns_topic_draft(const struct topic *topic);
/* A deep copy of a draft, with one reference, and a new life if the draft has none. Compiles the
 * policy and the delivery policy. */
const struct topic *sns_topic_new(const struct topic *draft);

/* ---- subscriptions ---- */

/* Any thread. NULL if there is none; release the result. */
const struct subscription *sns_registry_find_subscription(struct sns_registry *registry,
							  struct str arn);
const struct subscription *sns_registry_find_endpoint(struct sns_registry *registry,
						      struct str topic_arn,
						      enum sns_protocol protocol,
						      struct str endpoint);
size_t sns_registry_count_subscriptions(struct sns_registry *registry);
/* Of a topic: pending ones, or confirmed ones. */
size_t sns_registry_count_of_topic(struct sns_registry *registry, struct str topic_arn,
				   bool is_pending);
/* Of subscribers of an account and region: those with a filter policy. */
size_t sns_registry_count_filters(struct sns_registry *registry, struct str account,
				  struct str region);
typedef bool (*sns_subscription_visit_fn)(void *context, const struct subscription *subscription);
/* As sns_registry_each_topic, for subscribers of an account and region in order of ARN. */
void sns_registry_each_of_account(struct sns_registry *registry, struct str account,
				  struct str region, struct str after_arn,
				  sns_subscription_visit_fn visit, void *context);

/*
 * The subscriptions of a topic as they were at one moment: Publish walks them without taking
 * references. Any thread. The confirmed ones come first, by id.
 */
struct sns_subscriptions {
	const struct snapshot *snapshot;
	struct snapshot_cursor cursor;
	struct str topic_arn;
};
/* Behind a place; `id` empty: from the first. The subscription of the place need not exist. */
struct sns_subscription_place {
	bool is_pending;
	struct str id;
};
/* `topic_arn` outlives it. */
void sns_subscriptions_open(struct sns_registry *registry, struct str topic_arn,
			    struct sns_subscription_place after, struct sns_subscriptions *out);
/* NULL at the end. As long as the snapshot. */
const struct subscription *sns_subscriptions_next(struct sns_subscriptions *subscriptions);
void sns_subscriptions_close(struct sns_subscriptions *subscriptions);

const struct subscription *sns_subscription_hold(const struct subscription *subscription);
void sns_subscription_release(const struct subscription *subscription); /* accepts NULL */
/* As sns_topic_draft and sns_topic_new; compiles the delivery policy. */
struct subscription sns_subscription_draft(const struct subscription *subscription);
const struct subscription *sns_subscription_new(const struct subscription *draft);

/* ---- changing: control thread; puts take over the caller's reference ---- */

void sns_registry_put_topic(struct sns_registry *registry, const struct topic *topic);
void sns_registry_put_subscription(struct sns_registry *registry,
				   const struct subscription *subscription);
void sns_registry_remove_topic(struct sns_registry *registry, const struct topic *topic);
void sns_registry_remove_subscriptions(struct sns_registry *registry,
				       const struct subscription *const *subscriptions,
				       size_t count);

#endif
