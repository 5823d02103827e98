/* SPDX-License-Identifier: MIT */
/*
 * kms: data keys for the data at rest of other services.
 *
 * services/kms fills core->kms at its start. All but `prepare` may be called on any thread and do
 * not block. They check on each call that the key exists and is enabled, and that its policy, the
 * caller's policies and grants allow `kms:GenerateDataKey` or `kms:Decrypt` with kms:ViaService
 * set. They leave the call unchanged: neither a fault nor condition keys.
 */
#ifndef TERN_CORE_SEAL_KMS_H
#define TERN_CORE_SEAL_KMS_H

#include "base/base.h"
#include "wire/shape.h"

struct call;
struct core;

enum { KMS_DATA_KEY_SIZE = 32, KMS_BLOB_SIZE_MAX = 512 };

enum kms_problem {
	KMS_PROBLEM_NONE,
	KMS_PROBLEM_NOT_FOUND, /* KMS.NotFoundException */
	KMS_PROBLEM_DISABLED,  /* KMS.DisabledException */
	KMS_PROBLEM_STATE,     /* pending deletion or import: KMS.InvalidStateException */
	KMS_PROBLEM_USAGE,     /* not a symmetric encryption key: KMS.InvalidKeyUsageException */
	KMS_PROBLEM_DENIED,    /* KMS.AccessDeniedException */
	KMS_PROBLEM_DAMAGED, /* the blob is none of ours, or was changed, or is of another context:
				InvalidCiphertextException */
};

struct kms_use {
	struct call *call;		  /* the call whose principal is authorized */
	struct str via_service;		  /* "sqs" : kms:ViaService is sqs.<region>.amazonaws.com */
	const struct shape_pair *context; /* encryption context: {"aws:sqs:arn", <arn>} */
	size_t context_count;
};

struct kms_description {
	struct str arn;
	struct str state;	    /* KeyState: "Enabled", "Disabled", "PendingDeletion", ... */
	int64_t deletion_ms;	    /* of PendingDeletion; else 0 */
	int64_t expiry_ms;	    /* of imported material; 0: none */
	bool is_managed;	    /* an AWS managed key: "alias/aws/sqs" */
	bool has_imported_material; /* Origin EXTERNAL: its owner may import the material again */
};

struct core_kms {
	/*
	 * Control thread, or main at start-up: a resource of that account and region begins to use
	 * the key `key_id`. If the key is alias/aws/<service> and does not exist, it is created
	 * now, so that the functions below find it. Other ids have no effect.
	 */
	enum err (*prepare)(struct core *core, struct str account, struct str region,
			    struct str key_id);
	/*
	 * A new data key under the key `key_id` (id, ARN, "alias/...", alias ARN; a bare id or
	 * alias is one of `account` in the call's region). `out_blob` is it encrypted, in the
	 * call's arena. On a problem *out_text is AWS's sentence, in the arena.
	 */
	enum kms_problem (*generate_data_key)(const struct kms_use *use, struct str account,
					      struct str key_id, uint8_t out_key[KMS_DATA_KEY_SIZE],
					      struct str *out_blob, struct str *out_text);
	/* The data key of a blob; the blob names its key. */
	enum kms_problem (*decrypt_data_key)(const struct kms_use *use, struct str blob,
					     uint8_t out_key[KMS_DATA_KEY_SIZE],
					     struct str *out_text);
	/*
	 * Authorizes the two above for `use`, without making or counting a call to KMS: for callers
	 * that still hold a data key. `action` is "kms:GenerateDataKey" or "kms:Decrypt".
	 */
	enum kms_problem (*check)(const struct kms_use *use, struct str account, struct str key_id,
				  struct str action, struct str *out_text);
	/* The same for decrypt_data_key of that blob: for the blob's key, under any name. */
	enum kms_problem (*check_blob)(const struct kms_use *use, struct str blob,
				       struct str *out_text);
	/*
	 * Describes the key that `key_id` names in that account and region, for the server's
	 * operator, without authorization. KMS_PROBLEM_NOT_FOUND, or KMS_PROBLEM_NONE in any state
	 * of the key. Texts are in the arena.
	 */
	enum kms_problem (*describe)(struct core *core, struct arena *arena, struct str account,
				     struct str region, struct str key_id,
				     struct kms_description *out);
};

#endif
