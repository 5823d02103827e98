/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "core/core.h"
#include "core/page.h"
#include "core/seal/seal.h"

struct filter {
	struct str name;
	struct str *values;
	size_t values_count;
};

struct texts {
	struct str *items;
	size_t items_count;
};

struct list_in {
	struct str prefix, next_token;
	struct texts *groups;
	size_t groups_count;
	struct filter *filters;
	size_t filters_count;
	struct shape_pair *tags;
	size_t tags_count;
	int64_t max_results, size;
	bool has_max_results, has_size, is_deep, has_is_deep;
};

static const struct shape_member filter_members[] = {
	{.name = STR_INIT("Name"), .kind = SHAPE_STRING, .offset = offsetof(struct filter, name)},
	{.name = STR_INIT("Values"),
	 .kind = SHAPE_LIST,
	 .item_kind = SHAPE_STRING,
	 .item_size = sizeof(struct str),
	 .offset = offsetof(struct filter, values),
	 .extra_offset = offsetof(struct filter, values_count)},
};
static const struct shape filter_shape = {.name = STR_INIT("Filter"),
					  .size = sizeof(struct filter),
					  .member_count = 2,
					  .members = filter_members};

#define MEMBER(NAME, KIND, FIELD, EXTRA)                                                           \
	.name = STR_INIT(NAME), .kind = (KIND), .offset = offsetof(struct list_in, FIELD),         \
	.extra_offset = offsetof(struct list_in, EXTRA)
static const struct shape_member group_item = {
	.name = STR_INIT("Groups"),
	.kind = SHAPE_LIST,
	.item_kind = SHAPE_STRING,
	.item_size = sizeof(struct str),
	.offset = offsetof(struct texts, items),
	.extra_offset = offsetof(struct texts, items_count),
};
static const struct shape_member members[] = {
	{.name = STR_INIT("Prefix"), .offset = offsetof(struct list_in, prefix)},
	{.name = STR_INIT("NextToken"), .offset = offsetof(struct list_in, next_token)},
	{MEMBER("Filters", SHAPE_LIST, filters, filters_count), .item_kind = SHAPE_STRUCTURE,
	 .item_size = sizeof(struct filter), .shape = &filter_shape},
	{MEMBER("Tags", SHAPE_MAP, tags, tags_count), .item_kind = SHAPE_STRING,
	 .item_size = sizeof(struct shape_pair),
	 .item_value_offset = offsetof(struct shape_pair, value)},
	{MEMBER("Groups", SHAPE_LIST, groups, groups_count), .item_kind = SHAPE_LIST,
	 .item_size = sizeof(struct texts), .item = &group_item},
	{MEMBER("MaxResults", SHAPE_INTEGER, max_results, has_max_results)},
	{MEMBER("Size", SHAPE_LONG, size, has_size)},
	{MEMBER("IsDeep", SHAPE_BOOLEAN, is_deep, has_is_deep)},
};
static const struct shape shape = {.name = STR_INIT("ListInput"),
				   .size = sizeof(struct list_in),
				   .member_count = sizeof(members) / sizeof(members[0]),
				   .members = members};
static const struct service store = {.name = STR_INIT("store")};
static const struct operation list = {.name = STR_INIT("List"), .service = &store, .in = &shape};
static const struct operation other = {.name = STR_INIT("Other"), .service = &store, .in = &shape};

static struct core core;
static struct list_in in;
static struct call call;

static int setup(void **state)
{
	static const uint8_t master[SEAL_KEY_SIZE] = "a key of thirty-two bytes, so so";

	(void)state;
	core.seal = seal_new(master);
	in = (struct list_in){0};
	call = (struct call){.core = &core,
			     .arena = &arena,
			     .operation = &list,
			     .account = STR("111122223333"),
			     .region = STR("us-east-1"),
			     .path = STR("/"),
			     .base_ms = 1000,
			     .in = &in};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	seal_free(&core.seal);
	return 0;
}

static bool opens(struct str token)
{
	struct str key;

	return page_token_open(&call, token, 0, &key) == ERR_OK;
}

static void test_page_token_gives_its_key_again(void **state)
{
	static const char *const keys[] = {"", "a", "name.fifo", "\xff\xfe nobody's text"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct str key, token = page_token_make(&call, str_from(keys[i]));
		assert_true(token.size <= PAGE_TOKEN_SIZE(strlen(keys[i])));
		assert_int_equal(page_token_open(&call, token, 0, &key), ERR_OK);
		assert_str(key, keys[i]);
	}
}

static void test_page_token_hides_its_key(void **state)
{
	struct str token = page_token_make(&call, STR("a secret name of a queue"));
	uint8_t bytes[256];
	size_t size;

	(void)state;
	assert_true(base64_parse(token, bytes, &size));
	assert_int_equal(str_find(str_of(bytes, size), STR("secret"), 0), SIZE_MAX);
}

static void test_page_token_with_any_other_byte_is_refused(void **state)
{
	struct str token = page_token_make(&call, STR("key"));
	char *text = (char *)(uintptr_t)arena_copy(&arena, token).data;

	(void)state;
	for (size_t i = 0; i < token.size; i++) {
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_false(opens(str_of(text, token.size)));
		text[i] = token.data[i];
		assert_false(opens(str_of(text, i)));
	}
	assert_true(opens(str_of(text, token.size)));
	assert_false(opens(STR("!")));
	/* Sealed by this server, but as something else. */
	struct str sealed = seal_close(core.seal, &arena, 7, STR("1234567890123456789012345"));
	char *other_text = arena_bytes(&arena, base64_size(sealed.size));
	base64_format(sealed, other_text);
	assert_false(opens(str_of(other_text, base64_size(sealed.size))));
}

static void test_page_token_belongs_to_operation_account_and_region(void **state)
{
	struct str token = page_token_make(&call, STR("key"));
	struct call same = call;

	(void)state;
	call.operation = &other;
	assert_false(opens(token));
	call = same;
	call.account = STR("444455556666");
	assert_false(opens(token));
	call = same;
	call.region = STR("eu-west-1");
	assert_false(opens(token));
	call = same;
	call.path = STR("/111122223333/orders");
	assert_false(opens(token));
	call = same;
	assert_true(opens(token));
}

static void test_page_token_belongs_to_every_filter(void **state)
{
	struct str values[] = {STR("one"), STR("two")};
	struct filter filters[] = {{STR("state"), values, 2}, {STR("zone"), values, 1}};
	struct shape_pair tags[] = {{STR("k"), STR("v")}};

	(void)state;
	in = (struct list_in){.prefix = STR("p"),
			      .filters = filters,
			      .filters_count = 2,
			      .tags = tags,
			      .tags_count = 1,
			      .size = 5,
			      .has_size = true};
	struct list_in same = in;
	struct str token = page_token_make(&call, STR("key"));
	in.prefix = STR("q");
	assert_false(opens(token));
	in.prefix = (struct str){0};
	assert_false(opens(token));
	in = same;
	in.filters_count = 1;
	assert_false(opens(token));
	in = same;
	values[1] = STR("three");
	assert_false(opens(token));
	values[1] = STR("two");
	tags[0].value = STR("w");
	assert_false(opens(token));
	tags[0].value = STR("v");
	in.size = 6;
	assert_false(opens(token));
	in = same;
	in.has_is_deep = true; /* false, but said */
	assert_false(opens(token));
	in = same;
	assert_true(opens(token));
}

static void test_page_token_belongs_to_lists_of_lists(void **state)
{
	struct str values[] = {STR("one"), STR("two")}, copies[] = {STR("one"), STR("two")};
	struct texts groups[] = {{values, 2}, {values, 1}};

	(void)state;
	in.groups = groups;
	in.groups_count = 2;
	struct str token = page_token_make(&call, STR("key"));
	groups[0].items = copies; /* as the next request has them elsewhere */
	assert_true(opens(token));
	copies[1] = STR("three");
	assert_false(opens(token));
	copies[1] = STR("two");
	groups[0].items_count = 1;
	assert_false(opens(token));
}

static void test_page_token_allows_another_size_of_the_page(void **state)
{
	struct str token = page_token_make(&call, STR("key"));

	(void)state;
	in.next_token = token;
	in.max_results = 7;
	in.has_max_results = true;
	assert_true(opens(token));
}

static void test_page_token_expires_after_its_lifetime(void **state)
{
	struct str key, token = page_token_make(&call, STR("key"));

	(void)state;
	call.base_ms += 60000;
	assert_int_equal(page_token_open(&call, token, 60000, &key), ERR_OK);
	call.base_ms++;
	assert_int_equal(page_token_open(&call, token, 60000, &key), ERR_INVALID);
	assert_int_equal(page_token_open(&call, token, 0, &key), ERR_OK);
	/* Made on a server with a later time base, before a restore. */
	call.base_ms = 0;
	assert_int_equal(page_token_open(&call, token, 60000, &key), ERR_OK);
}

static size_t texts_read;

static struct str text_at(const void *texts, size_t index)
{
	texts_read++;
	return ((const struct str *)texts)[index];
}

static size_t find_place(const struct str *texts, size_t count, struct str key)
{
	size_t index = SIZE_MAX;

	assert_int_equal(page_place_find(key, texts, count, text_at, &index), ERR_OK);
	return index;
}

static void test_page_place_is_looked_at_first(void **state)
{
	struct str texts[] = {STR("d"), STR("b"), STR("c"), STR("a")};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		texts_read = 0;
		assert_int_equal(find_place(texts, 4, page_place_key(&arena, i, texts[i])), i + 1);
		assert_int_equal(texts_read, 1);
	}
}

static void test_page_place_moves_with_its_item(void **state)
{
	const struct str before[] = {STR("d"), STR("b"), STR("c"), STR("a")};
	const struct str more[] = {STR("new"), STR("d"), STR("b"), STR("c"), STR("a")};
	const struct str without[] = {STR("d"), STR("c"), STR("a")};
	struct str key = page_place_key(&arena, 1, STR("b"));
	size_t index;

	(void)state;
	assert_int_equal(find_place(before, 4, key), 2);
	assert_int_equal(find_place(more, 5, key), 3);
	assert_int_equal(find_place(without, 3, key), 1); /* "c" */
	assert_int_equal(find_place(without, 1, key), 1);
	assert_int_equal(find_place(NULL, 0, key), 0);
	assert_int_equal(page_place_find(key, NULL, 4, NULL, &index), ERR_OK);
	assert_int_equal(index, 2);
	assert_int_equal(page_place_find(STR("b"), before, 4, text_at, &index), ERR_INVALID);
}
