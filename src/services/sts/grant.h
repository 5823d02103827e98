/* SPDX-License-Identifier: MIT */
/*
 * grant: shared by AssumeRole and GetFederationToken: checks the policies and tags that are passed
 * for a session, and makes its credentials. The call's thread.
 */
#ifndef TERN_SERVICES_STS_GRANT_H
#define TERN_SERVICES_STS_GRANT_H

#include "api/sts.h"
#include "core/authorize.h"
#include "core/core.h"
#include "core/seal/session_token.h"

/* The policies and tags that a request passes for the session. */
struct sts_passed {
	struct str policy;
	const struct sts_policy_descriptor_type *policy_arns;
	size_t policy_arn_count;
	const struct sts_tag *tags;
	size_t tag_count;
};

/* Sets the session's policies and tags after checks: valid policies, distinct keys of tags. */
must_check enum err sts_take_passed(struct call *call, const struct sts_passed *passed,
				    struct session *session);
/* Checks that managed policies exist in the session's account or are AWS's. Call it after
 * authorization: the answer reveals which policies an account has. */
must_check enum err sts_check_managed(struct call *call, const struct session *session);
/* *out_percent of a token's space that is used; fails if it is more than all. */
must_check enum err sts_check_packed(struct call *call, const struct session *session,
				     int64_t *out_percent);

/* ValidationError: not the ARN of a role. */
must_check enum err sts_check_role_arn(struct call *call, struct str text);
/* Duration of a session of that role. ValidationError: longer than the role allows. */
must_check enum err sts_role_seconds(struct call *call, const struct directory_entity *role,
				     bool is_given, int64_t seconds, int64_t *out_seconds);
struct sts_assumed_role_user *sts_show_role_user(struct call *call,
						 const struct directory_entity *role,
						 const struct session *session);

/* Sets the session's begin and end, makes its key, and the token. */
struct sts_credentials *sts_issue(struct call *call, struct session *session,
				  int64_t duration_seconds);

/* True if the caller's credentials are those of a session. */
bool sts_is_session(const struct call *call);
/* A code of the caller's MFA device; *out_mfa_ms is 0 if none is given. AccessDenied. */
must_check enum err sts_check_mfa(struct call *call, struct str serial, struct str code,
				  int64_t *out_mfa_ms);
/* Adds the condition keys of an MFA code in this request. */
void sts_add_mfa_keys(struct call *call, int64_t mfa_ms);

#endif
