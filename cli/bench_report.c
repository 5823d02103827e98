/* SPDX-License-Identifier: MIT */
/* JSON has every key in every run; what was not measured is null. Times are microseconds. */
#include "bench_report.h"

#include "format/json.h"

static double per(double value, uint64_t count)
{
	return count > 0 ? value / (double)count : 0;
}

static double per_second(const struct bench_results *results, uint64_t count)
{
	return results->elapsed_ns > 0 ? (double)count * 1e9 / (double)results->elapsed_ns : 0;
}

static double quantile_us(const struct bench_histogram *histogram, double fraction)
{
	return (double)bench_histogram_quantile(histogram, fraction) / 1e3;
}

uint64_t bench_report_messages(const struct bench_options *options,
			       const struct bench_results *results)
{
	switch (options->mode) {
	case BENCH_MODE_SEND:
	case BENCH_MODE_RAW:
		return results->counts[BENCH_SEND].messages;
	case BENCH_MODE_RECEIVE:
		return results->counts[BENCH_RECEIVE].messages;
	case BENCH_MODE_DELETE:
	case BENCH_MODE_CYCLE:
		break;
	}
	return results->counts[BENCH_DELETE].messages;
}

uint64_t bench_report_errors(const struct bench_results *results)
{
	uint64_t errors = 0;

	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++)
		errors += results->counts[action].errors;
	return errors;
}

static uint64_t request_count(const struct bench_results *results)
{
	uint64_t requests = 0;

	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++)
		requests += results->counts[action].requests;
	return requests;
}

static void number(struct json_writer *writer, const char *key, double value)
{
	json_key(writer, str_from(key));
	json_double(writer, value);
}

static void whole(struct json_writer *writer, const char *key, uint64_t value)
{
	json_key(writer, str_from(key));
	json_i64(writer, (int64_t)value);
}

static void flag(struct json_writer *writer, const char *key, bool value)
{
	json_key(writer, str_from(key));
	json_bool(writer, value);
}

static void text(struct json_writer *writer, const char *key, const char *value)
{
	json_key(writer, str_from(key));
	json_str(writer, str_from(value));
}

static void json_times(struct json_writer *writer, const struct bench_histogram *histogram)
{
	number(writer, "mean_us", per((double)histogram->sum_ns / 1e3, histogram->total));
	number(writer, "p50_us", quantile_us(histogram, 0.5));
	number(writer, "p90_us", quantile_us(histogram, 0.9));
	number(writer, "p99_us", quantile_us(histogram, 0.99));
	number(writer, "p999_us", quantile_us(histogram, 0.999));
	number(writer, "max_us", (double)histogram->max_ns / 1e3);
}

static void json_settings(struct json_writer *writer, const struct bench_options *options)
{
	text(writer, "operation", bench_mode_text(options->mode));
	text(writer, "endpoint", options->endpoint_url);
	text(writer, "protocol", options->is_query ? "query" : "json");
	text(writer, "signing",
	     options->signing == BENCH_SIGN_EACH   ? "each"
	     : options->signing == BENCH_SIGN_ONCE ? "once"
						   : "none");
	whole(writer, "batch", options->batch);
	whole(writer, "size", options->body_size);
	whole(writer, "connections", options->connections);
	flag(writer, "fifo", options->is_fifo);
	text(writer, "sse", options->sse ? options->sse : "default");
	flag(writer, "attributes", options->has_attributes);
	number(writer, "rate", options->rate);
}

/* CPU by thread name; threads that the server started or ended meanwhile are in the sum only. */
static void json_threads(struct json_writer *writer, const struct bench_results *results,
			 uint64_t messages)
{
	json_key(writer, STR("threads"));
	json_open_object(writer);
	for (size_t i = 0; results->has_server && i < results->server_end.thread_count; i++) {
		const struct bench_thread_usage *end = &results->server_end.threads[i];
		int64_t begin_ns = bench_usage_thread_ns(&results->server_begin, end->name);
		if (begin_ns > 0 && end->cpu_ns >= begin_ns)
			number(writer, end->name,
			       per((double)(end->cpu_ns - begin_ns) / 1e3, messages));
	}
	json_close_object(writer);
}

static void json_server(struct json_writer *writer, const struct bench_options *options,
			const struct bench_results *results)
{
	double cpu_us = (double)(results->server_end.cpu_ns - results->server_begin.cpu_ns) / 1e3;

	json_key(writer, STR("server"));
	json_open_object(writer);
	flag(writer, "measured", results->has_server);
	number(writer, "cpu_s", cpu_us / 1e6);
	number(writer, "cpu_us_per_message", per(cpu_us, bench_report_messages(options, results)));
	number(writer, "cpu_us_per_request", per(cpu_us, request_count(results)));
	json_threads(writer, results, bench_report_messages(options, results));
	whole(writer, "rss_bytes", (uint64_t)results->server_end.rss_size);
	whole(writer, "rss_max_bytes", (uint64_t)results->server_end.rss_size_max);
	json_close_object(writer);
}

static void print_json(const struct bench_options *options, const struct bench_results *results,
		       FILE *out)
{
	struct buf bytes = {0};
	struct json_writer writer;
	uint64_t messages = bench_report_messages(options, results);

	json_begin(&writer, &bytes);
	json_open_object(&writer);
	json_settings(&writer, options);
	number(&writer, "elapsed_s", (double)results->elapsed_ns / 1e9);
	whole(&writer, "messages", messages);
	number(&writer, "messages_per_s", per_second(results, messages));
	whole(&writer, "requests", request_count(results));
	number(&writer, "requests_per_s", per_second(results, request_count(results)));
	whole(&writer, "errors", bench_report_errors(results));
	text(&writer, "first_error", results->error);
	json_key(&writer, STR("operations"));
	json_open_object(&writer);
	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++) {
		const struct bench_counts *counts = &results->counts[action];
		json_key(&writer, str_from(bench_action_text(action)));
		json_open_object(&writer);
		whole(&writer, "requests", counts->requests);
		whole(&writer, "messages", counts->messages);
		whole(&writer, "errors", counts->errors);
		whole(&writer, "empty", counts->empty);
		json_times(&writer, &counts->latency);
		json_close_object(&writer);
	}
	json_close_object(&writer);
	json_key(&writer, STR("delivery"));
	json_open_object(&writer);
	whole(&writer, "messages", results->delivery.total);
	json_times(&writer, &results->delivery);
	json_close_object(&writer);
	json_server(&writer, options, results);
	json_key(&writer, STR("client"));
	json_open_object(&writer);
	number(&writer, "cpu_us_per_message", per((double)results->client_cpu_ns / 1e3, messages));
	number(&writer, "busy",
	       results->elapsed_ns > 0
		       ? (double)results->client_cpu_ns / (double)results->elapsed_ns
		       : 0);
	json_close_object(&writer);
	json_close_object(&writer);
	fprintf(out, "%.*s\n", STR_ARG(buf_str(&bytes)));
	buf_done(&bytes);
}

static void print_row(const char *name, const struct bench_results *results, uint64_t requests,
		      uint64_t messages, uint64_t errors, const struct bench_histogram *histogram,
		      FILE *out)
{
	fprintf(out, "%-9s %11.0f %11.0f %7llu %9.0f %9.0f %9.0f %9.0f\n", name,
		per_second(results, messages), per_second(results, requests),
		(unsigned long long)errors, quantile_us(histogram, 0.5),
		quantile_us(histogram, 0.99), quantile_us(histogram, 0.999),
		(double)histogram->max_ns / 1e3);
}

static void print_table(const struct bench_options *options, const struct bench_results *results,
			FILE *out)
{
	uint64_t messages = bench_report_messages(options, results);

	fprintf(out, "%s at %s: %llu messages in %.2f s, %.0f messages/s, %llu errors\n",
		bench_mode_text(options->mode), options->endpoint_url, (unsigned long long)messages,
		(double)results->elapsed_ns / 1e9, per_second(results, messages),
		(unsigned long long)bench_report_errors(results));
	fprintf(out, "%-9s %11s %11s %7s %9s %9s %9s %9s\n", "", "messages/s", "requests/s",
		"errors", "p50 us", "p99 us", "p99.9 us", "max us");
	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++) {
		const struct bench_counts *counts = &results->counts[action];
		if (counts->requests + counts->errors > 0)
			print_row(bench_action_text(action), results, counts->requests,
				  counts->messages, counts->errors, &counts->latency, out);
	}
	if (results->delivery.total > 0)
		print_row("delivery", results, 0, results->delivery.total, 0, &results->delivery,
			  out);
	if (results->has_server) {
		double cpu_us =
			(double)(results->server_end.cpu_ns - results->server_begin.cpu_ns) / 1e3;
		fprintf(out,
			"server: %.2f us CPU a message, %.2f a request; "
			"resident %.1f MB, at most %.1f MB\n",
			per(cpu_us, messages), per(cpu_us, request_count(results)),
			(double)results->server_end.rss_size / 1e6,
			(double)results->server_end.rss_size_max / 1e6);
	}
	fprintf(out, "client: %.2f us CPU a message\n",
		per((double)results->client_cpu_ns / 1e3, messages));
	if (results->error[0] != '\0')
		fprintf(out, "first error: %s\n", results->error);
}

void bench_report_print(const struct bench_options *options, const struct bench_results *results,
			FILE *out)
{
	if (options->is_json_output)
		print_json(options, results, out);
	else
		print_table(options, results, out);
}
