/* SPDX-License-Identifier: MIT */
/* help_api: what a server serves, from the models: services, operations, and members with kinds and
 * constraints. */
#include "help_api.h"

#include <stdio.h>

#include "api/services.h"
#include "base/suggest.h"
#include "output.h"
#include "wire/constraint.h"

enum { NESTING_MAX = 4, OPERATIONS_MAX = 512 };

static struct str join(struct arena *arena, struct str text, const char *separator, struct str more)
{
	return text.size == 0
		       ? more
		       : arena_format(arena, "%.*s%s%.*s", STR_ARG(text), separator, STR_ARG(more));
}

/* ---- names ---- */

static const struct service *find_service(struct str name)
{
	for (size_t i = 0; i < API_SERVICES; i++)
		if (str_equal(api_services[i]->name, name))
			return api_services[i];
	return NULL;
}

static const struct operation *find_operation(const struct service *service, struct str name)
{
	for (uint32_t i = 0; i < service->operation_count; i++)
		if (str_equal_nocase(service->operations[i].name, name))
			return &service->operations[i];
	return NULL;
}

static enum cli_exit refuse_service(struct cli *cli, struct str name)
{
	struct str all = {0};

	for (size_t i = 0; i < API_SERVICES; i++)
		all = join(&cli->arena, all, ", ", api_services[i]->name);
	return cli_fail(cli, CLI_USAGE, "there is no service \"%.*s\"; there are %.*s",
			STR_ARG(name), STR_ARG(all));
}

static enum cli_exit refuse_operation(struct cli *cli, const struct service *service,
				      struct str name)
{
	const char *names[OPERATIONS_MAX];
	size_t count = 0;

	for (; count < service->operation_count && count < OPERATIONS_MAX; count++)
		names[count] = arena_cstr(&cli->arena, service->operations[count].name);
	const char *meant = suggest_name(name, names, count);
	if (meant)
		return cli_fail(cli, CLI_USAGE,
				"%.*s has no operation \"%.*s\"; did you mean \"%s\"?",
				STR_ARG(service->name), STR_ARG(name), meant);
	return cli_fail(cli, CLI_USAGE,
			"%.*s has no operation \"%.*s\"; 'tern help api %.*s' lists all",
			STR_ARG(service->name), STR_ARG(name), STR_ARG(service->name));
}

/* ---- services and their operations ---- */

static struct str names_of_resources(struct arena *arena, const struct operation_facts *facts)
{
	struct str text = {0};

	for (uint32_t i = 0; i < facts->resource_count; i++)
		text = join(arena, text, ", ", facts->resources[i]->name);
	return text.size > 0 ? text : STR("*");
}

static void list_services(struct cli *cli)
{
	static const struct column columns[] = {
		{"SERVICE", "Service", false},
		{"OPERATIONS", "Operations", true},
		{"RESOURCES", "Resources", false},
	};
	struct table table;

	table_init(&table, cli, columns, 3);
	for (size_t i = 0; i < API_SERVICES; i++) {
		const struct service *service = api_services[i];
		struct str resources = {0};
		for (uint32_t j = 0; j < service->resource_type_count; j++)
			resources =
				join(&cli->arena, resources, ", ", service->resource_types[j].name);
		const struct str cells[] = {
			service->name,
			output_number(&cli->arena, service->operation_count),
			resources,
		};
		table_add(&table, cells);
	}
	table_done(&table);
}

static void list_operations(struct cli *cli, const struct service *service)
{
	static const struct column columns[] = {
		{"OPERATION", "Operation", false},
		{"ACCESS", "Access", false},
		{"RESOURCES", "Resources", false},
		{"", "Documentation", false},
	};
	struct table table;

	table_init(&table, cli, columns, 4);
	for (uint32_t i = 0; i < service->operation_count; i++) {
		const struct operation *operation = &service->operations[i];
		const struct operation_facts *facts = operation->facts;
		const struct str cells[] = {
			operation->name,
			access_levels[facts->access],
			names_of_resources(&cli->arena, facts),
			facts->documentation,
		};
		table_add(&table, cells);
	}
	table_done(&table);
}

/* ---- members ---- */

static struct str kind_name(enum shape_kind kind, const struct shape *shape)
{
	static const struct str names[] = {
		[SHAPE_STRING] = STR_INIT("string"),   [SHAPE_BLOB] = STR_INIT("blob"),
		[SHAPE_INTEGER] = STR_INIT("integer"), [SHAPE_LONG] = STR_INIT("long"),
		[SHAPE_DOUBLE] = STR_INIT("double"),   [SHAPE_BOOLEAN] = STR_INIT("boolean"),
		[SHAPE_TIMESTAMP] = STR_INIT("time"),
	};

	if (kind == SHAPE_STRUCTURE)
		return shape->name;
	return (size_t)kind < sizeof(names) / sizeof(names[0]) && names[kind].data ? names[kind]
										   : STR("list");
}

static struct str type_of(struct arena *arena, const struct shape_member *member)
{
	if (member->kind != SHAPE_LIST && member->kind != SHAPE_MAP)
		return kind_name(member->kind, member->shape);
	return arena_format(arena, "%s of %.*s", member->kind == SHAPE_LIST ? "list" : "map",
			    STR_ARG(kind_name(member->item_kind, member->shape)));
}

static struct str bounds_of(struct arena *arena, const struct shape_constraint *constraint,
			    const char *what)
{
	long long least = constraint->least, most = constraint->most;

	if (constraint->least == INT64_MIN && constraint->most == INT64_MAX)
		return (struct str){0};
	if (constraint->most == INT64_MAX)
		return arena_format(arena, "%s%lld or more", what, least);
	if (constraint->least == INT64_MIN)
		return arena_format(arena, "%sat most %lld", what, most);
	if (least == most)
		return arena_format(arena, "%s%lld", what, least);
	return arena_format(arena, "%s%lld to %lld", what, least, most);
}

/* "length 1 to 64; matches [\w-]+; each: length 1 to 255". */
static struct str rules_of(struct arena *arena, const struct shape_constraint *constraint,
			   bool is_number)
{
	struct str values = {0};

	if (!constraint)
		return (struct str){0};
	struct str text = bounds_of(arena, constraint, is_number ? "" : "length ");
	if (constraint->pattern)
		text = join(
			arena, text, "; ",
			arena_format(arena, "matches %.*s", STR_ARG(constraint->pattern->text)));
	for (uint32_t i = 0; i < constraint->value_count; i++)
		values = join(arena, values, ", ", constraint->values[i]);
	if (values.size > 0)
		text = join(arena, text, "; ", values);
	if (constraint->item)
		text = join(arena, text, "; ",
			    arena_format(arena, "each: %.*s",
					 STR_ARG(rules_of(arena, constraint->item, false))));
	return text;
}

/* A member and, below it, those of its structure: "Tags[].Key". */
static void add_members(struct cli *cli, struct table *table, struct str side,
			const struct shape *shape, struct str prefix, size_t depth)
{
	struct arena *arena = &cli->arena;

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		bool is_number = member->kind == SHAPE_INTEGER || member->kind == SHAPE_LONG;
		bool is_many = member->kind == SHAPE_LIST || member->kind == SHAPE_MAP;
		struct str name =
			arena_format(arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(member->name));
		struct str rules = rules_of(arena, member->constraint, is_number);
		const struct str cells[] = {
			side,
			name,
			type_of(arena, member),
			member->is_required ? STR("yes") : (struct str){0},
			rules.size > 0 ? rules : (struct str){0},
		};
		table_add(table, cells);
		if (member->shape && depth < NESTING_MAX)
			add_members(
				cli, table, side, member->shape,
				arena_format(arena, "%.*s%s.", STR_ARG(name), is_many ? "[]" : ""),
				depth + 1);
	}
}

/* ---- one operation ---- */

static void print_line(const char *title, struct str text)
{
	if (text.size > 0)
		printf("%-16s%.*s\n", title, STR_ARG(text));
}

static struct str quota_of(struct arena *arena, const struct throttle_class *class)
{
	static const char *const scopes[] = {
		[THROTTLE_CLASS_EACH] = "of each account",
		[THROTTLE_CLASS_SHARED] = "of each account, shared with operations of its kind",
		[THROTTLE_CLASS_QUOTA] = "of each resource",
	};

	if (!class)
		return (struct str){0};
	struct str text = arena_format(arena, "%g requests a second %s",
				       (double)class->rate_milli / 1000, scopes[class->scope]);
	if (class->title.size == 0)
		return text;
	return arena_format(arena, "%.*s (%.*s)", STR_ARG(text), STR_ARG(class->title));
}

static void print_facts(struct cli *cli, const struct operation *operation)
{
	const struct operation_facts *facts = operation->facts;
	struct arena *arena = &cli->arena;
	struct str keys = {0};

	printf("%.*s\n\n", STR_ARG(facts->documentation));
	print_line("Action", operation->action);
	print_line("Access", access_levels[facts->access]);
	if (facts->resource_count == 0)
		print_line("Resources", STR("*"));
	for (uint32_t i = 0; i < facts->resource_count; i++) {
		const struct resource_type *type = facts->resources[i];
		print_line(i == 0 ? "Resources" : "", type->arn);
		for (uint32_t j = 0; j < type->key_count; j++)
			keys = join(arena, keys, ", ", type->keys[j]);
	}
	for (uint32_t i = 0; i < facts->key_count; i++)
		keys = join(arena, keys, ", ", facts->keys[i]);
	print_line("Condition keys", keys);
	print_line("Event", operation_is_data(operation) ? STR("data") : STR("management"));
	print_line("AWS's quota", quota_of(arena, facts->throttle));
	print_line("Price", facts->price);
	putchar('\n');
}

static void show_operation(struct cli *cli, const struct operation *operation)
{
	static const struct column columns[] = {
		{"", "Side", false},
		{"MEMBER", "Member", false},
		{"TYPE", "Type", false},
		{"REQUIRED", "Required", false},
		{"CONSTRAINTS", "Constraints", false},
	};
	struct table table;

	if (!cli->is_json)
		print_facts(cli, operation);
	table_init(&table, cli, columns, 5);
	add_members(cli, &table, STR("in"), operation->in, STR(""), 0);
	add_members(cli, &table, STR("out"), operation->out, STR(""), 0);
	table_done(&table);
}

static enum cli_exit api_run(struct cli *cli, const void *values)
{
	(void)values; /* it has no options */
	if (cli->arguments.count == 0) {
		list_services(cli);
		return CLI_OK;
	}
	const struct service *service = find_service(cli->arguments.items[0]);
	if (!service)
		return refuse_service(cli, cli->arguments.items[0]);
	if (cli->arguments.count == 1) {
		list_operations(cli, service);
		return CLI_OK;
	}
	const struct operation *operation = find_operation(service, cli->arguments.items[1]);
	if (!operation)
		return refuse_operation(cli, service, cli->arguments.items[1]);
	show_operation(cli, operation);
	return CLI_OK;
}

const struct command help_api_command = {
	.name = "api",
	.arguments = "[SERVICE [OPERATION]]",
	.summary = "list the services, their operations, or the members of an operation",
	.details = "  tern help api\n"
		   "  tern help api sqs\n"
		   "  tern help api sqs SendMessage",
	.arguments_max = 2,
	.run = api_run,
	.is_offline = true,
};

/* ---- completion ---- */

static struct command *commands_of(struct arena *arena, const struct service *service)
{
	struct command *commands = arena_array(arena, struct command, service->operation_count);

	for (uint32_t i = 0; i < service->operation_count; i++)
		commands[i] = (struct command){
			.name = arena_cstr(arena, service->operations[i].name),
			.summary = arena_cstr(arena, service->operations[i].facts->documentation),
		};
	return commands;
}

static const struct command *const *pointers_to(struct arena *arena, const struct command *commands,
						size_t count)
{
	const struct command **pointers = arena_array(arena, const struct command *, count);

	for (size_t i = 0; i < count; i++)
		pointers[i] = &commands[i];
	return pointers;
}

const struct command *help_api_tree(struct arena *arena)
{
	struct command *services = arena_array(arena, struct command, API_SERVICES);
	struct command *tree = arena_new(arena, struct command);

	for (size_t i = 0; i < API_SERVICES; i++) {
		size_t count = api_services[i]->operation_count;
		services[i] = (struct command){
			.name = arena_cstr(arena, api_services[i]->name),
			.summary = "operations of this service",
			.children = pointers_to(arena, commands_of(arena, api_services[i]), count),
			.child_count = count,
		};
	}
	*tree = help_api_command;
	tree->children = pointers_to(arena, services, API_SERVICES);
	tree->child_count = API_SERVICES;
	return tree;
}
