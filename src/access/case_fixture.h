/* SPDX-License-Identifier: MIT */
/*
 * case_fixture: cases of policies from files, for tests.
 *
 * A file of cases/ is a JSON array; its rows begin with a name. A policy may be written as its
 * statement alone, or its statements; it is then of version 2012-10-17. A caller is written as its
 * ARN, as a service's name or as "anonymous". The context is an object from condition keys to
 * values; those that struct policy_request and struct principal have members for are put there.
 */
#ifndef TERN_ACCESS_CASE_FIXTURE_H
#define TERN_ACCESS_CASE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/condition.h"
#include "access/decide.h"
#include "base/fixture.h"
#include "format/json.h"

#define CASE_NOW_MS INT64_C(1795608000000) /* 2026-11-25T12:00:00Z */
enum { CASE_TAGS = 8, CASE_KEYS = 8, CASE_POLICIES = 8 };

struct case_tags {
	struct shape_pair pairs[CASE_TAGS];
	size_t count;
};

/* A caller, a request, and all that they are made of. */
struct case_request {
	struct principal principal;
	struct case_tags principal_tags, request_tags, resource_tags;
	struct policy_key keys[CASE_KEYS];
	const struct policy *identity[CASE_POLICIES], *session[CASE_POLICIES];
	struct decide_request decide;
};

static inline yyjson_val *case_load(const char *name)
{
	struct buf bytes = {0};
	char path[1024];
	yyjson_val *root;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", CASES, name);
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("cannot read %s", path);
	do {
		size = fread(buf_extend(&bytes, 4096), 1, 4096, file);
		bytes.size -= 4096 - size;
	} while (size > 0);
	fclose(file);
	if (json_parse(&arena, arena_copy(&arena, buf_str(&bytes)), &root) != ERR_OK)
		fail_msg("%s is not JSON", path);
	buf_done(&bytes);
	return root;
}

static inline struct str case_written(yyjson_val *value)
{
	size_t size;
	char *text = yyjson_val_write(value, 0, &size);
	struct str copy = arena_copy(&arena, str_of(text, size));

	free(text);
	return copy;
}

static inline const struct policy *case_policy(yyjson_val *value, enum policy_kind kind,
					       const char *name)
{
	const struct policy *policy = NULL;
	struct str problem = {0}, text;

	if (!value)
		return NULL;
	text = case_written(value);
	if (!json_member(value, "Statement"))
		text = arena_format(&arena, "{\"Version\":\"2012-10-17\",\"Statement\":%.*s}",
				    STR_ARG(text));
	if (policy_compile(&arena, text, kind, &policy, &problem) != ERR_OK)
		fail_msg("%s: %.*s: %.*s", name, STR_ARG(problem), STR_ARG(text));
	return policy;
}

static inline void case_set_caller(struct case_request *request, struct str caller)
{
	struct principal *principal = &request->principal;
	struct arn_parts arn = arn_parts_of(caller);
	struct str kind = arn.parts[5], path = kind;

	principal->arn = principal->entity_arn = caller;
	if (!arn.is_arn) {
		principal->type = str_equal(caller, STR("anonymous")) ? PRINCIPAL_ANONYMOUS
								      : PRINCIPAL_SERVICE;
		return;
	}
	principal->account = principal->id = arn.parts[4];
	principal->entity_id = arn.parts[4];
	principal->type = PRINCIPAL_ROOT;
	if (str_starts(kind, STR("user/"))) {
		principal->type = PRINCIPAL_USER;
		principal->id = principal->entity_id = STR("AIDAEXAMPLEUSER00001");
		while (path.data)
			principal->name = str_cut(&path, '/');
	} else if (str_starts(kind, STR("assumed-role/"))) {
		principal->type = PRINCIPAL_ROLE_SESSION;
		str_cut(&path, '/');
		struct str role = str_cut(&path, '/');
		principal->entity_arn = arena_format(&arena, "arn:aws:iam::%.*s:role/%.*s",
						     STR_ARG(principal->account), STR_ARG(role));
		principal->entity_id = STR("AROAEXAMPLEROLE00001");
		principal->id = arena_format(&arena, "AROAEXAMPLEROLE00001:%.*s", STR_ARG(path));
		principal->token_issued_ms = CASE_NOW_MS - 60000;
	} else if (str_starts(kind, STR("federated-user/"))) {
		principal->type = PRINCIPAL_FEDERATED_USER;
		principal->id = arena_format(&arena, "%.*s:%.*s", STR_ARG(principal->account),
					     STR_ARG(str_slice(kind, 15, kind.size)));
		principal->token_issued_ms = CASE_NOW_MS - 60000;
	}
}

static inline bool case_put_tag(struct case_tags *tags, struct str prefix, struct str key,
				struct str value)
{
	if (!str_starts(key, prefix))
		return false;
	assert_true(tags->count < CASE_TAGS);
	tags->pairs[tags->count++] =
		(struct shape_pair){str_slice(key, prefix.size, key.size), value};
	return true;
}

static inline bool case_put_known(struct case_request *request, struct str key, struct str value)
{
	struct policy_request *asked = &request->decide.request;
	const struct {
		const char *key;
		struct str *member;
	} members[] = {
		{"aws:SourceIp", &asked->source_ip},
		{"aws:VpcSourceIp", &asked->source_ip},
		{"aws:SourceVpc", &asked->source_vpc},
		{"aws:SourceVpce", &asked->source_vpce},
		{"aws:UserAgent", &asked->user_agent},
		{"aws:Referer", &asked->referer},
		{"aws:SourceArn", &asked->source_arn},
		{"aws:SourceAccount", &asked->source_account},
		{"aws:RequestedRegion", &asked->region},
		{"aws:CalledVia", &asked->via_service},
		{"aws:SourceIdentity", &request->principal.source_identity},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (str_equal(key, str_from(members[i].key))) {
			*members[i].member = value;
			return true;
		}
	if (str_equal(key, STR("aws:CurrentTime")))
		return condition_date_parse(value, &asked->now_ms);
	if (str_equal(key, STR("aws:TokenIssueTime")))
		return condition_date_parse(value, &request->principal.token_issued_ms);
	if (str_equal(key, STR("aws:SecureTransport"))) {
		asked->is_secure = str_equal(value, STR("true"));
		return true;
	}
	return case_put_tag(&request->principal_tags, STR("aws:PrincipalTag/"), key, value) ||
	       case_put_tag(&request->request_tags, STR("aws:RequestTag/"), key, value) ||
	       case_put_tag(&request->resource_tags, STR("aws:ResourceTag/"), key, value);
}

static inline void case_put(struct case_request *request, struct str key, yyjson_val *value)
{
	struct policy_request *asked = &request->decide.request;
	size_t count = yyjson_is_arr(value) ? yyjson_arr_size(value) : 1;
	struct str *values = arena_array(&arena, struct str, count);

	if (yyjson_is_str(value) && case_put_known(request, key, json_text(value)))
		return;
	for (size_t i = 0; i < count; i++)
		values[i] = json_text(yyjson_is_arr(value) ? yyjson_arr_get(value, i) : value);
	assert_true(asked->key_count < CASE_KEYS);
	request->keys[asked->key_count++] =
		(struct policy_key){.name = key, .values = values, .count = count};
	asked->keys = request->keys;
}

/* A request of `caller` for an action on a resource of account 111122223333. */
static inline void case_begin(struct case_request *request, struct str caller)
{
	struct policy_request *asked = &request->decide.request;

	*request = (struct case_request){0};
	request->principal.is_by_name = true;
	case_set_caller(request, caller);
	asked->action = STR("sqs:SendMessage");
	asked->resource = STR("arn:aws:sqs:eu-west-1:111122223333:orders");
	asked->resource_account = STR("111122223333");
	asked->region = STR("eu-west-1");
	asked->is_secure = true;
	asked->now_ms = CASE_NOW_MS;
}

/* Last of all: the context, and the pointers into the case. */
static inline void case_finish(struct case_request *request, yyjson_val *context)
{
	struct policy_request *asked = &request->decide.request;
	yyjson_val *key, *value;
	size_t i, count;

	if (context)
		yyjson_obj_foreach(context, i, count, key, value)
			case_put(request, json_text(key), value);
	asked->principal = &request->principal;
	request->principal.tags = request->principal_tags.pairs;
	request->principal.tag_count = request->principal_tags.count;
	asked->request_tags = request->request_tags.pairs;
	asked->request_tag_count = request->request_tags.count;
	asked->resource_tags = request->resource_tags.pairs;
	asked->resource_tag_count = request->resource_tags.count;
}

#endif
