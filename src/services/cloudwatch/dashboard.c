/* SPDX-License-Identifier: MIT */
/* dashboard: PutDashboard, GetDashboard, ListDashboards, DeleteDashboards; one record each. */
#include "services/cloudwatch/dashboard.h"

#include <string.h>

#include "api/cloudwatch_records.h"
#include "base/arn.h"
#include "base/pack.h"
#include "base/snapshot.h"
#include "core/authorize.h"
#include "core/page.h"
#include "core/tags.h"
#include "services/cloudwatch/dashboard_check.h"

enum { NAME_MAX_SIZE = 255, NAMES_MAX = 100, PAGE_SIZE = 1000, TAGS_MAX = 50 };

struct dashboard {
	_Atomic uint32_t references;
	struct str account, name, content;
	int64_t modified_ms;
};

/* ---- the table ---- */

static void hold(const void *value)
{
	atomic_fetch_add_explicit(&((struct dashboard *)value)->references, 1,
				  memory_order_relaxed);
}

static void release(const void *value)
{
	struct dashboard *dashboard = (struct dashboard *)value;

	if (atomic_fetch_sub_explicit(&dashboard->references, 1, memory_order_acq_rel) == 1)
		heap_free(dashboard);
}

static int compare(const void *key, const void *value)
{
	const struct dashboard *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order ? order : str_compare(a->name, b->name);
}

static const struct snapshot_kind kind = {
	.hold = hold, .release = release, .order_count = 1, .orders = {{.compare = compare}}};

static const struct dashboard *dashboard_new(const struct dashboard *draft)
{
	size_t size = sizeof(*draft) + draft->account.size + draft->name.size + draft->content.size;
	struct dashboard *dashboard = heap_alloc(size);
	char *end = (char *)(dashboard + 1);

	dashboard->account = draft->account;
	dashboard->name = draft->name;
	dashboard->content = draft->content;
	dashboard->modified_ms = draft->modified_ms;
	pack_text(&end, &dashboard->account);
	pack_text(&end, &dashboard->name);
	pack_text(&end, &dashboard->content);
	dashboard->references = 1;
	return dashboard;
}

static void put(struct core *core, const struct dashboard *dashboard)
{
	struct snapshot_table *table = cloudwatch_of(core)->dashboards;

	snapshot_table_begin(table);
	snapshot_table_put(table, dashboard);
	snapshot_table_commit(table);
}

static void drop(struct core *core, const struct dashboard *dashboard)
{
	struct snapshot_table *table = cloudwatch_of(core)->dashboards;

	snapshot_table_begin(table);
	(void)snapshot_table_remove(table,
				    (struct snapshot_key){.compare = compare, .key = dashboard});
	snapshot_table_commit(table);
}

static void release_at_end(void *dashboard)
{
	release(dashboard);
}

/* NULL: there is none. Released when the call ends. */
static const struct dashboard *find(struct call *call, struct str name)
{
	struct dashboard wanted = {.account = call->account, .name = name};
	const struct dashboard *dashboard =
		snapshot_table_find(cloudwatch_of(call->core)->dashboards, 0,
				    (struct snapshot_key){.compare = compare, .key = &wanted});

	if (dashboard)
		call_on_end(call, release_at_end, dashboard);
	return dashboard;
}

/* ---- records ---- */

static struct str key_of(struct arena *arena, const struct dashboard *dashboard)
{
	return arena_format(arena, "%.*s/%.*s", STR_ARG(dashboard->account),
			    STR_ARG(dashboard->name));
}

static enum err load_row(void *context, struct str key, struct str bytes)
{
	struct cloudwatch_dashboard_record record = {0};
	struct arena arena;

	arena_init(&arena);
	enum err err = cloudwatch_dashboard_record_decode(&arena, bytes, &record);
	struct dashboard draft = {.account = record.account,
				  .name = record.name,
				  .content = record.content,
				  .modified_ms = record.modified_ms};
	if (!err && !str_equal(key, key_of(&arena, &draft)))
		err = ERR_DAMAGED;
	if (!err)
		put(context, dashboard_new(&draft));
	arena_done(&arena);
	return err;
}

enum err cloudwatch_dashboards_start(struct core *core)
{
	cloudwatch_of(core)->dashboards = snapshot_table_new(&kind);
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_CLOUDWATCH_DASHBOARDS, load_row, core);
	catalog_abort(core->catalog);
	return err;
}

void cloudwatch_dashboards_stop(struct core *core)
{
	snapshot_table_free(&cloudwatch_of(core)->dashboards);
}

/* Deletes what the array has. */
static enum err delete_all(struct core *core, struct arena *arena,
			   const struct dashboard *const *dashboards, size_t count)
{
	struct catalog_changes changes = {0};

	for (size_t i = 0; i < count; i++)
		catalog_changes_drop(&changes, CATALOG_CLOUDWATCH_DASHBOARDS,
				     key_of(arena, dashboards[i]));
	enum err err = catalog_write(core->catalog, &changes);
	for (size_t i = 0; i < count && !err; i++)
		drop(core, dashboards[i]);
	return err;
}

enum err cloudwatch_dashboards_reset(struct core *core, struct str account, uint64_t *count)
{
	struct dashboard from = {.account = account};
	const struct snapshot *snapshot = snapshot_take(cloudwatch_of(core)->dashboards);
	const struct dashboard *dashboard;
	struct snapshot_cursor cursor;
	struct arena arena;
	enum err err = ERR_OK;

	arena_init(&arena);
	snapshot_seek(snapshot, 0, (struct snapshot_key){.compare = compare, .key = &from},
		      &cursor);
	while (!err && (dashboard = snapshot_next(&cursor)) &&
	       str_equal(dashboard->account, account)) {
		err = delete_all(core, &arena, &dashboard, 1);
		*count += !err;
	}
	snapshot_release(snapshot);
	arena_done(&arena);
	return err;
}

/* ---- operations ---- */

static struct str arn_of(struct call *call, struct str name)
{
	return arena_format(call->arena, "arn:%.*s:cloudwatch::%.*s:dashboard/%.*s",
			    STR_ARG(arn_partition(call->region)), STR_ARG(call->account),
			    STR_ARG(name));
}

static enum err authorize(struct call *call, struct str action, struct str name)
{
	struct resource resource = {.arn = arn_of(call, name), .account = call->account};

	return call_authorize(call, action, &resource);
}

static enum err check_name(struct call *call, struct str name)
{
	bool is_valid = name.size > 0;

	for (size_t i = 0; i < name.size && is_valid; i++) {
		char c = name.data[i];

		is_valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9') || c == '-' || c == '_';
	}
	if (!is_valid)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The value for field DashboardName contains invalid characters. It can "
			    "only contain alphanumerics, dash (-) and underscore (_).\n");
	if (name.size > NAME_MAX_SIZE)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The value for field DashboardName must not be longer than %d "
			    "characters.",
			    NAME_MAX_SIZE);
	return ERR_OK;
}

enum err cloudwatch_put_dashboard(struct call *call, const struct cloudwatch_put_dashboard_in *in,
				  struct cloudwatch_put_dashboard_out *out)
{
	struct dashboard_problems problems = {0};
	struct catalog_changes changes = {0};
	struct buf record = {0};

	enum err err = authorize(call, STR("cloudwatch:PutDashboard"), in->dashboard_name);
	if (!err)
		err = check_name(call, in->dashboard_name);
	if (!err && in->tags_count > TAGS_MAX)
		err = fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			   "The maximum number of tags is %d.", TAGS_MAX);
	if (err)
		return err;
	dashboard_check(call->arena, in->dashboard_body, &problems);
	if (problems.error_count > 0)
		return fail(call, &CLOUDWATCH_DASHBOARD_INVALID_INPUT_ERROR, "%.*s",
			    STR_ARG(dashboard_problems_text(call->arena, &problems)));
	const struct dashboard draft = {.account = call->account,
					.name = in->dashboard_name,
					.content = in->dashboard_body,
					.modified_ms = call->now_ms};
	const struct cloudwatch_dashboard_record stored = {.account = draft.account,
							   .name = draft.name,
							   .content = draft.content,
							   .modified_ms = draft.modified_ms};
	cloudwatch_dashboard_record_encode(&record, &stored);
	catalog_changes_put(&changes, CATALOG_CLOUDWATCH_DASHBOARDS, key_of(call->arena, &draft),
			    buf_str(&record));
	buf_done(&record);
	err = catalog_write(call->core->catalog, &changes);
	if (err)
		return err;
	put(call->core, dashboard_new(&draft));
	out->dashboard_validation_messages_count = problems.count;
	out->dashboard_validation_messages = arena_array(
		call->arena, struct cloudwatch_dashboard_validation_message, problems.count);
	for (size_t i = 0; i < problems.count; i++)
		out->dashboard_validation_messages[i] =
			(struct cloudwatch_dashboard_validation_message){
				.data_path = problems.items[i].path,
				.message = problems.items[i].text};
	return ERR_OK;
}

static enum err not_found(struct call *call, struct str name)
{
	return fail(call, &CLOUDWATCH_DASHBOARD_NOT_FOUND_ERROR, "Dashboard %.*s does not exist",
		    STR_ARG(name));
}

enum err cloudwatch_get_dashboard(struct call *call, const struct cloudwatch_get_dashboard_in *in,
				  struct cloudwatch_get_dashboard_out *out)
{
	enum err err = authorize(call, STR("cloudwatch:GetDashboard"), in->dashboard_name);
	if (err)
		return err;
	const struct dashboard *dashboard = find(call, in->dashboard_name);
	if (!dashboard)
		return not_found(call, in->dashboard_name);
	out->dashboard_arn = arn_of(call, dashboard->name);
	out->dashboard_body = dashboard->content;
	out->dashboard_name = dashboard->name;
	return ERR_OK;
}

static void release_snapshot(void *snapshot)
{
	snapshot_release(snapshot);
}

enum err cloudwatch_list_dashboards(struct call *call,
				    const struct cloudwatch_list_dashboards_in *in,
				    struct cloudwatch_list_dashboards_out *out)
{
	struct str prefix = in->dashboard_name_prefix.data ? in->dashboard_name_prefix : STR("");
	struct dashboard from = {.account = call->account, .name = prefix};
	struct str after = {0};
	struct snapshot_cursor cursor;
	const struct dashboard *dashboard;

	enum err err = call_authorize_any(call, STR("cloudwatch:ListDashboards"));
	if (!err && in->next_token.size > 0 &&
	    page_token_open(call, in->next_token, 0, &after) != ERR_OK)
		err = fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE, "Invalid NextToken");
	if (err)
		return err;
	if (after.data)
		from.name = after;
	const struct snapshot *snapshot = snapshot_take(cloudwatch_of(call->core)->dashboards);
	call_on_end(call, release_snapshot, snapshot);
	snapshot_seek(snapshot, 0, (struct snapshot_key){.compare = compare, .key = &from},
		      &cursor);
	out->dashboard_entries =
		arena_array(call->arena, struct cloudwatch_dashboard_entry, PAGE_SIZE);
	while ((dashboard = snapshot_next(&cursor))) {
		if (!str_equal(dashboard->account, call->account) ||
		    !str_starts(dashboard->name, prefix))
			break;
		if (after.data && str_equal(dashboard->name, after))
			continue;
		if (out->dashboard_entries_count == PAGE_SIZE) {
			struct str last = out->dashboard_entries[PAGE_SIZE - 1].dashboard_name;
			out->next_token = page_token_make(call, last);
			break;
		}
		out->dashboard_entries[out->dashboard_entries_count++] =
			(struct cloudwatch_dashboard_entry){
				.dashboard_name = dashboard->name,
				.dashboard_arn = arn_of(call, dashboard->name),
				.last_modified = dashboard->modified_ms,
				.has_last_modified = true,
				.size = (int64_t)dashboard->content.size,
				.has_size = true,
			};
	}
	return ERR_OK;
}

enum err cloudwatch_delete_dashboards(struct call *call,
				      const struct cloudwatch_delete_dashboards_in *in,
				      struct cloudwatch_delete_dashboards_out *out)
{
	const struct dashboard *found[NAMES_MAX];
	enum err err = ERR_OK;

	(void)out;
	if (in->dashboard_names_count == 0)
		err = authorize(call, STR("cloudwatch:DeleteDashboards"), STR("*"));
	for (size_t i = 0; i < in->dashboard_names_count && !err; i++)
		err = authorize(call, STR("cloudwatch:DeleteDashboards"), in->dashboard_names[i]);
	if (err)
		return err;
	if (in->dashboard_names_count > NAMES_MAX)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "At most %d dashboards can be deleted in a request.", NAMES_MAX);
	for (size_t i = 0; i < in->dashboard_names_count; i++) {
		found[i] = find(call, in->dashboard_names[i]);
		if (!found[i])
			return not_found(call, in->dashboard_names[i]);
	}
	return delete_all(call->core, call->arena, found, in->dashboard_names_count);
}
