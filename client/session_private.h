/* SPDX-License-Identifier: MIT */
/* session: the struct behind a session, for the sources of client/. settings.c implements it. */
#ifndef TERN_CLIENT_SESSION_PRIVATE_H
#define TERN_CLIENT_SESSION_PRIVATE_H

#include <pthread.h>

#include "client/profile.h"
#include "client/retry.h"
#include "client/session.h"

/* AWS_ENDPOINT_URL_<SERVICE> as it was when the session was made. */
struct session_endpoint {
	struct str service; /* in lower case: "sqs" */
	struct str url;
};

/* The role that is assumed. */
struct assumed_role {
	struct str arn, session_name, external_id;
	int64_t duration_s; /* 0: as the service has it */
};

enum credential_provider { PROVIDER_NONE, PROVIDER_ROLE, PROVIDER_PROCESS };

struct tern_session {
	struct arena arena; /* holds all texts */
	struct str endpoint_url;
	struct str endpoint_url_everywhere; /* AWS_ENDPOINT_URL */
	struct str endpoint_url_default;
	struct session_endpoint *endpoints;
	size_t endpoint_count;
	bool wants_aws, ignores_configured;
	struct str profile, region, user_agent, certificates;
	struct tern_credentials credentials; /* of PROVIDER_NONE */
	/* credentials.c's. */
	enum credential_provider provider;
	struct assumed_role role;
	struct str process;			     /* credential_process */
	struct tern_session *source;		     /* the session that assumes the role */
	pthread_mutex_t provider_lock;		     /* for what follows */
	struct arena provided;			     /* all credentials that the provider gave */
	const struct tern_credentials *provided_now; /* NULL: not fetched yet */
	int64_t expires_ms, renew_at_ms;

	struct profile_file config, secrets;
	struct tern_retry_policy policy;
	struct tern_retry_budget budget;
	int64_t connect_timeout_ms, answer_timeout_ms;
	atomic_bool is_stopped;
};

/* How a session came from another one, whose role it is to assume. */
struct session_lineage {
	int depth;
	bool wants_own_keys; /* the role of the profile is the other session's */
};
must_check enum err session_new(const struct tern_options *options,
				const struct session_lineage *lineage,
				struct tern_session **out_session, char *problem);

/* Writes the problem, TERN_PROBLEM_SIZE bytes at the most, and returns `err`. */
must_check enum err session_refuse(char *problem, enum err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The region that requests to the service are signed for. */
struct str session_region_of(const struct tern_session *session, const struct service *service);

/* An environment variable; empty if it is not set. */
struct str session_environment(struct arena *arena, const char *name);
/* A setting of the session's profile in the config file, and in the credentials file; or empty. */
struct str session_profile(const struct tern_session *session, const char *key);
struct str session_secret(const struct tern_session *session, const char *key);

#endif
