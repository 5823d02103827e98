/* SPDX-License-Identifier: MIT */
/* directory_private: shared by the parts of the directory. */
#ifndef TERN_ACCESS_DIRECTORY_PRIVATE_H
#define TERN_ACCESS_DIRECTORY_PRIVATE_H

#include <pthread.h>

#include "access/directory.h"
#include "base/arn.h"
#include "base/snapshot.h"
#include "base/staging.h"

/* Of an entity as long as it exists, through all its snapshots. */
struct directory_slot {
	const struct directory_entity *entity; /* published; NULL: it is staged only */
	const struct directory_entity *staged; /* while `link` is linked; NULL: it is removed */
	struct list link;		       /* in the directory's staged slots */
	/* Built at that generation; NULL: never. Changed under the writer's lock only. */
	const struct principal *principal;
	uint64_t principal_generation;
	/* Of MFA devices: the step of the last accepted code; wrong codes since a step. */
	int64_t mfa_step, mfa_failures_since;
	int mfa_failures;
};

struct directory_key_slot {
	struct str id; /* its own memory */
	struct directory_slot *owner;
	struct directory_use use;
};

struct directory {
	pthread_rwlock_t lock;
	_Atomic uint64_t generation;
	bool is_open;
	struct map by_id, by_key;
	struct snapshot_table *entities; /* by kind, account and name */
	struct list staged_slots;
	struct staging_member staged;
};

/* Under the lock: the entity of a slot as this thread sees it; NULL: there is none. */
const struct directory_entity *directory_entity_of(const struct directory_slot *slot);
/* This thread sees changes that are not published yet. */
static inline bool directory_has_staged(const struct directory *directory)
{
	return staging_is_open() && directory->staged.is_joined;
}

/* Under the lock. NULL: there is none; a slot that is found has an entity. */
struct directory_slot *directory_slot_of_id(const struct directory *directory, struct str id);
struct directory_slot *directory_slot_of_arn(const struct directory *directory, struct str arn);
struct directory_slot *directory_slot_of_name(const struct directory *directory,
					      enum directory_kind kind, struct str account,
					      struct str name);
/* Accepts NULL. */
bool directory_has_key(const struct directory_entity *entity, struct str key_id);
/* Its owner may have no entity, or one without the key, while changes are staged. */
struct directory_key_slot *directory_slot_of_key(const struct directory *directory, struct str id);

/* Puts AWS's managed policies in. */
void directory_add_managed(struct directory *directory);

#endif
