/* SPDX-License-Identifier: MIT */
/*
 * shape: what a message of an API looks like, as tables that drive reading and writing in every
 * dialect.
 *
 * Generated from model/ into src/api. A structure is a C struct; for each member the table has its
 * names, kind and offsets. How members look in C:
 *
 *   string, blob    struct str name;          absent: data is NULL; empty but there: it is not
 *   integer, long   int64_t name; bool has_name;
 *   timestamp       the same, in milliseconds
 *   double          double name; bool has_name;
 *   boolean         bool name; bool has_name;
 *   structure       struct x *name;           absent: NULL
 *   list            T *name; size_t name_count;
 *                                             T is struct str, int64_t, double, bool, a structure
 *                                             or, of a list of lists or maps, a generated
 *                                             struct { ITEM *items; size_t items_count; }
 *                                             absent: NULL; empty but there: not NULL and 0
 *   map             T *name; size_t name_count;
 *                                             T is struct shape_pair (string to string) or a
 *                                             generated struct { struct str key; T value; }
 *                                             in the order read
 *
 * A union is a structure of which exactly one member is there.
 *
 * All memory belongs to the call's arena. Tables are static and may be read by any thread.
 */
#ifndef TERN_WIRE_SHAPE_H
#define TERN_WIRE_SHAPE_H

#include "base/err.h"

enum shape_kind {
	SHAPE_STRING,
	SHAPE_BLOB,
	SHAPE_INTEGER, /* checked to fit 32 bits */
	SHAPE_LONG,
	SHAPE_DOUBLE,
	SHAPE_BOOLEAN,
	SHAPE_TIMESTAMP,
	SHAPE_STRUCTURE,
	SHAPE_LIST,
	SHAPE_MAP,
};

/* Where a member stands in an HTTP message of REST; every other dialect has all in the body. */
enum shape_place {
	SHAPE_IN_BODY,
	SHAPE_IN_LABEL,	  /* of the path, by the member's name */
	SHAPE_IN_QUERY,	  /* the parameter http_name of the query string */
	SHAPE_IN_QUERIES, /* map: all parameters that no other member takes */
	SHAPE_IN_HEADER,  /* the header http_name */
	SHAPE_IN_HEADERS, /* map: the headers whose names begin with http_name */
	SHAPE_IN_PAYLOAD, /* it is the body */
	SHAPE_IN_STATUS,  /* the status of an answer */
};

/* How a timestamp is written, if not in the way of its dialect and place. */
enum shape_time {
	SHAPE_TIME_DEFAULT,
	SHAPE_TIME_EPOCH, /* seconds since 1970, with a fraction */
	SHAPE_TIME_ISO,	  /* 2026-11-24T00:00:00Z (RFC 3339) */
	SHAPE_TIME_HTTP,  /* Tue, 24 Nov 2026 00:00:00 GMT (RFC 9110, 5.6.7) */
};

struct shape_pair {
	struct str key, value;
};

struct shape;
struct shape_constraint;
struct shape_member {
	struct str name;	/* in JSON and CBOR */
	struct str query_name;	/* a parameter of Query, without what leads there */
	struct str query_alias; /* of lists and maps: another name that Query takes; or empty */
	struct str xml_name;	/* an element of Query's answers */
	struct str query_item;	/* of lists and maps: "member" in Name.member.1; empty: flattened,
				   Name.1 */
	struct str xml_item;	/* of lists and maps: the element of one item inside of xml_name;
				   empty: flattened, each item is an element xml_name */
	struct str key_name;	/* of a map's entries in Query: "Name", "Key", "key" */
	struct str value_name;	/* "Value", "value" */
	enum shape_kind kind;
	enum shape_kind item_kind; /* of a list's items or a map's values */
	enum shape_time time;	   /* of a timestamp, or of items that are */
	enum shape_place place;
	struct str http_name; /* of a header, its prefix, or a parameter of the query string */
	struct str xml_namespace, xml_prefix; /* of its element, in REST-XML */
	/* Of items that are lists or maps: the item as a member, whose offset is 0. */
	const struct shape_member *item;
	const struct shape *shape;		   /* of a structure, or of structured items */
	const struct shape_constraint *constraint; /* NULL: any value */
	struct str called;	    /* its name in a fault's own words; empty: `name` */
	uint32_t offset;	    /* of the member in the struct */
	uint32_t extra_offset;	    /* of has_name or name_count; 0: none */
	uint32_t item_size;	    /* sizeof(T) of lists and maps */
	uint32_t item_value_offset; /* of `value` in a map's T */
	uint32_t number;	    /* in records (wire/record.h), from 1 on */
	bool is_required;
	bool is_unchecked;   /* its operation says that it is missing, in words of its own */
	bool is_sensitive;   /* a secret, or what belongs to the caller alone: in no log */
	bool is_counted;     /* its operation refuses too many items in words of its own */
	bool is_attribute;   /* of its structure's element, in XML */
	bool is_token;	     /* an idempotency token: clients make one if it is absent */
	bool is_stream;	     /* a payload of any size, which AWS does not hold in memory */
	bool is_always;	     /* an answer has this list or map even when it is empty */
	bool is_shown_empty; /* the same if the operation gave an array: its pointer is not NULL */
};

struct shape {
	struct str name;
	uint32_t size; /* sizeof of the C struct */
	uint32_t member_count;
	const struct shape_member *members;
	bool is_constrained; /* a member has a constraint, or one of a structure in it */
	bool is_union;	     /* exactly one member is there */
	const struct shape_member *payload; /* REST: the member that is the body; or NULL */
	uint32_t number_max; /* of a record: the highest number that a member has or had */
};

/* A fault that an operation can answer. */
struct fault_type {
	struct str shape;      /* __type in JSON, without the namespace */
	struct str query_code; /* Code in Query, and in x-amzn-query-error */
	int status;	       /* HTTP */
	bool is_receiver;      /* ours, not the caller's */
	bool is_common;	       /* of every service: AWS's own framework names its __type */
	/* Of common faults, where dialects differ; 0 and empty: as above. */
	int json_status;     /* of services that speak JSON only */
	int rest_status;     /* in REST */
	struct str ec2_code; /* of EC2's Query */
	int ec2_status;
};

struct call;
typedef enum err (*operation_fn)(struct call *call, const void *in, void *out);

enum operation_place {
	OPERATION_ON_NET, /* runs on the net thread: must not block, may park on the queue engine */
	OPERATION_ON_CONTROL, /* runs on the control thread: may use the catalog, may park too */
	OPERATION_ON_WORKER,  /* runs on a worker thread: may burn CPU or block, must not park */
};

/* Of an operation that no table has: the server issues it, and no meter counts it. */
#define OPERATION_UNNUMBERED UINT32_MAX

struct service;
struct operation_facts;
struct resource_type;
struct operation {
	struct str name;   /* "SendMessage" */
	struct str action; /* "sqs:SendMessage" */
	const struct service *service;
	const struct shape *in, *out; /* out may have no members */
	operation_fn run;
	enum operation_place place;
	bool uses_workers;     /* a part of it may run on a worker thread, or all of it does */
	bool is_at_resource;   /* Query: may also be sent to the service's resource_path */
	bool has_empty_result; /* Query: an answer without members shows its result all the same */
	bool serves_anonymous; /* unsigned requests too: the handler decides whom it lets in */
	bool is_link;	       /* a link leads here: any page's GET may come in */
	bool is_read_only;     /* CloudTrail's readOnly */
	bool shows_answer;     /* the audit log has its answer */
	const struct operation_facts *facts; /* wire/facts.h */
	uint32_t index;			     /* in the service's table, or OPERATION_UNNUMBERED */
	/* REST; method empty: it has no path. */
	struct str http_method; /* "GET" */
	struct str http_path;	/* "/things/{ThingId}/{Rest+}?list=2" */
	int http_status;	/* of success */
	struct str xml_root;	/* the outermost element of an answer in REST-XML */
	struct str host_prefix; /* "{Account}.": clients put it before the endpoint's host */
};

/* A segment of the paths of a service's operations; the tree begins with the empty root. */
struct path_node {
	struct str text; /* of a literal segment */
	/* The node takes the request's path if it ends here: its routes, those with a parameter
	 * first. */
	uint16_t first_route, route_count;
	uint16_t first_child, child_count; /* literal segments, sorted by text */
	uint16_t label;			   /* the child that takes any segment; 0: none */
	uint16_t greedy;		   /* the child that takes the rest of the path; 0: none */
};
struct path_route {
	struct str method;
	struct str parameter, value; /* that the query string must have; value data NULL: any */
	uint16_t operation;	     /* index in the service's operations */
};

/* How a service speaks Query; lists and names are in the shapes. */
enum query_style {
	QUERY_STYLE_LISTS,     /* as IAM: times to the second */
	QUERY_STYLE_FLATTENED, /* as SQS: faults have a Detail */
	QUERY_STYLE_EC2,       /* an envelope of its own, times to the millisecond */
};

/* The REST dialect of a service, which is then its only dialect. */
enum rest_kind {
	REST_NONE,
	REST_JSON,
	REST_XML,
	REST_XML_BARE, /* as S3: a fault is not wrapped into ErrorResponse */
};

struct service {
	struct str name;	  /* "sqs": the model's file, and of actions and ARNs */
	struct str signing_name;  /* of signatures and hosts, "monitoring"; empty: the name */
	struct str sdk_id;	  /* "eventbridge" of events: in AWS_ENDPOINT_URL_EVENTBRIDGE */
	struct str json_target;	  /* "AmazonSQS"; empty: it does not speak JSON */
	struct str json_version;  /* "1.0" */
	struct str namespace;	  /* "com.amazonaws.sqs": of __type */
	struct str query_version; /* "2012-11-05"; empty: it does not speak Query */
	struct str xml_namespace; /* "http://queue.amazonaws.com/doc/2012-11-05/" */
	enum query_style query_style;
	bool accepts_json; /* Query: its answers are JSON if Accept asks for application/json */
	/* "/{account}/{name+}": the paths of its resources, which only some operations may be sent
	 * to; empty: it has none. */
	struct str resource_path;
	bool is_query_compatible; /* speaks both: its JSON faults name Query's code too */
	bool has_managed_key;	  /* KMS makes alias/aws/<name> for its data */
	struct fault_type denied; /* what policies refuse */
	/* Requests that break constraints: all that is wrong, in the words of AWS's framework. */
	const struct fault_type *violation;
	bool hides_values; /* these words leave values out */
	/* Required members that are absent or empty, where the framework's words are not used. */
	const struct fault_type *missing;
	struct str missing_text;     /* with {name} or {Name} */
	struct fault_type throttled; /* requests beyond a quota */
	struct str throttled_text;
	const struct resource_type *resource_types; /* wire/facts.h */
	uint32_t resource_type_count;
	enum rest_kind rest;
	struct str cbor_name; /* the service in paths of RPC v2 CBOR; empty: it does not speak it */
	uint32_t operation_count;
	const struct operation *operations; /* sorted by name */
	const struct path_node *path_nodes; /* REST: the first is the root; NULL: no paths */
	const struct path_route *path_routes;
};

static inline struct str service_signing_name(const struct service *service)
{
	return service->signing_name.size > 0 ? service->signing_name : service->name;
}

#endif
