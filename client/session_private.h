/* SPDX-License-Identifier: MIT */
/* session: what session.c, call.c and transport.c share. */
#ifndef TERN_CLIENT_SESSION_PRIVATE_H
#define TERN_CLIENT_SESSION_PRIVATE_H

#include "client/profile.h"
#include "client/retry.h"
#include "client/session.h"

/* AWS_ENDPOINT_URL_<SERVICE> as it was when the session was made. */
struct session_endpoint {
	struct str service; /* in lower case: "sqs" */
	struct str url;
};

struct tern_session {
	struct arena arena; /* holds all texts */
	struct str endpoint_url;
	struct str endpoint_url_everywhere; /* AWS_ENDPOINT_URL */
	struct str endpoint_url_default;
	struct session_endpoint *endpoints;
	size_t endpoint_count;
	bool wants_aws, ignores_configured;
	struct str profile, region, user_agent, certificates;
	struct tern_credentials credentials;
	struct profile_file config, secrets;
	struct tern_retry_policy policy;
	struct tern_retry_budget budget;
	int64_t connect_timeout_ms, answer_timeout_ms;
	atomic_bool is_stopped;
};

#endif
