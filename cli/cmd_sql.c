/* SPDX-License-Identifier: MIT */
/* cmd_sql.c: heapsnap sql: questions to snapshots, in SQL. */
#include "command.h"
#include "output.h"

#include <heapsnap/query.h>
#include <heapsnap/report.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HS_EDIT
#include <editline/readline.h>
#endif

enum mode { MODE_TABLE, MODE_JSON, MODE_CSV };

/* What is asked, and of what. */
struct session {
	const struct options *options;
	struct terminal *terminal;
	struct hs_snapshot *snaps[OPERANDS_SQL];
	size_t count;
	uint64_t gaps;
	struct hs_query *query;
	enum mode mode;
	bool listing; /* of what there is to ask: none of it is left out */
};

/* The rows of one result, until they are printed. */
struct rows {
	struct hs_query_value *values;
	size_t count; /* values */
	size_t capacity;
	bool nomem;
};

/* What ^C ends; NULL: nothing, it is for the program. */
static struct hs_query *volatile running;
static volatile sig_atomic_t typed; /* somebody types, and .quit ends it */

static void on_interrupt(int number)
{
	if (running)
		hs_query_interrupt(running);
	if (running || typed)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

/* A copy of what a value points to, for the next row replaces it. */
static bool keep(struct hs_query_value *value)
{
	char *copy;

	if (!value->data.size)
		return true;
	copy = malloc(value->data.size);
	if (copy)
		memcpy(copy, value->data.data, value->data.size);
	value->data.data = copy;
	return copy;
}

static bool take_row(void *context, size_t count, const char *const *names,
		     const struct hs_query_value *values)
{
	struct rows *rows = context;

	(void)names;
	if (rows->count + count > rows->capacity) {
		size_t capacity = 2 * rows->capacity + count + 64;
		struct hs_query_value *larger =
			reallocarray(rows->values, capacity, sizeof(*larger));

		if (!larger) {
			rows->nomem = true;
			return false;
		}
		rows->values = larger;
		rows->capacity = capacity;
	}
	for (size_t i = 0; i < count; i++) {
		rows->values[rows->count] = values[i];
		if (!keep(&rows->values[rows->count])) {
			rows->nomem = true;
			return false;
		}
		rows->count++;
	}
	return true;
}

static void rows_deinit(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->values[i].data.size)
			free((char *)(uintptr_t)rows->values[i].data.data);
	free(rows->values);
}

static int print_rows(struct session *session, const struct rows *rows)
{
	struct options options = *session->options;
	struct hs_report *report;
	const char *const *names;
	struct hs_error *err;
	size_t columns;
	int code;

	names = hs_query_columns(session->query, &columns);
	if (!columns)
		return EXIT_DONE;
	err = hs_report_from_query(names, columns, rows->values, rows->count / columns,
				   session->gaps, &report);
	if (err)
		return terminal_fail(session->terminal, err);
	options.json = session->mode == MODE_JSON;
	options.csv = session->mode == MODE_CSV;
	if (session->listing)
		options.rows = 0;
	code = output_report(session->terminal, &options, report);
	hs_report_destroy(report);
	return code;
}

/* Run the first statement of *@sql and print what comes of it.  Returns the exit code. */
static int ask_one(struct session *session, const char **sql)
{
	struct rows rows = {0};
	bool done;
	int code;

	running = session->query;
	done = hs_query_run(session->query, sql, take_row, &rows);
	running = NULL;
	if (done)
		code = print_rows(session, &rows);
	else
		code = terminal_complain(session->terminal, HS_ERROR_FAILED, "sql: %s",
					 rows.nomem ? "out of memory; ask for fewer rows"
						    : hs_query_message(session->query));
	rows_deinit(&rows);
	return code;
}

/* All its statements, up to the first mistake. */
static int ask(struct session *session, const char *sql)
{
	int code = EXIT_DONE;

	while (!code && *sql)
		code = ask_one(session, &sql);
	return code;
}

static void print_help(void)
{
	fputs(".help            this\n"
	      ".tables          what there is to ask\n"
	      ".schema [TABLE]  the columns of all tables, or of one\n"
	      ".mode MODE       how results look: table, json, csv\n"
	      ".quit            end; so does ^D.  ^C ends a query\n"
	      "All else is SQL, up to a semicolon.\n",
	      stderr);
}

static int set_mode(struct session *session, const char *name)
{
	static const char *const names[] = {"table", "json", "csv"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (name && !strcmp(name, names[i])) {
			session->mode = (enum mode)i;
			return EXIT_DONE;
		}
	}
	return terminal_complain(session->terminal, HS_ERROR_USAGE,
				 "sql: .mode is table, json or csv");
}

static int list(struct session *session, const char *sql)
{
	int code;

	session->listing = true;
	code = ask(session, sql);
	session->listing = false;
	return code;
}

/* The columns of all tables, or of one. */
static int show_schema(struct session *session, const char *table)
{
	const char *letters = "abcdefghijklmnopqrstuvwxyz";
	char sql[256];

	/* In all databases the tables of a name have the same columns. */
	if (table && strchr(table, '.'))
		table = strchr(table, '.') + 1;
	if (table && (strlen(table) > 20 || table[strspn(table, letters)]))
		return terminal_complain(session->terminal, HS_ERROR_USAGE,
					 "sql: there is no such table (.tables lists them)");
	snprintf(sql, sizeof(sql),
		 "SELECT t.name AS \"table\", c.name AS \"column\", c.type FROM pragma_table_list "
		 "t, "
		 "pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND t.name NOT LIKE "
		 "'sqlite_%%'%s%s%s",
		 table ? " AND t.name = '" : "", table ? table : "", table ? "'" : "");
	return list(session, sql);
}

/*
 * A line that begins with a dot, as the shell of SQLite has them.  Returns the exit code; *@go_on
 * is false if it is to end.
 */
static int command(struct session *session, char *line, bool *go_on)
{
	char *rest;
	const char *name = strtok_r(line, " \t\r\n", &rest);
	const char *argument = strtok_r(NULL, " \t\r\n;", &rest);

	*go_on = strcmp(name, ".quit") && strcmp(name, ".exit");
	if (!*go_on)
		return EXIT_DONE;
	if (!strcmp(name, ".tables"))
		return list(session, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
				     "name NOT LIKE 'sqlite_%' ORDER BY name");
	if (!strcmp(name, ".schema"))
		return show_schema(session, argument);
	if (!strcmp(name, ".mode"))
		return set_mode(session, argument);
	if (!strcmp(name, ".help")) {
		print_help();
		return EXIT_DONE;
	}
	return terminal_complain(session->terminal, HS_ERROR_USAGE,
				 "sql: there is no such command (.help lists them)");
}

/* One line, without its end, owned by the caller; NULL at the end of what there is. */
static char *read_line(bool interactive, bool first)
{
	const char *prompt = first ? "heapsnap> " : "     ...> ";
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;

#ifdef HS_EDIT
	if (interactive) {
		line = readline(prompt);
		if (line && *line)
			add_history(line);
		return line;
	}
#endif
	if (interactive) {
		fputs(prompt, stderr);
		fflush(stderr);
	}
	size = getline(&line, &capacity, stdin);
	if (size < 0) {
		free(line);
		return NULL;
	}
	if (size && line[size - 1] == '\n')
		line[size - 1] = '\0';
	return line;
}

/* @text with @line behind it; NULL, and @text freed, if memory ran out. */
static char *append(char *text, const char *line)
{
	const size_t size = text ? strlen(text) : 0;
	char *longer = realloc(text, size + strlen(line) + 2);

	if (!longer) {
		free(text);
		return NULL;
	}
	longer[size] = '\0';
	strcat(longer, line);
	return strcat(longer, "\n");
}

static bool is_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\n;")];
}

/* Ask what is typed, or piped in, statement by statement.  Returns the exit code. */
static int converse(struct session *session)
{
	const bool interactive = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	bool go_on = true;
	char *sql = NULL;
	char *line;
	int code = EXIT_DONE;

	typed = interactive;
	if (interactive)
		terminal_note(session->terminal, "type SQL, or .help; .tables says what there is");
	while ((line = read_line(interactive, is_blank(sql)))) {
		if (is_blank(sql) && line[0] == '.') {
			code = command(session, line, &go_on);
			free(line);
			if (!go_on || (code && !interactive))
				break;
			continue;
		}
		sql = append(sql, line);
		free(line);
		if (!sql)
			return terminal_complain(session->terminal, HS_ERROR_FAILED,
						 "sql: out of memory");
		if (is_blank(sql) || !hs_query_complete(sql))
			continue;
		code = ask(session, sql);
		free(sql);
		sql = NULL;
		/* A script ends with its first mistake. */
		if (code && !interactive)
			break;
	}
	if (!is_blank(sql))
		code = ask(session, sql);
	free(sql);
	return interactive ? EXIT_DONE : code;
}

static int open_files(struct session *session, size_t count)
{
	struct hs_open_options open = {
		.jobs = session->options->jobs,
		.progress = terminal_progress,
		.progress_context = session->terminal,
	};
	const char *const *names = session->options->operands;
	struct hs_error *err;

	for (; session->count < count; session->count++) {
		err = hs_snapshot_open(names[session->count], &open,
				       &session->snaps[session->count]);
		if (err)
			return terminal_fail(session->terminal, err);
		session->gaps += hs_snapshot_gap_total(session->snaps[session->count]);
	}
	terminal_progress_end(session->terminal);
	if (hs_query_create((const struct hs_snapshot *const *)session->snaps, names, count,
			    &session->query))
		return EXIT_DONE;
	return terminal_complain(session->terminal, HS_ERROR_FAILED, "sql: %s",
				 hs_query_message(session->query));
}

int cmd_sql(const struct options *options, struct terminal *terminal)
{
	struct session session = {
		.options = options,
		.terminal = terminal,
		.mode = options->json  ? MODE_JSON
			: options->csv ? MODE_CSV
				       : MODE_TABLE,
	};
	const struct sigaction action = {.sa_handler = on_interrupt};
	size_t count = (size_t)options->operand_count;
	const char *sql = NULL;
	int code;

	/* The last operand is the question, unless it is a file. */
	if (count > 1 && access(options->operands[count - 1], F_OK))
		sql = options->operands[--count];
	code = open_files(&session, count);
	if (!code) {
		sigaction(SIGINT, &action, NULL);
		code = sql ? ask(&session, sql) : converse(&session);
	}
	hs_query_destroy(session.query);
	for (size_t i = 0; i < session.count; i++)
		hs_snapshot_destroy(session.snaps[i]);
	return code;
}
