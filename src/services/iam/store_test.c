/* SPDX-License-Identifier: MIT */
/* A catalog in a directory of its own, and a core around it. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fixture.h"
#include "services/iam/iam.h"
#include "services/iam/store.h"

#define ACCOUNT "111122223333"

struct fixture {
	char path[64];
	struct core core;
};

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	(void)status;
	(void)flag;
	(void)place;
	return remove(path);
}

static void init(struct fixture *f)
{
	static const uint8_t master[SEAL_KEY_SIZE] = {1};

	memset(f, 0, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "/tmp/iam-store-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(catalog_open(f->path, false, &f->core.catalog), ERR_OK);
	f->core.seal = seal_new(master);
	f->core.default_account = STR(ACCOUNT);
}

static void done(struct fixture *f)
{
	iam_module.stop(&f->core);
	catalog_free(&f->core.catalog);
	seal_free(&f->core.seal);
	nftw(f->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void put_row(struct fixture *f, const char *id, const char *text)
{
	struct str sealed = seal_close(f->core.seal, &arena, 0, str_from(text));
	struct catalog_changes changes = {0};

	catalog_changes_put(&changes, CATALOG_IAM, str_from(id), sealed);
	assert_int_equal(catalog_write(f->core.catalog, &changes), ERR_OK);
}

static void test_a_damaged_row_is_reported(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	put_row(&f, "AIDA1", "{}");
	assert_int_equal(iam_module.start(&f.core, &(struct service_start){0}, NULL), ERR_DAMAGED);
	done(&f);
}

static void test_a_root_user_has_two_keys_and_a_new_one_replaces_an_inactive_one(void **state)
{
	struct iam_new_key first, second, third;
	struct fixture f;

	(void)state;
	init(&f);
	assert_int_equal(iam_module.start(&f.core, &(struct service_start){0}, NULL), ERR_OK);
	assert_true(iam_is_locked_out(&f.core, STR(ACCOUNT)));
	assert_int_equal(iam_root_key_create(&f.core, STR(ACCOUNT), &first), ERR_OK);
	assert_int_equal(iam_root_key_create(&f.core, STR(ACCOUNT), &second), ERR_OK);
	assert_int_equal(iam_root_key_create(&f.core, STR(ACCOUNT), &third), ERR_TOOLARGE);
	const struct directory_entity *account = directory_find_id(f.core.directory, STR(ACCOUNT));
	struct directory_entity draft = directory_draft(account);
	struct directory_key keys[2] = {account->keys[0], account->keys[1]};
	keys[0].is_active = false;
	draft.keys = keys;
	assert_int_equal(iam_store_put(&f.core, &draft), ERR_OK);
	directory_release(account);
	assert_int_equal(iam_root_key_create(&f.core, STR(ACCOUNT), &third), ERR_OK);
	account = directory_find_id(f.core.directory, STR(ACCOUNT));
	assert_int_equal(account->key_count, 2);
	assert_memory_equal(account->keys[0].id.data, second.id, sizeof(second.id));
	assert_memory_equal(account->keys[1].id.data, third.id, sizeof(third.id));
	directory_release(account);
	done(&f);
}
