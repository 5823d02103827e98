/* SPDX-License-Identifier: MIT */
/*
 * session_store: a table of recent tokens, one slot a hash of the key id. The principal of a token
 * is built without the lock; two threads may build it at the same time, and the later one stays in
 * the slot.
 */
#include "core/seal/session_store.h"

#include <pthread.h>
#include <string.h>

enum { PLACES = 512 };

struct place {
	char *token; /* with its size; NULL: free */
	size_t token_size;
	char key_id[SESSION_KEY_ID_SIZE];
	char secret[SESSION_SECRET_SIZE];
	const struct principal *principal;
	int64_t expires_ms;
	uint64_t generation; /* of the directory when it was made */
};

struct session_store {
	struct seal *seal;
	struct directory *directory;
	pthread_mutex_t lock;
	struct place places[PLACES];
};

struct session_store *session_store_new(struct seal *seal, struct directory *directory)
{
	struct session_store *sessions = heap_alloc(sizeof(*sessions));

	sessions->seal = seal;
	sessions->directory = directory;
	check(pthread_mutex_init(&sessions->lock, NULL) == 0);
	return sessions;
}

static void clear(struct place *place)
{
	principal_release(place->principal);
	heap_free(place->token);
	explicit_bzero(place, sizeof(*place));
}

void session_store_free(struct session_store **sessions)
{
	if (!*sessions)
		return;
	for (size_t i = 0; i < PLACES; i++)
		clear(&(*sessions)->places[i]);
	pthread_mutex_destroy(&(*sessions)->lock);
	heap_free(*sessions);
	*sessions = NULL;
}

/* ---- from a session to its principal ---- */

/* Replaces a deleted session policy, as a session without policies would be unlimited. */
static const struct policy *policy_of_nothing(struct arena *arena)
{
	static const struct str text =
		STR_INIT("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			 "\"Action\":\"tern:Nothing\",\"Resource\":\"*\"}]}");
	const struct policy *policy;
	struct str problem;

	enum err err = policy_compile(arena, text, POLICY_IDENTITY, &policy, &problem);
	check(err == ERR_OK);
	return policy;
}

static const struct policy *compile(struct arena *arena, struct str text)
{
	const struct policy *policy;
	struct str problem;

	if (policy_compile(arena, text, POLICY_IDENTITY, &policy, &problem) == ERR_OK)
		return policy;
	return policy_of_nothing(arena);
}

static const struct policy *managed(struct arena *arena, struct directory *directory,
				    struct str arn)
{
	const struct directory_entity *entity = directory_find_arn(directory, arn);
	const struct directory_version *version = NULL;
	const struct policy *policy;

	if (entity && entity->kind == DIRECTORY_POLICY)
		version = directory_default(entity);
	policy = version ? policy_hold(version->policy) : policy_of_nothing(arena);
	directory_release(entity);
	return policy;
}

/*
 * A federated user of a root user, which has all permissions without a policy: the session policies
 * limit one that allows everything. Takes over the reference.
 */
static const struct principal *with_root_policy(struct arena *arena,
						const struct principal *principal,
						const struct session *session)
{
	static const struct str text =
		STR_INIT("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			 "\"Action\":\"*\",\"Resource\":\"*\"}]}");

	if (!principal || session->kind != SESSION_FEDERATED ||
	    !str_equal(session->entity_id, session->account))
		return principal;
	const struct policy *all = compile(arena, text);
	struct principal draft = *principal;
	draft.identity = &all;
	draft.identity_count = 1;
	const struct principal *able = principal_new(&draft);
	policy_release(all);
	principal_release(principal);
	return able;
}

/*
 * The principal of that session, with its policies compiled; NULL if its user or role was deleted.
 * Release the reference.
 */
static const struct principal *principal_of(struct directory *directory,
					    const struct session *session)
{
	static const enum directory_session_kind kinds[] = {
		[SESSION_ROLE] = DIRECTORY_SESSION_ROLE,
		[SESSION_SELF] = DIRECTORY_SESSION_SELF,
		[SESSION_FEDERATED] = DIRECTORY_SESSION_FEDERATED,
	};
	struct arena arena;
	size_t count = 0;

	arena_init(&arena);
	const struct policy **policies =
		arena_array(&arena, const struct policy *, session->policy_arn_count + 1);
	if (session->policy.size > 0)
		policies[count++] = compile(&arena, session->policy);
	for (size_t i = 0; i < session->policy_arn_count; i++)
		policies[count++] = managed(&arena, directory, session->policy_arns[i]);
	struct directory_session acting = {
		.kind = kinds[session->kind],
		.account = session->account,
		.entity_id = session->entity_id,
		.name = session->name,
		.policies = policies,
		.policy_count = count,
		.tags = session->tags,
		.tag_count = session->tag_count,
		.transitive_tag_count = session->transitive_count,
		.source_identity = session->source_identity,
		.provider = session->provider,
		.mfa_ms = session->mfa_ms,
		.issued_ms = session->issued_ms,
		.expires_ms = session->expires_ms,
	};
	const struct principal *principal =
		with_root_policy(&arena, directory_session(directory, &acting), session);
	while (count > 0)
		policy_release(policies[--count]);
	arena_done(&arena);
	return principal;
}

/* ---- the table ---- */

static struct place *place_of(struct session_store *sessions, struct str key_id)
{
	return &sessions->places[str_hash(key_id) % PLACES];
}

static bool is_of(const struct place *place, struct str key_id, struct str token,
		  uint64_t generation)
{
	return place->token && place->generation == generation &&
	       str_equal(str_of(place->key_id, SESSION_KEY_ID_SIZE), key_id) &&
	       str_equal(str_of(place->token, place->token_size), token);
}

static enum signer_outcome find_kept(struct session_store *sessions, struct str key_id,
				     struct str token, uint64_t generation,
				     struct signer *out_signer)
{
	struct place *place = place_of(sessions, key_id);
	enum signer_outcome outcome = SIGNER_UNKNOWN;

	pthread_mutex_lock(&sessions->lock);
	if (is_of(place, key_id, token, generation)) {
		outcome = place->expires_ms > clock_now_ms() ? SIGNER_FOUND : SIGNER_EXPIRED;
		if (outcome == SIGNER_FOUND) {
			memcpy(out_signer->secret, place->secret, SESSION_SECRET_SIZE);
			out_signer->secret_size = SESSION_SECRET_SIZE;
			out_signer->principal = principal_hold(place->principal);
		}
	}
	pthread_mutex_unlock(&sessions->lock);
	return outcome;
}

static void keep(struct session_store *sessions, struct str token, const struct session *session,
		 uint64_t generation, const struct principal *principal)
{
	struct place *place = place_of(sessions, session->key_id);
	struct place fresh = {
		.token = (char *)heap_copy(token).data,
		.token_size = token.size,
		.principal = principal_hold(principal),
		.expires_ms = session->expires_ms,
		.generation = generation,
	};

	memcpy(fresh.key_id, session->key_id.data, SESSION_KEY_ID_SIZE);
	memcpy(fresh.secret, session->secret.data, SESSION_SECRET_SIZE);
	pthread_mutex_lock(&sessions->lock);
	struct place old = *place;
	*place = fresh;
	pthread_mutex_unlock(&sessions->lock);
	clear(&old);
	explicit_bzero(&fresh, sizeof(fresh));
}

/* ---- finding ---- */

static enum signer_outcome read_token(struct session_store *sessions, struct arena *arena,
				      struct str key_id, struct str token,
				      struct signer *out_signer)
{
	/* Read first: later changes make the result stale. */
	uint64_t generation = directory_generation(sessions->directory);
	struct session session;

	if (session_token_decode(sessions->seal, arena, token, &session) != ERR_OK ||
	    !str_equal(session.key_id, key_id))
		return SIGNER_UNKNOWN;
	check(session.key_id.size == SESSION_KEY_ID_SIZE);
	check(session.secret.size == SESSION_SECRET_SIZE);
	/* Shifted time, as when it was issued. */
	if (session.expires_ms <= clock_now_ms())
		return SIGNER_EXPIRED;
	const struct principal *principal = principal_of(sessions->directory, &session);
	if (!principal)
		return SIGNER_UNKNOWN;
	keep(sessions, token, &session, generation, principal);
	memcpy(out_signer->secret, session.secret.data, SESSION_SECRET_SIZE);
	out_signer->secret_size = SESSION_SECRET_SIZE;
	out_signer->principal = principal;
	return SIGNER_FOUND;
}

/* SIGNER_FOUND with a reference to the session's principal. */
static enum signer_outcome find_session(struct session_store *sessions, struct str key_id,
					struct str token, struct signer *out_signer)
{
	uint64_t generation = directory_generation(sessions->directory);
	struct arena arena;

	if (token.size == 0 || !str_starts(key_id, SESSION_KEY_PREFIX))
		return SIGNER_UNKNOWN;
	enum signer_outcome outcome = find_kept(sessions, key_id, token, generation, out_signer);
	if (outcome != SIGNER_UNKNOWN)
		return outcome;
	arena_init(&arena);
	outcome = read_token(sessions, &arena, key_id, token, out_signer);
	arena_done(&arena);
	return outcome;
}

static enum signer_outcome find_signer(void *context, struct str key_id, struct str token,
				       int64_t now_ms, struct signer *out_signer)
{
	struct session_store *sessions = context;

	(void)now_ms; /* real time; sessions end by the server's clock, which tests may shift */
	if (token.size > 0 || str_starts(key_id, SESSION_KEY_PREFIX))
		return find_session(sessions, key_id, token, out_signer);
	return directory_find_signer(sessions->directory, key_id, out_signer);
}

struct signer_source session_store_signers(struct session_store *sessions)
{
	return (struct signer_source){find_signer, sessions};
}
