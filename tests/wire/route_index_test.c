/* SPDX-License-Identifier: MIT */
/* Tests of routing by names: with an index and without one the same service is found. */
#include "base/fixture.h"
#include "kitchen.h"

static struct route_index *index_;
static struct route_table indexed;

static int setup(void **state)
{
	(void)state;
	index_ = route_index_new(kitchen_table.services, kitchen_table.service_count);
	indexed = kitchen_table;
	indexed.index = index_;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	route_index_free(&index_);
	return 0;
}

static void test_services_are_found_by_each_of_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < kitchen_table.service_count; i++) {
		const struct service *service = kitchen_table.services[i];
		assert_ptr_equal(route_service(&indexed, service->name), service);
		assert_ptr_equal(route_index_find(index_, ROUTE_TARGET, service->json_target),
				 service->json_target.size > 0 ? service : NULL);
		assert_ptr_equal(route_index_find(index_, ROUTE_CBOR, service->cbor_name),
				 service->cbor_name.size > 0 ? service : NULL);
	}
	assert_null(route_service(&indexed, STR("queryx")));
	assert_null(route_service(&indexed, STR("")));
	assert_null(route_index_find(index_, ROUTE_TARGET, STR("query")));
}

static void test_an_action_belongs_to_the_first_service_of_query(void **state)
{
	(void)state;
	assert_ptr_equal(route_index_find(index_, ROUTE_ACTION, STR("Scalars")),
			 route_service(&kitchen_table, STR("query")));
	assert_null(route_index_find(index_, ROUTE_ACTION, STR("Scalar")));
}

static struct route route_of(const struct route_table *table, const char *target,
			     const char *header, enum http_field field)
{
	struct http_request request = {
		.method = HTTP_METHOD_POST, .method_text = STR("POST"), .target = str_from(target)};
	struct route route;

	if (header)
		request.fields[field] = str_from(header);
	route_request(table, &arena, &request, &route);
	return route;
}

static void test_routes_are_the_same_without_an_index(void **state)
{
	static const struct {
		const char *target, *header;
		enum http_field field;
	} rows[] = {
		{"/", "Json11.Scalars", HTTP_FIELD_X_AMZ_TARGET},
		{"/", "Json12.Scalars", HTTP_FIELD_X_AMZ_TARGET},
		{"/?Action=Scalars", NULL, HTTP_FIELD_HOST},
		{"/?Action=Nothing", NULL, HTTP_FIELD_HOST},
		{"/?Action=Scalars&Version=2020-01-08", NULL, HTTP_FIELD_HOST},
		{"/?Action=Scalars&Version=2020-01-08",
		 "AWS4-HMAC-SHA256 Credential=x/20200108/r/ec2/aws4_request",
		 HTTP_FIELD_AUTHORIZATION},
		{"/?Action=Scalars", "AWS4-HMAC-SHA256 Credential=x/20200108/r/ec2/aws4_request",
		 HTTP_FIELD_AUTHORIZATION},
		{"/?Action=Scalars&Version=1999-01-01",
		 "AWS4-HMAC-SHA256 Credential=x/20200108/r/query/aws4_request",
		 HTTP_FIELD_AUTHORIZATION},
		{"/service/Kitchen/operation/Scalars", "rpc-v2-cbor", HTTP_FIELD_SMITHY_PROTOCOL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct route with =
			route_of(&indexed, rows[i].target, rows[i].header, rows[i].field);
		struct route without =
			route_of(&kitchen_table, rows[i].target, rows[i].header, rows[i].field);
		assert_ptr_equal(with.service, without.service);
		assert_ptr_equal(with.operation, without.operation);
		assert_ptr_equal(with.dialect, without.dialect);
	}
}
