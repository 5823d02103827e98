/* SPDX-License-Identifier: MIT */
/*
 * session: the environment is read once, here, because getenv is not safe beside setenv in
 * other threads.
 */
#include "client/credentials.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arn.h"

enum err session_refuse(char *problem, enum err err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem, TERN_PROBLEM_SIZE, format, arguments);
	va_end(arguments);
	return err;
}

/* An empty variable counts as unset, as AWS's tools have it. */
struct str session_environment(struct arena *arena, const char *name)
{
	const char *text = getenv(name);

	return text && *text ? arena_copy(arena, str_from(text)) : (struct str){0};
}

static struct str first_of(struct str a, struct str b)
{
	return a.size > 0 ? a : b;
}

static bool is_true(struct str text)
{
	return str_equal_nocase(text, STR("true"));
}

/* ---- the shared files ---- */

struct str session_profile(const struct tern_session *session, const char *key)
{
	struct str value = {0};

	(void)profile_find(&session->config, STR("profile"), session->profile, STR(""),
			   str_from(key), &value); /* absent is empty */
	return value;
}

struct str session_secret(const struct tern_session *session, const char *key)
{
	struct str value = {0};

	(void)profile_find(&session->secrets, STR("profile"), session->profile, STR(""),
			   str_from(key), &value); /* absent is empty */
	return value;
}

/* The path of a shared file: from the environment, with "~/" at its start, or in ~/.aws. */
static const char *shared_path(struct arena *arena, const char *variable, const char *name)
{
	struct str path = session_environment(arena, variable);
	struct str home = session_environment(arena, "HOME");

	if (path.size == 0)
		path = arena_format(arena, "%.*s/.aws/%s", STR_ARG(home), name);
	else if (str_starts(path, STR("~/")))
		path = arena_format(arena, "%.*s%.*s", STR_ARG(home),
				    STR_ARG(str_slice(path, 1, path.size)));
	return arena_cstr(arena, path);
}

static enum err load_file(struct arena *arena, const char *variable, const char *name,
			  bool is_credentials, struct profile_file *out_file, char *problem)
{
	const char *path = shared_path(arena, variable, name);

	enum err err = profile_load(arena, path, is_credentials, out_file);
	if (err == ERR_TOOLARGE)
		return session_refuse(problem, err, "%s is larger than 1 MiB", path);
	if (err)
		return session_refuse(problem, err, "cannot read %s: %s", path, strerror(errno));
	return ERR_OK;
}

static enum err load_profile(struct tern_session *session, const struct tern_options *options,
			     char *problem)
{
	struct arena *arena = &session->arena;
	struct str named = arena_copy(arena, options->profile);

	enum err err =
		load_file(arena, "AWS_CONFIG_FILE", "config", false, &session->config, problem);
	if (err)
		return err;
	err = load_file(arena, "AWS_SHARED_CREDENTIALS_FILE", "credentials", true,
			&session->secrets, problem);
	if (err)
		return err;
	named = first_of(named, session_environment(arena, "AWS_PROFILE"));
	named = first_of(named, session_environment(arena, "AWS_DEFAULT_PROFILE"));
	session->profile = first_of(named, STR("default"));
	if (named.size > 0 && !str_equal(named, STR("default")) &&
	    !profile_exists(&session->config, STR("profile"), named) &&
	    !profile_exists(&session->secrets, STR("profile"), named))
		return session_refuse(
			problem, ERR_INVALID,
			"the profile %.*s is in neither ~/.aws/config nor ~/.aws/credentials",
			STR_ARG(named));
	return ERR_OK;
}

/* ---- endpoint ---- */

static struct str without_slash(struct str url)
{
	while (str_ends(url, STR("/")))
		url.size--;
	return url;
}

static bool is_url(struct str url)
{
	struct str rest = {0};

	if (str_starts(url, STR("http://")))
		rest = str_slice(url, 7, url.size);
	else if (str_starts(url, STR("https://")))
		rest = str_slice(url, 8, url.size);
	for (size_t i = 0; i < rest.size; i++)
		if ((unsigned char)rest.data[i] <= ' ' || rest.data[i] == '?' ||
		    rest.data[i] == '#' || rest.data[i] == '@')
			return false;
	return rest.size > 0 && rest.data[0] != '/' && rest.data[0] != ':';
}

/* Keeps the AWS_ENDPOINT_URL_<SERVICE> variables. */
static void keep_endpoints(struct tern_session *session)
{
	static const struct str prefix = STR_INIT("AWS_ENDPOINT_URL_");
	size_t count = 0;

	for (char **line = environ; *line; line++)
		count += str_starts(str_from(*line), prefix);
	session->endpoints = arena_array(&session->arena, struct session_endpoint, count);
	for (char **line = environ; *line && session->endpoint_count < count; line++) {
		struct str value = str_from(*line);
		if (!str_starts(value, prefix))
			continue;
		struct str name = str_cut(&value, '=');
		name = str_slice(name, prefix.size, name.size);
		if (name.size == 0 || value.size == 0)
			continue;
		struct session_endpoint *kept = &session->endpoints[session->endpoint_count++];
		kept->service = arena_copy(&session->arena, name);
		kept->url = arena_copy(&session->arena, value);
	}
}

static struct str configured_endpoint(const struct tern_session *session, struct str service)
{
	struct str url = {0};

	if (session->ignores_configured)
		return url;
	for (size_t i = 0; i < session->endpoint_count; i++)
		if (str_equal_nocase(session->endpoints[i].service, service))
			return session->endpoints[i].url;
	if (session->endpoint_url_everywhere.size > 0)
		return session->endpoint_url_everywhere;
	struct str section = session_profile(session, "services");
	if (section.size > 0 && profile_find(&session->config, STR("services"), section, service,
					     STR("endpoint_url"), &url))
		return url;
	return session_profile(session, "endpoint_url");
}

/* Empty: AWS's own. */
static struct str known_endpoint(const struct tern_session *session, struct str service)
{
	if (session->wants_aws)
		return (struct str){0};
	struct str url = first_of(session->endpoint_url, configured_endpoint(session, service));
	return without_slash(first_of(url, session->endpoint_url_default));
}

/* IAM has one host for all regions of a partition, and one region that requests are signed for. */
static const struct global {
	struct str partition, region, url;
} globals[] = {
	{STR_INIT("aws"), STR_INIT("us-east-1"), STR_INIT("https://iam.amazonaws.com")},
	{STR_INIT("aws-cn"), STR_INIT("cn-north-1"),
	 STR_INIT("https://iam.cn-north-1.amazonaws.com.cn")},
	{STR_INIT("aws-us-gov"), STR_INIT("us-gov-west-1"),
	 STR_INIT("https://iam.us-gov.amazonaws.com")},
};

/* NULL: the service has a host in each region. */
static const struct global *global_of(const struct tern_session *session,
				      const struct service *service)
{
	struct str partition = arn_partition(session->region);

	if (!str_equal(service->name, STR("iam")))
		return NULL;
	for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++)
		if (str_equal(globals[i].partition, partition))
			return &globals[i];
	return NULL;
}

struct str session_region_of(const struct tern_session *session, const struct service *service)
{
	const struct global *global = global_of(session, service);

	if (!global || known_endpoint(session, service->sdk_id).size > 0)
		return session->region;
	return global->region;
}

struct str tern_session_endpoint(const struct tern_session *session, const struct service *service,
				 char *out)
{
	struct str url = known_endpoint(session, service->sdk_id);

	if (url.size > 0)
		return url;
	const struct global *global = global_of(session, service);
	if (global)
		return global->url;
	bool is_china = str_equal(arn_partition(session->region), STR("aws-cn"));
	const char *domain = is_china ? "amazonaws.com.cn" : "amazonaws.com";
	int size =
		snprintf(out, TERN_ENDPOINT_SIZE, "https://%.*s.%.*s.%s",
			 STR_ARG(service_signing_name(service)), STR_ARG(session->region), domain);
	check(size > 0);
	check(size < TERN_ENDPOINT_SIZE);
	return str_of(out, (size_t)size);
}

static enum err check_url(struct str url, char *problem)
{
	if (url.size == 0 || is_url(url))
		return ERR_OK;
	return session_refuse(problem, ERR_INVALID,
			      "\"%.*s\" is not an endpoint: it must look like http://host:port or "
			      "https://host",
			      STR_ARG(url));
}

static enum err find_endpoint(struct tern_session *session, const struct tern_options *options,
			      char *problem)
{
	struct arena *arena = &session->arena;

	session->wants_aws = options->wants_aws;
	session->certificates = first_of(session_environment(arena, "AWS_CA_BUNDLE"),
					 session_profile(session, "ca_bundle"));
	session->endpoint_url = arena_copy(arena, options->endpoint_url);
	session->endpoint_url_default = arena_copy(arena, options->endpoint_url_default);
	session->endpoint_url_everywhere = session_environment(arena, "AWS_ENDPOINT_URL");
	session->ignores_configured =
		is_true(first_of(session_environment(arena, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
				 session_profile(session, "ignore_configured_endpoint_urls")));
	keep_endpoints(session);
	const struct str urls[] = {session->endpoint_url, session->endpoint_url_default,
				   session->endpoint_url_everywhere,
				   session_profile(session, "endpoint_url")};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		enum err err = check_url(urls[i], problem);
		if (err)
			return err;
	}
	for (size_t i = 0; i < session->endpoint_count; i++) {
		enum err err = check_url(session->endpoints[i].url, problem);
		if (err)
			return err;
	}
	return ERR_OK;
}

/* True if nothing names an endpoint of any service. */
static bool is_at_aws(const struct tern_session *session)
{
	if (session->wants_aws)
		return true;
	if (session->endpoint_url.size > 0 || session->endpoint_url_default.size > 0)
		return false;
	return session->ignores_configured ||
	       (session->endpoint_count == 0 && session->endpoint_url_everywhere.size == 0 &&
		session_profile(session, "endpoint_url").size == 0 &&
		session_profile(session, "services").size == 0);
}

/* ---- region ---- */

static bool is_region(struct str region)
{
	for (size_t i = 0; i < region.size; i++)
		if (!isalnum((unsigned char)region.data[i]) && region.data[i] != '-')
			return false;
	return region.size > 0 && region.size <= 64;
}

static enum err find_region(struct tern_session *session, const struct tern_options *options,
			    bool is_aws, char *problem)
{
	struct arena *arena = &session->arena;
	struct str region = arena_copy(arena, options->region);

	region = first_of(region, session_environment(arena, "AWS_REGION"));
	region = first_of(region, session_environment(arena, "AWS_DEFAULT_REGION"));
	region = first_of(region, session_profile(session, "region"));
	if (region.size == 0 && is_aws)
		return session_refuse(problem, ERR_INVALID,
				      "no region for AWS: set AWS_REGION or give one explicitly");
	region = first_of(region, STR("us-east-1"));
	if (!is_region(region))
		return session_refuse(problem, ERR_INVALID,
				      "\"%.*s\" is not a region, such as eu-west-1",
				      STR_ARG(region));
	session->region = region;
	return ERR_OK;
}

static enum err find_attempts(struct tern_session *session, const struct tern_options *options,
			      char *problem)
{
	struct str text = first_of(session_environment(&session->arena, "AWS_MAX_ATTEMPTS"),
				   session_profile(session, "max_attempts"));
	uint64_t attempts = (uint64_t)tern_retry_standard.attempts_max;

	if (options->attempts_max > 0)
		attempts = (uint64_t)options->attempts_max;
	else if (text.size > 0 && (!str_to_u64(text, &attempts) || attempts < 1 || attempts > 100))
		return session_refuse(problem, ERR_INVALID,
				      "AWS_MAX_ATTEMPTS is \"%.*s\" and must be from 1 to 100",
				      STR_ARG(text));
	session->policy = tern_retry_standard;
	session->policy.attempts_max = (int)attempts;
	tern_retry_budget_init(&session->budget);
	return ERR_OK;
}

/* ---- life ---- */

static void init_library(void)
{
	base_init();
	check(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
}

static enum err fill(struct tern_session *session, const struct tern_options *options,
		     const struct session_lineage *lineage, char *problem)
{
	enum err err = load_profile(session, options, problem);
	if (err)
		return err;
	err = find_endpoint(session, options, problem);
	if (err)
		return err;
	bool is_aws = is_at_aws(session);
	err = find_region(session, options, is_aws, problem);
	if (err)
		return err;
	err = credentials_find(session, options, lineage, is_aws, problem);
	if (err)
		return err;
	return find_attempts(session, options, problem);
}

enum err session_new(const struct tern_options *options, const struct session_lineage *lineage,
		     struct tern_session **out_session, char *problem)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tern_session *session = heap_alloc(sizeof(*session));

	pthread_once(&once, init_library);
	arena_init(&session->arena);
	session->connect_timeout_ms =
		options->connect_timeout_ms > 0 ? options->connect_timeout_ms : 5000;
	session->answer_timeout_ms =
		options->answer_timeout_ms > 0 ? options->answer_timeout_ms : 60000;
	session->user_agent =
		arena_format(&session->arena, "%.*s%slibtern/" TERN_VERSION,
			     STR_ARG(options->user_agent), options->user_agent.size > 0 ? " " : "");
	credentials_init(session);
	enum err err = fill(session, options, lineage, problem);
	if (err) {
		tern_session_free(&session);
		return err;
	}
	*out_session = session;
	return ERR_OK;
}

enum err tern_session_new(const struct tern_options *options, struct tern_session **out_session,
			  char *problem)
{
	const struct session_lineage first = {0};

	return session_new(options, &first, out_session, problem);
}

void tern_session_free(struct tern_session **session)
{
	if (!*session)
		return;
	credentials_done(*session);
	arena_done(&(*session)->arena);
	heap_free(*session);
	*session = NULL;
}

/* The sessions behind it, which may be asked for credentials, too. */
static void set_stopped(struct tern_session *session, bool is_stopped)
{
	for (; session; session = session->source)
		atomic_store(&session->is_stopped, is_stopped);
}

void tern_session_stop(struct tern_session *session)
{
	set_stopped(session, true);
}

void tern_session_resume(struct tern_session *session)
{
	set_stopped(session, false);
}

bool tern_session_is_stopped(const struct tern_session *session)
{
	return atomic_load(&session->is_stopped);
}

struct str tern_session_region(const struct tern_session *session)
{
	return session->region;
}

struct str tern_session_ca_bundle(const struct tern_session *session)
{
	return session->certificates;
}

const char *tern_version(void)
{
	return TERN_VERSION;
}
