/* SPDX-License-Identifier: MIT */
/* view: walks shapes; what it does not write as text it writes as JSON. */
#include "view.h"

#include "output.h"
#include "wire/json.h"

union answer {
	_Alignas(max_align_t) uint8_t bytes[VIEW_ANSWER_MAX];
};

const struct shape_member *view_member(const struct shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->member_count; i++)
		if (str_equal(shape->members[i].name, str_from(name)))
			return &shape->members[i];
	check(!"a member of the shape");
	return NULL;
}

static bool is_there(const struct shape_member *member, const uint8_t *field, const uint8_t *value)
{
	switch (member->kind) {
	case SHAPE_STRING:
	case SHAPE_BLOB:
		return ((const struct str *)(const void *)field)->data;
	case SHAPE_STRUCTURE:
	case SHAPE_LIST:
	case SHAPE_MAP:
		return *(void *const *)(const void *)field;
	default:
		return *(const bool *)(value + member->extra_offset);
	}
}

/* `{"Name":VALUE}` without the name. */
static struct str as_json(struct arena *arena, const struct shape_member *member, const void *value)
{
	const struct shape shape = {.member_count = 1, .members = member};
	struct buf json = {0};

	wire_json_encode(&json, &shape, value);
	size_t begin = member->name.size + 4;
	check(json.size > begin);
	struct str text = arena_copy(arena, str_slice(buf_str(&json), begin, json.size - 1));
	buf_done(&json);
	return text;
}

struct str view_text(struct arena *arena, const struct shape_member *member, const void *value)
{
	const uint8_t *field = (const uint8_t *)value + member->offset;

	if (!is_there(member, field, value))
		return (struct str){0};
	switch (member->kind) {
	case SHAPE_STRING:
		return *(const struct str *)(const void *)field;
	case SHAPE_INTEGER:
	case SHAPE_LONG:
		return output_number(arena, *(const int64_t *)(const void *)field);
	case SHAPE_TIMESTAMP:
		return output_time(arena, *(const int64_t *)(const void *)field);
	default:
		return as_json(arena, member, value);
	}
}

/* ---- lists ---- */

struct listing {
	const struct view_list *view;
	const struct shape_member *list;
	struct table *table; /* NULL: JSON */
	size_t count;
};

static void print_item(const struct listing *listing, const uint8_t *item)
{
	struct buf json = {0};

	if (listing->list->item_kind == SHAPE_STRUCTURE) {
		wire_json_encode(&json, listing->list->shape, item);
		output_json_line(&json);
	} else {
		output_text(listing->table->cli, listing->view->columns[0].title,
			    *(const struct str *)(const void *)item);
	}
	buf_done(&json);
}

static void add_item(const struct listing *listing, const uint8_t *item)
{
	const struct view_list *view = listing->view;
	struct str cells[VIEW_COLUMNS_MAX];

	for (size_t i = 0; i < view->column_count; i++)
		cells[i] = view->columns[i].member ? view_text(&listing->table->arena,
							       view_member(listing->list->shape,
									   view->columns[i].member),
							       item)
						   : *(const struct str *)(const void *)item;
	table_add(listing->table, cells);
}

static void add_page(struct listing *listing, const uint8_t *answer)
{
	const struct shape_member *list = listing->list;
	const uint8_t *items = *(uint8_t *const *)(const void *)(answer + list->offset);
	size_t count = *(const size_t *)(const void *)(answer + list->extra_offset);

	for (size_t i = 0; i < count; i++) {
		if (listing->table->cli->is_json)
			print_item(listing, items + i * list->item_size);
		else
			add_item(listing, items + i * list->item_size);
	}
	listing->count += count;
}

enum cli_exit view_list(struct cli *cli, const struct view_list *view, const void *in,
			const char *nothing)
{
	struct column columns[VIEW_COLUMNS_MAX] = {{0}};
	struct tern_pager pager;
	struct table table;
	struct listing listing = {.view = view,
				  .list = view_member(view->operation->out, view->list),
				  .table = &table};
	union answer answer;
	enum err err;

	check(view->column_count <= VIEW_COLUMNS_MAX);
	check(view->operation->out->size <= sizeof(answer));
	for (size_t i = 0; i < view->column_count; i++)
		columns[i].title = view->columns[i].title;
	table_init(&table, cli, columns, view->column_count);
	tern_pager_init(&pager, cli->call, view->operation, in);
	while (!(err = tern_pager_next(&pager, &answer)))
		add_page(&listing, answer.bytes);
	tern_pager_done(&pager);
	table_done(&table);
	if (err != ERR_NOTFOUND)
		return cli_explain(cli, err);
	if (listing.count == 0 && !cli->is_json)
		cli_note(cli, "%s", nothing);
	return CLI_OK;
}

/* ---- structures ---- */

static bool is_text_map(const struct shape_member *member)
{
	return member->kind == SHAPE_MAP && member->item_kind == SHAPE_STRING;
}

static void add_map(struct table *table, const struct shape_member *member, const uint8_t *value)
{
	const struct shape_pair *pairs =
		*(struct shape_pair *const *)(const void *)(value + member->offset);
	size_t count = *(const size_t *)(const void *)(value + member->extra_offset);

	for (size_t i = 0; i < count; i++)
		table_add(table, (const struct str[]){pairs[i].key, pairs[i].value});
}

void view_structure(struct cli *cli, const struct shape *shape, const void *value)
{
	static const struct column columns[] = {{"NAME", "", false}, {"VALUE", "", false}};
	struct table table;
	struct buf json = {0};

	if (cli->is_json) {
		wire_json_encode(&json, shape, value);
		output_json_line(&json);
		buf_done(&json);
		return;
	}
	table_init(&table, cli, columns, 2);
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (is_text_map(member)) {
			add_map(&table, member, value);
			continue;
		}
		struct str text = view_text(&table.arena, member, value);
		if (text.data)
			table_add(&table, (const struct str[]){member->name, text});
	}
	table_done(&table);
}

enum cli_exit view_run(struct cli *cli, const struct operation *operation, const void *in)
{
	union answer answer;

	check(operation->out->size <= sizeof(answer));
	enum cli_exit code = cli_call(cli, operation, in, &answer);
	if (code == CLI_OK)
		view_structure(cli, operation->out, &answer);
	return code;
}
