/* SPDX-License-Identifier: MIT */
/*
 * facts: properties of operations that do not depend on how they travel: what a policy has to
 * allow, AWS's quota of requests, the price class, a line of documentation. Generated from model/
 * into src/api; static.
 */
#ifndef TERN_WIRE_FACTS_H
#define TERN_WIRE_FACTS_H

#include "wire/shape.h"

/* A kind of resource, as AWS's Service Authorization Reference lists it. */
struct resource_type {
	struct str name;	/* "queue" */
	struct str arn;		/* "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}" */
	struct str type;	/* "AWS::SQS::Queue", of CloudFormation; empty: it has none here */
	const struct str *keys; /* condition keys of such resources */
	uint32_t key_count;
};

enum throttle_class_scope {
	THROTTLE_CLASS_EACH,   /* a bucket for each account and operation */
	THROTTLE_CLASS_SHARED, /* a bucket for each account */
	THROTTLE_CLASS_QUOTA,  /* a bucket for each resource that has a quota at AWS */
};

/* AWS's quota of requests. */
struct throttle_class {
	struct str name;
	enum throttle_class_scope scope;
	int64_t rate_milli; /* requests in 1000 seconds */
	int64_t burst;
	struct str title; /* AWS's name of the quota; may be empty: "<operation> request rate" */
};

/* The groups of AWS's Service Authorization Reference. */
enum access_level {
	ACCESS_LIST,
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_TAGGING,
	ACCESS_PERMISSIONS,
	ACCESS_LEVELS,
};
extern const struct str access_levels[ACCESS_LEVELS]; /* "List", ... */

/* CloudTrail's category of an operation's events. */
enum event_category {
	EVENT_MANAGEMENT, /* always recorded */
	EVENT_DATA,	  /* recorded if a trail asks for it */
};

struct operation_facts {
	struct str documentation; /* one sentence */
	enum access_level access;
	enum event_category event;
	const struct resource_type *const *resources; /* that policies name; none: "*" */
	uint32_t resource_count;
	const struct str *keys; /* condition keys beside those of the resources and global ones */
	uint32_t key_count;
	const struct throttle_class *throttle; /* NULL: AWS publishes no quota */
	struct str price;		       /* "request"; "none": it is free */
};

/* An operation without facts is a management event. */
bool operation_is_data(const struct operation *operation);
/* The type of the resource with this ARN among those of the service; NULL: none. */
const struct resource_type *resource_type_find(const struct service *service, struct str arn);

#endif
