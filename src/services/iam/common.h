/* SPDX-License-Identifier: MIT */
/*
 * common: shared by the operations of IAM.
 *
 * An operation gets input that satisfies the model. It opens the entities that the input names,
 * which authorizes the caller, and only then shows or changes them. Opened entities are released
 * when the call ends. Reading operations run on the call's net thread, changing ones on the control
 * thread.
 */
#ifndef TERN_SERVICES_IAM_COMMON_H
#define TERN_SERVICES_IAM_COMMON_H

#include "api/iam.h"
#include "core/authorize.h"
#include "core/core.h"
#include "core/limit/quota.h"
#include "core/page.h"

enum { IAM_SESSION_SECONDS = 3600 }; /* MaxSessionDuration of a role, unless given */

/* The names of each kind in texts and ARNs, and its quotas. */
struct iam_kind {
	const char *word;	/* "user" */
	const char *title;	/* "User" */
	const char *id;		/* "AIDA" */
	const char *quota;	/* "UsersPerAccount" */
	const char *tag_action; /* authorized too if tags are given at creation; NULL: none */
	int64_t count_max;	/* in one account, where has_quota is false */
	bool has_quota;
	enum quota count_quota;
	int64_t inline_size_max;
	/* The text before and behind the name, or behind the ARN for kinds that are named by
	 * ARN. */
	const char *missing[2], *taken[2];
};
extern const struct iam_kind iam_kinds[];
/* Most entities of that kind that an account may have. */
int64_t iam_quota(const struct call *call, enum directory_kind kind);

/* ---- opening ---- */

/* A user, group or role of the caller's account. NoSuchEntity. */
must_check enum err iam_open(struct call *call, enum directory_kind kind, struct str name,
			     const struct directory_entity **out_entity);
/* The same for a change: UnmodifiableEntity for roles that belong to a service. */
must_check enum err iam_open_to_change(struct call *call, enum directory_kind kind, struct str name,
				       const struct directory_entity **out_entity);
must_check enum err iam_check_modifiable(struct call *call, const struct directory_entity *entity);
/* Authorizes the action on the resource. Its tags and boundary, and IAM's condition keys for them,
 * are those of the entity, for this authorization only; NULL: the entity does not exist. */
must_check enum err iam_ask(struct call *call, struct str action, const struct resource *resource,
			    const struct directory_entity *entity);
/* The same without authorization, which the caller of this function does otherwise. */
must_check enum err iam_find(struct call *call, enum directory_kind kind, struct str name,
			     const struct directory_entity **out_entity);
/* By id; NULL if it has been deleted meanwhile. */
const struct directory_entity *iam_get(struct call *call, struct str id);
/*
 * A user by name or, without one, the caller: a user, or the account's root user (an entity of the
 * kind account). ValidationError for sessions.
 */
must_check enum err iam_open_user(struct call *call, struct str name,
				  const struct directory_entity **out_entity);
/* A managed policy, the account's own or AWS's. NoSuchEntity. */
must_check enum err iam_open_policy(struct call *call, struct str arn,
				    const struct directory_entity **out_entity);
/* An entity of a kind by its ARN. ValidationError, InvalidInput, NoSuchEntity. */
must_check enum err iam_open_arn(struct call *call, enum directory_kind kind, struct str arn,
				 const struct directory_entity **out_entity);
/* The same without authorization; of any account; NULL if it does not exist. */
const struct directory_entity *iam_find_arn(struct call *call, enum directory_kind kind,
					    struct str arn);
/* NoSuchEntity, in the kind's words. */
must_check enum err iam_fail_missing(struct call *call, enum directory_kind kind, struct str name);
/* EntityAlreadyExists, in the kind's words. */
must_check enum err iam_fail_taken(struct call *call, enum directory_kind kind, struct str name);
/* The same for a change; AccessDenied for AWS's. */
must_check enum err iam_open_policy_to_change(struct call *call, struct str arn,
					      const struct directory_entity **out_entity);
/* ValidationError, InvalidInput: not the ARN of an entity of that kind. */
must_check enum err iam_check_arn(struct call *call, enum directory_kind kind, struct str arn);
/* A policy to attach, which is not itself the resource of the authorization. NoSuchEntity. */
must_check enum err iam_find_policy(struct call *call, struct str arn,
				    const struct directory_entity **out_entity);
/* The same for a permissions boundary, which AWS's fault calls "Scope ARN". */
must_check enum err iam_find_boundary(struct call *call, struct str arn,
				      const struct directory_entity **out_entity);
/* The account's own entity; created, but not stored, if the account has none yet. */
const struct directory_entity *iam_account(struct call *call);
/* For lists: "iam:ListUsers" on "arn:aws:iam::<account>:user/prefix". */
must_check enum err iam_may_list(struct call *call, enum directory_kind kind, struct str prefix);

/* ---- creating ---- */

/*
 * Fills the draft of a new user, group, role or policy: kind, account, name, path, ARN, id, dates,
 * tags; authorizes the caller. EntityAlreadyExists, LimitExceeded.
 */
must_check enum err iam_draft_new(struct call *call, enum directory_kind kind, struct str path,
				  struct str name, const struct iam_tag *tags, size_t tag_count,
				  struct directory_entity *out_draft);
/* "arn:aws:iam::<account>:user/path/name", in the arena. */
struct str iam_arn(struct call *call, enum directory_kind kind, struct str path, struct str name);

/* ---- policies and tags ---- */

/* Compiles, and binds principals; released when the call ends. MalformedPolicyDocument. */
must_check enum err iam_compile(struct call *call, struct str document, enum policy_kind kind,
				const struct policy **out_policy);
/* Bytes of a document without blanks, which quotas count. */
size_t iam_document_size(struct str document);
/* As answers show documents: URL-encoded (RFC 3986). */
struct str iam_show_document(struct call *call, const struct policy *policy);

/* aws:RequestTag and aws:TagKeys for later authorizations. */
void iam_ask_about_tags(struct call *call, const struct iam_tag *tags, size_t count);
/* Adds tags or changes their values. InvalidInput, ValidationError, LimitExceeded. */
must_check enum err iam_tags_merge(struct call *call, struct directory_entity *draft,
				   const struct iam_tag *tags, size_t count);
/* In order of the keys; NULL without tags. */
struct iam_tag *iam_show_tags(struct call *call, const struct directory_entity *entity,
			      size_t *out_count);
/* An entity that was opened, with tags added or changed, or without those of these keys. */
must_check enum err iam_tag(struct call *call, const struct directory_entity *entity,
			    const struct iam_tag *tags, size_t count);
must_check enum err iam_untag(struct call *call, const struct directory_entity *entity,
			      const struct str *keys, size_t count);
void iam_add_key(struct call *call, struct str name, struct str value);

/* ---- pages ---- */

/*
 * A page of a list, by core/page.h. A list is either sorted by name within scopes (accounts, or
 * kinds of entities), or belongs to one object and has an order of its own.
 */
struct iam_page {
	struct call *call;
	size_t most;
	struct str scope, after; /* sorted: the scope and the name after which the page begins */
	bool is_entered;	 /* sorted: the scope was reached */
	size_t count;		 /* sorted: items that iam_page_takes took */
	struct str last_scope, last_name;
	struct str place;  /* of one object: the key of the previous page's last item */
	size_t from;	   /* the same: start of this page; set by iam_page_cut */
	struct str marker; /* of the next page; data NULL: this is the last one */
};
must_check enum err iam_page_open(struct call *call, struct str marker, bool has_most, int64_t most,
				  struct iam_page *out_page);
/*
 * The number of `count` items, from page->from on, that this page shows. `text_of` identifies an
 * item (see page_place_key); NULL for a list of the request itself.
 */
size_t iam_page_cut(struct iam_page *page, const void *list, size_t count, page_text_fn text_of);
/* For iam_page_cut: ARNs of a list of struct directory_entity *; texts of a list of struct str. */
struct str iam_arn_at(const void *entities, size_t index);
struct str iam_text_at(const void *texts, size_t index);
/* Number of `count` entities, which follow the marker, that this page shows. */
size_t iam_page_cut_entities(struct iam_page *page, const struct directory_entity *const *entities,
			     size_t count);
/* Scopes are entered in a fixed order. False: previous pages showed the whole scope; otherwise the
 * page continues after the name *out_after, which may be empty. */
bool iam_page_enters(struct iam_page *page, struct str scope, struct str *out_after);
/* True if the item is on the page; items come in order of their names. */
bool iam_page_takes(struct iam_page *page, struct str scope, struct str name);
/* The tags that this page shows; their number in *out_count. */
struct iam_tag *iam_show_tag_page(struct call *call, const struct directory_entity *entity,
				  struct iam_page *page, size_t *out_count);
void iam_page_close(const struct iam_page *page, bool *out_has_truncated, bool *out_truncated,
		    struct str *out_marker);

/* Entities that are released when the call ends. */
struct iam_list {
	const struct directory_entity **items;
	size_t count, capacity;
};
/* The entities of a kind and account after the name `after` whose paths begin with `prefix`; all,
 * or one more than `most`. */
struct iam_list *iam_list(struct call *call, enum directory_kind kind, struct str account,
			  struct str after, struct str prefix, size_t most);

/* An empty list, released when the call ends; and one more entity for it, which it holds. */
struct iam_list *iam_list_new(struct call *call);
void iam_list_add(struct iam_list *list, const struct directory_entity *entity);

/* An array of answers' structs. */
#define iam_array(call, type, count) arena_array((call)->arena, type, (count))

#endif
