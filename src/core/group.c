/* SPDX-License-Identifier: MIT */
/* group: lists of answers and commits beside the catalog's group and the thread's staging. */
#include "core/group.h"

#include "base/staging.h"

struct group {
	struct list answers, commits;
	uint32_t calls; /* held answers */
	int64_t begin_ns;
	bool is_open;
};

struct group *group_new(void)
{
	struct group *group = heap_alloc(sizeof(*group));

	list_init(&group->answers);
	list_init(&group->commits);
	return group;
}

void group_free(struct group **group)
{
	if (!*group)
		return;
	check(!(*group)->is_open);
	heap_free(*group);
	*group = NULL;
}

/* NULL: none is open. */
static struct group *open_group(const struct core *core)
{
	return core->group && core->group->is_open ? core->group : NULL;
}

void group_begin(struct core *core)
{
	struct group *group = core->group;

	if (group->is_open || !core->catalog)
		return;
	group->is_open = true;
	group->calls = 0;
	group->begin_ns = clock_steady_ns();
	catalog_group_begin(core->catalog);
	staging_open();
}

bool group_has_changes(const struct core *core)
{
	const struct group *group = open_group(core);

	return group && (catalog_group_has_changes(core->catalog) || staging_has_members() ||
			 !list_is_empty(&group->commits));
}

bool group_is_full(const struct core *core)
{
	const struct group *group = open_group(core);

	return group && (group->calls >= LIMIT_GROUP_CALLS ||
			 catalog_group_growth(core->catalog) >= LIMIT_GROUP_GROWTH ||
			 clock_steady_ns() - group->begin_ns >= LIMIT_GROUP_MS * 1000000LL);
}

bool group_hold(struct core *core, struct group_answer *answer, enum err result)
{
	struct group *group = open_group(core);

	if (!group_has_changes(core))
		return false;
	answer->result = result;
	list_push_back(&group->answers, &answer->link);
	group->calls++;
	for (struct list *link = group->commits.prev; link != &group->commits; link = link->prev) {
		struct core_commit *commit = container_of(link, struct core_commit, link);
		if (commit->answer)
			break;
		commit->answer = answer;
	}
	return true;
}

/* The list's members are in `taken` and no longer in the list. */
static void take_all(struct list *list, struct list *taken)
{
	list_init(taken);
	while (!list_is_empty(list)) {
		struct list *link = list->next;
		list_remove(link);
		list_push_back(taken, link);
	}
}

static void finish_commits(struct core *core, struct list *commits, enum err result)
{
	for (struct list *link = commits->next; link != commits; link = link->next) {
		struct core_commit *commit = container_of(link, struct core_commit, link);
		commit->run(core, commit, result);
	}
	while (!list_is_empty(commits)) {
		struct core_commit *commit = container_of(commits->next, struct core_commit, link);
		struct group_answer *answer = commit->answer;
		list_remove(&commit->link);
		enum err err = commit->finish(core, commit);
		if (err && answer && answer->result == ERR_OK)
			answer->result = err;
	}
}

bool group_end(struct core *core, enum err *out_result)
{
	struct group *group = open_group(core);
	struct list answers, commits;

	*out_result = ERR_OK;
	if (!group)
		return false;
	enum err err = *out_result = catalog_group_end(core->catalog);
	staging_end(err == ERR_OK);
	group->is_open = false;
	take_all(&group->answers, &answers);
	take_all(&group->commits, &commits);
	finish_commits(core, &commits, err);
	bool has_held = !list_is_empty(&answers);
	while (!list_is_empty(&answers)) {
		struct group_answer *answer = container_of(answers.next, struct group_answer, link);
		list_remove(&answer->link);
		/* The answer may depend on a change that was dropped. */
		if (err)
			answer->result = err;
		answer->leave(answer);
	}
	return has_held;
}

enum err core_on_commit(struct core *core, struct core_commit *commit)
{
	struct group *group = open_group(core);

	if (group) {
		list_push_back(&group->commits, &commit->link);
		return ERR_OK;
	}
	commit->run(core, commit, ERR_OK);
	return commit->finish(core, commit);
}

enum err core_leave_group(struct core *core)
{
	enum err err;

	(void)group_end(core, &err);
	return err;
}
