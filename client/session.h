/* SPDX-License-Identifier: MIT */
/*
 * session: where to, who, and how patiently; found out once and shared by any number of calls.
 *
 * Made by one thread from the options, AWS's environment variables and AWS's shared files;
 * read-only afterwards but for the retry budget and its being stopped, so any thread may use it. It
 * outlives its calls. Order of precedence, for each item on its own (AWS SDKs and Tools Reference
 * Guide, "Settings reference"):
 *
 *   endpoint     options.endpoint_url, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's
 *                services section, the profile's endpoint_url, options.endpoint_url_default, AWS
 *   region       options.region, AWS_REGION, AWS_DEFAULT_REGION, the profile; if not at AWS
 *                us-east-1
 *   credentials  options, environment (not if options.profile is given), the profile: its role_arn
 *                (with source_profile or credential_source = Environment), its keys in the
 *                credentials file, then in the config file, its credential_process; "tern" if not
 *                at AWS. options.role_arn is assumed with what is found so.
 *   attempts     options.attempts_max, AWS_MAX_ATTEMPTS, the profile's max_attempts, 3
 *
 * A profile is options.profile, AWS_PROFILE, AWS_DEFAULT_PROFILE or "default". Credentials of roles
 * and processes are asked for by the first call that needs them, and again five minutes before they
 * end. Single sign-on, web identities, MFA codes and the instance's own are not looked for.
 */
#ifndef TERN_CLIENT_SESSION_H
#define TERN_CLIENT_SESSION_H

#include "base/err.h"
#include "base/str.h"
#include "wire/shape.h"

#define TERN_PROBLEM_SIZE 512

/* Zero-initialised is all defaults. Texts are borrowed until tern_session_new returns. */
struct tern_options {
	struct str endpoint_url;	 /* "http://host:port" */
	struct str endpoint_url_default; /* if nothing else names one */
	bool wants_aws;			 /* AWS's own host, whatever is configured */
	struct str region;
	struct str profile;
	struct str access_key_id, secret_access_key, session_token;
	/* A role to assume with the credentials that are found otherwise. */
	struct str role_arn;
	struct str role_session_name; /* empty: "tern-<time>" */
	struct str external_id;	      /* empty: none */
	int64_t role_duration_s;      /* 0: as the service has it, an hour */
	struct str user_agent;	      /* put before ours */
	int attempts_max;
	int64_t connect_timeout_ms; /* 0: 5000 */
	int64_t answer_timeout_ms;  /* for a whole attempt; 0: 60000. A long poll takes 20 s. */
};

struct tern_credentials {
	struct str access_key_id;
	struct str secret_access_key;
	struct str session_token; /* may be empty */
};

struct tern_session;

/*
 * ERR_INVALID with one sentence in `problem` (TERN_PROBLEM_SIZE bytes, ends with NUL) that says
 * what is wrong and what to do: a profile that does not exist, half of a key pair, an endpoint that
 * is no URL, no region or credentials for AWS. ERR_IO if a shared file cannot be read.
 */
must_check enum err tern_session_new(const struct tern_options *options,
				     struct tern_session **out_session, char *problem);
void tern_session_free(struct tern_session **session);

/* Ends all waiting of the session's calls soon, with ERR_CLOSED. Allowed in a signal handler. */
void tern_session_stop(struct tern_session *session);
/* Calls work again, for what must still be said after a stop. */
void tern_session_resume(struct tern_session *session);
bool tern_session_is_stopped(const struct tern_session *session);

struct str tern_session_region(const struct tern_session *session); /* borrowed */
/* The file of certificate authorities to accept (AWS_CA_BUNDLE, ca_bundle); empty: the system's. */
struct str tern_session_ca_bundle(const struct tern_session *session);
/*
 * The current credentials; borrowed from the session. May block while it requests them.
 * ERR_INVALID: the provider refused; ERR_CLOSED: no provider answered; with a sentence in `problem`
 * (TERN_PROBLEM_SIZE bytes, ends with NUL).
 */
must_check enum err tern_session_credentials(struct tern_session *session,
					     const struct tern_credentials **out_credentials,
					     char *problem);
/*
 * The service's base URL without a slash at its end. Into `out`, if it has to be made up (AWS's
 * host), and borrowed then: TERN_ENDPOINT_SIZE bytes.
 */
#define TERN_ENDPOINT_SIZE 256
struct str tern_session_endpoint(const struct tern_session *session, const struct service *service,
				 char *out);

/* The library's version: "0.1.0". Static. */
const char *tern_version(void);

#endif
