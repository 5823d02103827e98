/* SPDX-License-Identifier: MIT */
/*
 * directory: the entities of IAM in memory: accounts, users, groups, roles, managed policies,
 * instance profiles, OpenID Connect providers, virtual MFA devices, access keys.
 *
 * A struct directory_entity is an immutable snapshot of an entity; a change puts a new snapshot in
 * its place. Readers hold a reference, so a call keeps its snapshot. Any thread reads, under a lock
 * that is held for one lookup; only the control thread (or main at start-up) changes the directory,
 * after it has made the change durable elsewhere.
 *
 * Principals (access/principal.h) are built from entities at their first use and kept until the
 * directory changes. The caller that adds a policy compiles it.
 */
#ifndef TERN_ACCESS_DIRECTORY_H
#define TERN_ACCESS_DIRECTORY_H

#include "access/policy.h"
#include "access/signer.h"

enum directory_kind {
	DIRECTORY_ACCOUNT, /* its name is its 12 digits; its keys are those of the root user */
	DIRECTORY_USER,
	DIRECTORY_GROUP,
	DIRECTORY_ROLE,
	DIRECTORY_POLICY, /* managed; AWS's own are of the account "aws" and built in */
	DIRECTORY_INSTANCE_PROFILE,
	DIRECTORY_OIDC_PROVIDER, /* its name is its URL without "https://" */
	DIRECTORY_MFA_DEVICE,	 /* virtual; its serial number is its ARN */
};
#define DIRECTORY_AWS STR("aws") /* the account part of ARNs of AWS's managed policies */
#define DIRECTORY_ID_SIZE 21	 /* "AIDA" and 17 capitals and digits */

/* Lists of texts that only some kinds have. */
enum directory_list {
	DIRECTORY_ROLES,       /* ids; of instance profiles */
	DIRECTORY_CLIENT_IDS,  /* of OpenID Connect providers */
	DIRECTORY_THUMBPRINTS, /* of OpenID Connect providers */
	DIRECTORY_PASSWORDS,   /* hashes (base/password.h), the present one first; of users */
	DIRECTORY_LISTS,
};
struct directory_texts {
	const struct str *items;
	size_t count;
};

/* Of an account; numbers that are booleans are 0 or 1. */
struct directory_password_policy {
	int64_t is_set; /* the rest counts only then */
	int64_t length_min, needs_symbols, needs_numbers, needs_uppercase, needs_lowercase;
	int64_t lets_users_change, age_days_max, reuse_prevention, is_expiry_hard;
};

struct directory_inline {
	struct str name;
	const struct policy *policy;
};

struct directory_version {
	struct str id; /* "v1" */
	const struct policy *policy;
	int64_t created_ms;
};

struct directory_key {
	struct str id, secret;
	bool is_active;
	int64_t created_ms;
};

/* In one block of memory with its texts and arrays; holds a reference to each policy. */
struct directory_entity {
	_Atomic uint32_t references;
	enum directory_kind kind;
	struct str account, name, path;
	struct str arn; /* "arn:aws:...": entities belong to no partition (core/partition.h) */
	struct str id;	/* "AIDA..."; of accounts their 12 digits; never used again */
	struct str description; /* of roles and policies; of accounts the name */
	int64_t created_ms, updated_ms;
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;

	/* Users, groups and roles. */
	const struct directory_inline *inlines; /* sorted by name */
	size_t inline_count;
	const struct str *attached; /* ARNs of managed policies, in the order they came */
	size_t attached_count;
	struct str boundary; /* ARN of a managed policy; empty: none */

	const struct str *groups; /* of users: ids of groups */
	size_t group_count;
	const struct directory_key *keys; /* of users and accounts */
	size_t key_count;

	const struct policy *trust; /* of roles */
	int64_t session_seconds_max;

	const struct directory_version *versions; /* of policies, oldest first */
	size_t version_count;
	int64_t version_default, version_next; /* numbers: 1 is "v1" */

	struct str alias;				  /* of accounts; empty: none */
	struct directory_password_policy password_policy; /* of accounts */
	int64_t report_ms; /* of accounts: time of the last request for a credential report; 0:
			      never */

	struct directory_texts lists[DIRECTORY_LISTS];

	/* Of users: the login profile; no password, no profile. */
	int64_t profile_created_ms, password_changed_ms, must_reset_password;

	/* Of MFA devices. */
	struct str seed;    /* secret bytes in base32 */
	struct str user_id; /* of the user, or the account for its root user; empty: unassigned */
	int64_t enabled_ms;
	int64_t mfa_step;  /* of the last code that counted when it was enabled (base/totp.h) */
	int64_t mfa_drift; /* steps by which the device's clock is ahead */
};

struct directory;
/*
 * is_open: callers are not authenticated, so every account exists, and policies may name any
 * account and principals that do not exist.
 */
struct directory *directory_new(bool is_open);
void directory_free(struct directory **directory); /* wipes secrets */

/* ---- AWS's managed policies: before other threads use the directory ---- */

struct directory_aws_policy {
	struct str path, name, description, document; /* path: "/service-role/" */
};
bool directory_has_aws_policy(struct directory *directory, struct arena *arena,
			      const struct directory_aws_policy *policy);
/*
 * Adds one, or replaces the one of its path and name. ERR_INVALID with one sentence in
 * *out_problem, which may be NULL.
 */
must_check enum err directory_add_aws_policy(struct directory *directory, struct arena *arena,
					     const struct directory_aws_policy *policy,
					     struct str *out_problem);

/* ---- any thread: signers ---- */

/*
 * Active access keys of users and of root users: SIGNER_FOUND with the secret and the principal, or
 * SIGNER_UNKNOWN.
 */
must_check enum signer_outcome directory_find_signer(struct directory *directory, struct str key_id,
						     struct signer *out_signer);
/* The same as a source; it does not resolve requests with a session token. */
struct signer_source directory_signers(struct directory *directory);

/* A request was signed with the key, for GetAccessKeyLastUsed; kept in memory only. */
void directory_note_use(struct directory *directory, struct str key_id, struct str service,
			struct str region, int64_t now_ms);
struct directory_use {
	int64_t at_ms; /* 0: never, since the server started */
	char service[32], region[33];
};
/*
 * Records a code of an MFA device: the code's step, or 0 for a wrong code. True if the code is
 * accepted: it is right, no code of this or a later step was used before, and few codes were wrong
 * lately. In memory only; the entity has the durable part.
 */
bool directory_use_mfa(struct directory *directory, struct str id, int64_t step, int64_t now_step);
/* Owner of the key (release it), active or not; NULL: the key does not exist. */
const struct directory_entity *directory_find_key(struct directory *directory, struct str key_id,
						  struct directory_use *out_use);

/* ---- any thread: principals; release the results ---- */

/* Of a user's, a role's or a root user's ARN, or of an account's 12 digits; NULL: there is none. */
const struct principal *directory_find_principal(struct directory *directory, struct str arn);

enum directory_session_kind {
	DIRECTORY_SESSION_ROLE,	     /* AssumeRole */
	DIRECTORY_SESSION_SELF,	     /* GetSessionToken: the user or root user itself */
	DIRECTORY_SESSION_FEDERATED, /* GetFederationToken */
};
struct directory_session {
	enum directory_session_kind kind;
	struct str account;
	struct str entity_id; /* AROA... of the role, AIDA... of the user, 12 digits: root user */
	struct str name;      /* of the session or the federated user */
	const struct policy *const *policies; /* passed session policies, compiled */
	size_t policy_count;
	const struct shape_pair *tags; /* of the session; they hide the entity's of the same key */
	size_t tag_count, transitive_tag_count; /* the first ones are transitive */
	struct str source_identity;		/* empty: none */
	struct str provider;			/* ARN of an identity provider; empty: none */
	int64_t issued_ms, expires_ms;
	int64_t mfa_ms; /* when a code of an MFA device was shown; 0: never */
};
/* Principal of that session; NULL if the entity of that id was deleted. */
const struct principal *directory_session(struct directory *directory,
					  const struct directory_session *session);

/* Grows at every change: principals of an earlier number must be looked up again. */
uint64_t directory_generation(const struct directory *directory);

/* ---- any thread: entities ---- */

size_t directory_count(struct directory *directory); /* of all kinds and accounts */
bool directory_has_account(struct directory *directory, struct str account);

/* ---- any thread: names in policies; texts are in the arena ---- */

/*
 * False for an AWS principal of a policy or grant ("*", an account, an ARN of a root user, user,
 * role, session or federated user, an id) that is of another partition or does not exist. *out_id
 * is the user's or role's id behind an ARN; empty: there is none.
 */
bool directory_bind(struct directory *directory, struct arena *arena, struct str partition,
		    struct str principal, struct str *out_id);
/*
 * The same for all of Principal and NotPrincipal of a policy document that compiles, as
 * policy_compile_bound needs it. False: *out_unknown is the first principal that does not exist.
 */
bool directory_bind_policy(struct directory *directory, struct arena *arena, struct str partition,
			   struct str document, struct policy_names *out_names,
			   struct str *out_unknown);
/*
 * Current name of a bound ARN: the ARN that its user or role has, or the id if it was deleted. An
 * ARN without an id, and that of a session, stay as they are.
 */
struct str directory_name_of(struct directory *directory, struct arena *arena, struct str arn,
			     struct str id);
/* The document with these names in Principal and NotPrincipal, otherwise unchanged. */
struct str directory_show_policy(struct directory *directory, struct arena *arena,
				 struct str document, struct policy_names names);

/* NULL if it does not exist; release the result. Names are compared without case. */
const struct directory_entity *directory_find(struct directory *directory, enum directory_kind kind,
					      struct str account, struct str name);
const struct directory_entity *directory_find_id(struct directory *directory, struct str id);
const struct directory_entity *directory_find_arn(struct directory *directory, struct str arn);
const struct directory_entity *directory_hold(const struct directory_entity *entity);
void directory_release(const struct directory_entity *entity); /* accepts NULL */

/* The default version of a managed policy; the entity's. */
const struct directory_version *directory_default(const struct directory_entity *policy);

/*
 * Visits the entities of a kind and account (data NULL: of all accounts) in order of account and
 * name, after the name `after` only, as they are when it begins. The visitor returns false to stop,
 * and may hold an entity.
 */
typedef bool (*directory_visit_fn)(void *context, const struct directory_entity *entity);
void directory_each(struct directory *directory, enum directory_kind kind, struct str account,
		    struct str after, directory_visit_fn visit, void *context);

/* ---- control thread ---- */

/* A copy of a snapshot to change; its texts and policies are borrowed from the snapshot. */
struct directory_entity directory_draft(const struct directory_entity *entity);
/* Copies the draft, and replaces the entity of that id. Its name is free or its own. */
void directory_put(struct directory *directory, const struct directory_entity *draft);
void directory_remove(struct directory *directory, struct str id);

#endif
