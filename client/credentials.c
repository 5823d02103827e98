/* SPDX-License-Identifier: MIT */
/*
 * credentials: one lock a session, held while new ones are fetched, so that many threads ask once.
 *
 * Old ones stay where they are until the session ends, since requests may still be signed with
 * them: some hundred bytes an hour. A role's source is a session of its own, and may itself be a
 * role's.
 */
#include "client/credentials.h"

#include <stdio.h>

#include "base/command.h"
#include "format/json.h"

enum {
	EARLY_MS = 300000, /* credentials are renewed so long before they expire */
	AGAIN_MS = 10000,  /* after a failed renewal, while the old ones are valid */
	CHAIN_MAX = 8,	   /* roles that are assumed with the credentials of a role */
	OUTPUT_SIZE_MAX = 65536,
};

#define EXPORT_ADVICE "run: eval \"$(aws configure export-credentials --format env)\""

/* Credentials for an endpoint that is not AWS; a server that verifies signatures refuses them. */
static const struct tern_credentials open_credentials = {
	STR_INIT("tern"), STR_INIT("tern"), {NULL, 0}};

/* ---- sources ---- */

static bool is_complete(const struct tern_credentials *credentials)
{
	return credentials->access_key_id.size > 0 && credentials->secret_access_key.size > 0;
}

static bool is_half(const struct tern_credentials *credentials)
{
	return (credentials->access_key_id.size > 0) != (credentials->secret_access_key.size > 0);
}

/* ERR_NOTFOUND if there are none. */
static enum err take_first(struct tern_session *session, const struct tern_credentials *sources,
			   size_t count, char *problem)
{
	for (size_t i = 0; i < count; i++) {
		if (is_half(&sources[i]))
			return session_refuse(
				problem, ERR_INVALID,
				"there is only half of a key pair: set both AWS_ACCESS_KEY_ID "
				"and AWS_SECRET_ACCESS_KEY");
		if (!is_complete(&sources[i]))
			continue;
		session->credentials = sources[i];
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

static struct tern_credentials of_environment(struct arena *arena)
{
	return (struct tern_credentials){session_environment(arena, "AWS_ACCESS_KEY_ID"),
					 session_environment(arena, "AWS_SECRET_ACCESS_KEY"),
					 session_environment(arena, "AWS_SESSION_TOKEN")};
}

static enum err find_explicit(struct tern_session *session, const struct tern_options *options,
			      char *problem)
{
	struct arena *arena = &session->arena;
	struct tern_credentials sources[] = {
		{arena_copy(arena, options->access_key_id),
		 arena_copy(arena, options->secret_access_key),
		 arena_copy(arena, options->session_token)},
		of_environment(arena),
	};

	return take_first(session, sources, options->profile.size > 0 ? 1 : 2, problem);
}

static enum err find_in_profile(struct tern_session *session, char *problem)
{
	const struct tern_credentials sources[] = {
		{session_secret(session, "aws_access_key_id"),
		 session_secret(session, "aws_secret_access_key"),
		 session_secret(session, "aws_session_token")},
		{session_profile(session, "aws_access_key_id"),
		 session_profile(session, "aws_secret_access_key"),
		 session_profile(session, "aws_session_token")},
	};

	return take_first(session, sources, 2, problem);
}

/* ---- roles ---- */

/* The session that assumes the role: of another profile, of this one's own keys, or the
 * environment's. */
static enum err open_source(struct tern_session *session, const struct tern_options *options,
			    const struct session_lineage *lineage, char *problem)
{
	struct str source = session_profile(session, "source_profile");
	struct str place = session_profile(session, "credential_source");
	struct tern_options nested = *options;

	struct session_lineage origin = {.depth = lineage->depth + 1};

	nested.role_arn = (struct str){0};
	nested.profile = source;
	if (origin.depth > CHAIN_MAX)
		return session_refuse(
			problem, ERR_INVALID,
			"the profiles that lead to %.*s by source_profile go round in a circle",
			STR_ARG(session->profile));
	if (options->role_arn.size > 0) {
		nested.profile = options->profile;
	} else if (str_equal(place, STR("Environment"))) {
		const struct tern_credentials keys = of_environment(&session->arena);
		nested.profile = (struct str){0};
		nested.access_key_id = keys.access_key_id;
		nested.secret_access_key = keys.secret_access_key;
		nested.session_token = keys.session_token;
	} else if (source.size == 0) {
		return session_refuse(
			problem, ERR_INVALID,
			"the profile %.*s has a role_arn and needs a source_profile, or "
			"credential_source = Environment",
			STR_ARG(session->profile));
	} else {
		origin.wants_own_keys = str_equal(source, session->profile);
	}
	return session_new(&nested, &origin, &session->source, problem);
}

/* ERR_NOTFOUND if there is no role. */
static enum err find_role(struct tern_session *session, const struct tern_options *options,
			  const struct session_lineage *lineage, char *problem)
{
	struct assumed_role *role = &session->role;
	bool is_explicit = options->role_arn.size > 0;
	struct str duration = session_profile(session, "duration_seconds");

	role->arn = is_explicit ? arena_copy(&session->arena, options->role_arn)
				: session_profile(session, "role_arn");
	if (role->arn.size == 0 || lineage->wants_own_keys)
		return ERR_NOTFOUND;
	role->session_name = is_explicit ? arena_copy(&session->arena, options->role_session_name)
					 : session_profile(session, "role_session_name");
	if (role->session_name.size == 0)
		role->session_name =
			arena_format(&session->arena, "tern-%lld", (long long)clock_now_ms());
	role->external_id = is_explicit ? arena_copy(&session->arena, options->external_id)
					: session_profile(session, "external_id");
	if (is_explicit)
		role->duration_s = options->role_duration_s;
	else if (duration.size > 0 && !str_to_i64(duration, &role->duration_s))
		return session_refuse(problem, ERR_INVALID, "duration_seconds is \"%.*s\"",
				      STR_ARG(duration));
	if (session_profile(session, "mfa_serial").size > 0)
		return session_refuse(
			problem, ERR_INVALID,
			"the profile %.*s wants a code (mfa_serial), which is not asked "
			"for; " EXPORT_ADVICE,
			STR_ARG(session->profile));
	session->provider = PROVIDER_ROLE;
	return open_source(session, options, lineage, problem);
}

static enum err find_process(struct tern_session *session)
{
	session->process = session_profile(session, "credential_process");
	if (session->process.size == 0)
		return ERR_NOTFOUND;
	session->provider = PROVIDER_PROCESS;
	return ERR_OK;
}

/* A profile that gets its credentials elsewhere must not be taken for one without any. */
static enum err check_sources(const struct tern_session *session, char *problem)
{
	static const char *const sources[] = {"sso_session", "sso_start_url",
					      "web_identity_token_file"};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (session_profile(session, sources[i]).size > 0)
			return session_refuse(
				problem, ERR_INVALID,
				"the profile %.*s has its credentials from %s, which is not "
				"looked for; " EXPORT_ADVICE,
				STR_ARG(session->profile), sources[i]);
	return ERR_OK;
}

enum err credentials_find(struct tern_session *session, const struct tern_options *options,
			  const struct session_lineage *lineage, bool is_aws, char *problem)
{
	if (options->role_arn.size > 0)
		return find_role(session, options, lineage, problem);
	enum err err = find_explicit(session, options, problem);
	if (err == ERR_NOTFOUND)
		err = find_role(session, options, lineage, problem);
	if (err == ERR_NOTFOUND)
		err = find_in_profile(session, problem);
	if (err == ERR_NOTFOUND)
		err = find_process(session);
	if (err != ERR_NOTFOUND)
		return err;
	if (is_aws)
		return session_refuse(
			problem, ERR_INVALID,
			"no credentials for AWS: set AWS_ACCESS_KEY_ID and "
			"AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for single sign-on " EXPORT_ADVICE);
	session->credentials = open_credentials;
	return check_sources(session, problem);
}

void credentials_init(struct tern_session *session)
{
	pthread_mutex_init(&session->provider_lock, NULL);
	arena_init(&session->provided);
}

void credentials_done(struct tern_session *session)
{
	tern_session_free(&session->source);
	arena_done(&session->provided);
	pthread_mutex_destroy(&session->provider_lock);
}

/* ---- fetching ---- */

static void keep(struct tern_session *session, const struct tern_credentials *fresh,
		 int64_t expires_ms)
{
	struct tern_credentials *kept = arena_new(&session->provided, struct tern_credentials);

	kept->access_key_id = arena_copy(&session->provided, fresh->access_key_id);
	kept->secret_access_key = arena_copy(&session->provided, fresh->secret_access_key);
	kept->session_token = arena_copy(&session->provided, fresh->session_token);
	session->provided_now = kept;
	session->expires_ms = expires_ms;
}

static enum err run_role(struct tern_session *session, credentials_assume_fn assume, char *problem)
{
	struct tern_credentials fresh;
	struct arena arena;
	int64_t expires_ms;

	arena_init(&arena);
	enum err err =
		assume(session->source, &session->role, &arena, &fresh, &expires_ms, problem);
	if (!err)
		keep(session, &fresh, expires_ms);
	arena_done(&arena);
	return err;
}

/* The program's output, in the arena. False if it failed. */
static bool run_program(struct arena *arena, struct str command, struct str *out_text)
{
	char *bytes = arena_bytes(arena, OUTPUT_SIZE_MAX);
	FILE *stream;
	pid_t pid;

	if (command_start(arena_cstr(arena, command), &pid, &stream) != 0)
		return false;
	size_t size = fread(bytes, 1, OUTPUT_SIZE_MAX, stream);
	*out_text = str_of(bytes, size);
	fclose(stream);
	return command_wait(pid) == 0 && size < OUTPUT_SIZE_MAX;
}

static enum err read_program(struct tern_session *session, struct arena *arena, char *problem)
{
	int64_t expires_ms = INT64_MAX;
	yyjson_val *root = NULL;
	struct str text;

	if (!run_program(arena, session->process, &text))
		return session_refuse(problem, ERR_INVALID,
				      "the credential_process of profile %.*s failed",
				      STR_ARG(session->profile));
	if (json_parse(arena, text, &root) != ERR_OK)
		root = NULL;
	const struct tern_credentials fresh = {json_text(json_member(root, "AccessKeyId")),
					       json_text(json_member(root, "SecretAccessKey")),
					       json_text(json_member(root, "SessionToken"))};
	struct str expiration = json_text(json_member(root, "Expiration"));
	if (!is_complete(&fresh) || yyjson_get_int(json_member(root, "Version")) != 1 ||
	    (expiration.size > 0 && !clock_parse_iso(expiration, &expires_ms)))
		return session_refuse(
			problem, ERR_INVALID,
			"the credential_process of profile %.*s does not print what it should: "
			"{\"Version\": 1, \"AccessKeyId\": ..., \"SecretAccessKey\": ...}",
			STR_ARG(session->profile));
	keep(session, &fresh, expires_ms);
	return ERR_OK;
}

static enum err run_process(struct tern_session *session, char *problem)
{
	struct arena arena;

	arena_init(&arena);
	enum err err = read_program(session, &arena, problem);
	arena_done(&arena);
	return err;
}

/* With the lock. */
static enum err renew(struct tern_session *session, credentials_assume_fn assume, char *problem)
{
	int64_t now_ms = clock_now_ms();

	if (session->provided_now &&
	    (now_ms < session->expires_ms - EARLY_MS || now_ms < session->renew_at_ms))
		return ERR_OK;
	enum err err = session->provider == PROVIDER_ROLE ? run_role(session, assume, problem)
							  : run_process(session, problem);
	/* Credentials may be valid for less than EARLY_MS: not every call should renew them. */
	session->renew_at_ms = now_ms + AGAIN_MS;
	if (err && session->provided_now && now_ms < session->expires_ms)
		return ERR_OK;
	return err;
}

enum err credentials_get(struct tern_session *session, credentials_assume_fn assume,
			 const struct tern_credentials **out_credentials, char *problem)
{
	if (session->provider == PROVIDER_NONE) {
		*out_credentials = &session->credentials;
		return ERR_OK;
	}
	pthread_mutex_lock(&session->provider_lock);
	enum err err = renew(session, assume, problem);
	if (!err)
		*out_credentials = session->provided_now;
	pthread_mutex_unlock(&session->provider_lock);
	return err;
}
