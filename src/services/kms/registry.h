/* SPDX-License-Identifier: MIT */
/*
 * registry: the keys of all accounts and regions, for every thread.
 *
 * A struct kms_key is a snapshot of a key that never changes; a change puts a new snapshot in its
 * place. Readers hold a reference, so a call keeps its snapshot even if the key is changed or
 * deleted meanwhile. Material has references of its own, as it stays the same through most changes;
 * it is wiped when the last snapshot with it is freed. Only the control thread (or main at
 * start-up) changes the registry; any thread reads it without waiting (base/snapshot.h).
 */
#ifndef TERN_SERVICES_KMS_REGISTRY_H
#define TERN_SERVICES_KMS_REGISTRY_H

#include "access/policy.h"
#include "base/arn.h"
#include "services/kms/blob.h"
#include "services/kms/cryptography.h"

enum kms_state {
	KMS_STATE_ENABLED,
	KMS_STATE_DISABLED,
	KMS_STATE_PENDING_IMPORT,
	KMS_STATE_PENDING_DELETION,
	KMS_STATES,
};
extern const struct str kms_states[KMS_STATES];

enum kms_rotation { KMS_ROTATION_NONE, KMS_ROTATION_AUTOMATIC, KMS_ROTATION_ON_DEMAND };
enum { KMS_MATERIAL_ID_SIZE = 64 };

struct kms_material {
	_Atomic uint32_t references;
	uint32_t number; /* in blobs; 1, 2, ... of a key */
	enum kms_rotation rotation;
	int64_t created_ms;	       /* when it became the current one */
	int64_t valid_to_ms;	       /* of imported material; 0: does not expire */
	struct str description;	       /* of imported material; on the heap; data NULL: none */
	char id[KMS_MATERIAL_ID_SIZE]; /* KeyMaterialId: equal for equal material */
	struct kms_secret secret;      /* empty: imported and deleted since */
	struct kms_pair *pair;	       /* of RSA and elliptic curves; else NULL */
};

struct kms_alias {
	struct str name, arn; /* "alias/x" */
	int64_t created_ms, updated_ms;
	const struct kms_key *key; /* the owner; set by kms_key_new */
};

/* A user, role, session, root user or service. */
struct kms_grant_principal {
	struct str name; /* an ARN, or the name of a service; empty: none */
	struct str id; /* of the user or role behind an ARN; see policy_names in access/policy.h */
};

struct kms_grant {
	struct str id, name, issuing_account;
	struct kms_grant_principal grantee, retiring;
	uint32_t operations; /* bits in order of kms_grant_operations */
	int64_t created_ms;
	struct str source_arn;			  /* constraint of services; empty: none */
	const struct shape_pair *equals, *subset; /* constraints; NULL: none */
	size_t equals_count, subset_count;
};

/* In one block of memory with its texts and arrays. */
struct kms_key {
	_Atomic uint32_t references;
	struct str account, region, id, arn, description;
	enum kms_spec spec;
	enum kms_usage usage;
	enum kms_state state;
	bool is_external;     /* Origin EXTERNAL: material is imported */
	bool is_managed;      /* by AWS: alias/aws/... */
	bool is_multi_region; /* MultiRegion: a primary without replicas */
	int64_t created_ms;
	int64_t deletion_ms;	  /* of KMS_STATE_PENDING_DELETION; else 0 */
	int64_t deletion_base_ms; /* the same by the time base */
	int64_t window_days;
	bool has_pending_material; /* the last material waits for RotateKeyOnDemand */

	bool is_rotating;
	int64_t rotation_days;
	int64_t next_rotation_ms; /* if is_rotating */

	const struct policy *policy; /* never NULL */
	const struct shape_pair *tags;
	size_t tag_count;
	const struct kms_alias *aliases; /* sorted by name */
	size_t alias_count;
	const struct kms_grant *grants; /* in order of creation */
	size_t grant_count;
	const struct kms_material *const *materials; /* in order of number */
	size_t material_count;
};

/* The current one. NULL: none was imported yet. */
static inline const struct kms_material *kms_key_material(const struct kms_key *key)
{
	size_t count = key->material_count - (key->has_pending_material ? 1 : 0);

	return count > 0 ? key->materials[count - 1] : NULL;
}
/* NULL if the key has none of that number. */
const struct kms_material *kms_key_material_of(const struct kms_key *key, uint32_t number);

/* Takes over the secret, which may be empty; one reference. NULL if a pair's secret is damaged. */
struct kms_material *kms_material_new(enum kms_spec spec, struct kms_secret *secret);
void kms_material_release(const struct kms_material *material); /* accepts NULL */

/* A copy of a snapshot to change; its texts and arrays are borrowed from the snapshot. */
struct kms_key kms_key_draft(const struct kms_key *key);
/* A deep copy of a draft, with one reference; holds the policy and the materials. */
const struct kms_key *kms_key_new(const struct kms_key *draft);
const struct kms_key *kms_key_hold(const struct kms_key *key);
void kms_key_release(const struct kms_key *key); /* accepts NULL */

struct kms_registry;
struct kms_registry *kms_registry_new(void);
void kms_registry_free(struct kms_registry **registry); /* accepts NULL, leaves NULL */

/* Any thread. NULL if the key does not exist; release the result. */
const struct kms_key *kms_registry_find(struct kms_registry *registry, struct str key_id);
const struct kms_key *kms_registry_find_alias(struct kms_registry *registry, struct str alias_arn);
size_t kms_registry_count(struct kms_registry *registry);
/* Of an account and region (NULL data: all its regions). */
size_t kms_registry_count_account(struct kms_registry *registry, struct str account,
				  struct str region);
void kms_registry_count_states(struct kms_registry *registry, uint64_t out[KMS_STATES]);

/*
 * Any thread: visits all keys of an account and region (data NULL: of all) in order of account,
 * region and id, those after `after` only, as they are when it begins; the visitor returns false to
 * stop. References may be taken with kms_key_hold.
 */
typedef bool (*kms_key_visit_fn)(void *context, const struct kms_key *key);
void kms_registry_each(struct kms_registry *registry, struct str account, struct str region,
		       struct str after, kms_key_visit_fn visit, void *context);

/* Control thread. Adds the snapshots at once, in place of those with the same ids; takes over the
 * caller's references. */
void kms_registry_put(struct kms_registry *registry, const struct kms_key *const *keys,
		      size_t count);
void kms_registry_remove(struct kms_registry *registry, struct str key_id);

#endif
