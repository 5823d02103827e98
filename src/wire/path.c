/* SPDX-License-Identifier: MIT */
/*
 * path: the search goes one level down the tree with each segment and comes back where a literal
 * leads nowhere; it visits no more nodes than the tree has.
 */
#include "wire/path.h"

#include "http/url.h"

struct search {
	struct arena *arena;
	const struct service *service;
	struct str method;
	const struct form *form;
	const struct path_node *other; /* the first that takes the path, but not the method */
};

static bool has_parameter(const struct form *form, const struct path_route *route)
{
	for (size_t i = 0; i < form->count; i++)
		if (str_equal(form->pairs[i].key, route->parameter) &&
		    (!route->value.data || str_equal(form->pairs[i].value, route->value)))
			return true;
	return false;
}

static const struct path_route *route_of(struct search *search, const struct path_node *node)
{
	for (size_t i = 0; i < node->route_count; i++) {
		const struct path_route *route =
			&search->service->path_routes[node->first_route + i];
		if (str_equal(route->method, search->method) &&
		    (route->parameter.size == 0 || has_parameter(search->form, route)))
			return route;
	}
	if (node->route_count > 0 && !search->other)
		search->other = node;
	return NULL;
}

static const struct path_node *literal_child(const struct search *search,
					     const struct path_node *node, struct str segment)
{
	const struct path_node *children = &search->service->path_nodes[node->first_child];
	size_t low = 0, high = node->child_count;

	if (str_find_char(segment, '%', 0) != SIZE_MAX &&
	    http_url_decode(search->arena, segment, &segment) != ERR_OK)
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(segment, children[middle].text);
		if (order == 0)
			return &children[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct path_route *find(struct search *search, const struct path_node *node,
				     struct str rest)
{
	const struct path_route *route = NULL;
	struct str whole = rest;

	if (rest.size == 0)
		return route_of(search, node);
	struct str segment = str_cut(&rest, '/');
	const struct path_node *literal = literal_child(search, node, segment);
	if (literal)
		route = find(search, literal, rest);
	if (!route && node->label && segment.size > 0)
		route = find(search, &search->service->path_nodes[node->label], rest);
	if (!route && node->greedy && whole.size > 0)
		route = route_of(search, &search->service->path_nodes[node->greedy]);
	return route;
}

/* The methods of a node, each once. */
static struct str methods_of(const struct search *search, const struct path_node *node)
{
	struct str text = STR("");

	for (size_t i = 0; i < node->route_count; i++) {
		struct str method = search->service->path_routes[node->first_route + i].method;
		if (str_find(text, method, 0) == SIZE_MAX)
			text = text.size == 0 ? method
					      : arena_format(search->arena, "%.*s, %.*s",
							     STR_ARG(text), STR_ARG(method));
	}
	return text;
}

const struct operation *path_find(struct arena *arena, const struct service *service,
				  struct str method, struct str path, const struct form *form,
				  struct str *out_allow)
{
	struct search search = {.arena = arena, .service = service, .method = method, .form = form};

	*out_allow = (struct str){0};
	if (!service->path_nodes)
		return NULL;
	const struct path_route *route =
		find(&search, service->path_nodes, str_slice(path, 1, SIZE_MAX));
	if (route)
		return &service->operations[route->operation];
	if (search.other)
		*out_allow = methods_of(&search, search.other);
	return NULL;
}

bool path_label(struct str path_template, struct str path, struct str label, struct str *out_text)
{
	struct str left = str_slice(path_template, 1, str_find_char(path_template, '?', 0) - 1);

	(void)str_cut(&path, '/');
	while (left.size > 0) {
		struct str segment = str_cut(&left, '/');
		bool is_greedy = str_ends(segment, STR("+}"));
		struct str text = is_greedy ? path : str_cut(&path, '/');
		if (str_starts(segment, STR("{")) &&
		    str_equal(str_slice(segment, 1, segment.size - 2 - is_greedy), label)) {
			*out_text = text;
			return text.size > 0;
		}
	}
	return false;
}
