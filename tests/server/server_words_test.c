/* SPDX-License-Identifier: Apache-2.0 */
/* Four-letter words and HTTP as a peer that does not behave would ask for them. Their contents: integration/words. */
#include "server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "server/http.h"

/* ask sends bytes, half-closes if told to, and reads to the end. */
static char *
ask(const zobo_server *server, const void *p, size_t n, bool half_close)
{
    enum { SIZE = 4 << 20 };
    char *out = malloc(SIZE);
    size_t got = 0;
    int fd = raw_connect(server);
    assert_non_null(out);
    raw_send(fd, p, n);
    if (half_close)
        shutdown(fd, SHUT_WR);
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)ZT_SOON_MS) != 1)
            fail_msg("\"%.4s\" is not answered", (const char *)p);
        ssize_t more = recv(fd, out + got, SIZE - 1 - got, 0);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    out[got] = '\0';
    close(fd);
    return out;
}

static void
assert_answer(const zobo_server *server, const char *word, const char *want)
{
    char *got = ask(server, word, strlen(word), false);
    assert_string_equal(got, want);
    free(got);
}

static void
test_words(void **state)
{
    (void)state;
    zobo_server *server = serve_memory();
    assert_answer(server, "ruok", "imok");
    assert_answer(server, "isro", "rw");
    assert_answer(server, "ruok\n", "imok");       /* as nc sends it */
    assert_answer(server, "ruokruokruok", "imok"); /* the first counts */
    assert_answer(server, "srst", "Server stats reset.\n");
    assert_answer(server, "crst", "Connection stats reset.\n");
    char *got = ask(server, "ruok", 4, true);
    assert_string_equal(got, "imok");
    free(got);
    static const char *const none[] = {"zzzz", "RUOK", "ruoK", "GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff", "ru\0k"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        got = ask(server, none[i], i == 5 ? 4 : strlen(none[i]), true);
        assert_string_equal(got, "");
        free(got);
    }
    got = ask(server, "ru", 2, true); /* half a word, and no more comes */
    assert_string_equal(got, "");
    free(got);
    int fd = raw_connect(server); /* in pieces, with another's word between */
    for (const char *at = "ruok"; *at; at++) {
        raw_send(fd, at, 1);
        assert_answer(server, "isro", "rw");
    }
    char reply[4];
    assert_true(raw_read(fd, reply, 4));
    assert_memory_equal(reply, "imok", 4);
    raw_ends(fd);
    zobo_server_close(server);
}

static void
test_whitelist(void **state)
{
    (void)state;
    zobo_server_options o = server_options();
    o.words = "ruok, srvr";
    zobo_server *server = serve(&o);
    assert_answer(server, "ruok", "imok");
    assert_answer(server, "stat", "stat is not executed because it is not in the whitelist.\n");
    assert_answer(server, "mntr", "mntr is not executed because it is not in the whitelist.\n");
    char *got = ask(server, "srvr", 4, false);
    assert_int_equal(strncmp(got, "Zookeeper version: ", 19), 0);
    free(got);
    zobo_server_close(server);
}

/* --- many connections --- */

static double
seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A session that does not end while the others are made. */
static int
long_session(const zobo_server *server)
{
    static const uint8_t password[16];
    uint8_t reply[64];
    zt_buf b = {0};
    int fd = raw_connect(server);
    zt_put_i32(&b, 0), zt_put_i64(&b, 0), zt_put_i32(&b, 600000), zt_put_i64(&b, 0), zt_put_bytes(&b, password, 16);
    raw_frame(fd, &b);
    assert_int_equal(raw_reply(fd, reply, sizeof reply), 36);
    return fd;
}

/* Sessions by the thousand, and how long a word holds the others up. */
static void
test_many_connections(void **state)
{
    (void)state;
    static const char *const words[] = {"cons", "dump", "stat", "wchs", "wchc", "wchp"};
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    size_t n = 10000; /* both ends are in this process */
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < 2 * n + 200)
        n = limit.rlim_cur > 1000 ? (size_t)(limit.rlim_cur - 200) / 2 : 400;
    zobo_server_options o = server_options();
    o.max_session_timeout_ms = 600000;
    zobo_server *server = serve(&o);
    int *fds = malloc(n * sizeof *fds);
    assert_non_null(fds);
    for (size_t i = 0; i < n; i++)
        fds[i] = long_session(server);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        double before = seconds();
        char *got = ask(server, words[i], 4, false);
        double took = seconds() - before;
        size_t lines = 0;
        for (const char *at = got; (at = strchr(at, '\n')); at++)
            lines++;
        print_message("%s with %zu connections: %.1f ms, %zu bytes\n", words[i], n, took * 1e3, strlen(got));
        if (i < 3)
            assert_true(lines > n);
        assert_true(took < 5); /* under a sanitizer, on a busy machine */
        free(got);
    }
    assert_answer(server, "ruok", "imok");
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    free(fds);
    zobo_server_close(server);
}

/* --- HTTP --- */

static int
http_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The answer's first line and all that follows; NULL: none came. */
static char *
http_ask(uint16_t port, const char *request)
{
    enum { SIZE = 1 << 18 };
    int fd = http_connect(port);
    if (fd < 0)
        return NULL;
    size_t got = 0;
    char *out = malloc(SIZE);
    assert_non_null(out);
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
        for (ssize_t more; (more = recv(fd, out + got, SIZE - 1 - got, 0)) > 0;)
            got += (size_t)more;
    close(fd);
    out[got] = '\0';
    return out;
}

static zobo_server *
serve_http(uint16_t *port)
{
    zobo_server_options o = server_options();
    zobo_server *server;
    zobo_problem why;
    o.http = "127.0.0.1:0";
    zobo_err err = zobo_server_start(&server, &o, &why);
    if (err && strstr(why.text, "install libmicrohttpd12")) {
        print_message("%s\n", why.text);
        skip();
    }
    assert_ok(err);
    *port = zobo_server_http_port(server);
    assert_true(*port > 0);
    return server;
}

static void
test_http(void **state)
{
    (void)state;
    static const struct {
        const char *request, *status, *text;
    } cases[] = {
        {"GET /commands/ruok HTTP/1.0\r\n\r\n", "200", "\"error\" : null"},
        {"GET /commands/ruok?x=y HTTP/1.0\r\n\r\n", "200", "\"error\" : null"},
        {"GET /commands HTTP/1.0\r\n\r\n", "200", "<a href=\"/commands/stats\">"},
        {"GET /metrics HTTP/1.0\r\n\r\n", "200", "\nznode_count "},
        {"GET /commands/%ff%22%01 HTTP/1.0\r\n\r\n", "404", "Unknown command"},
        {"GET /commandsx HTTP/1.0\r\n\r\n", "404", "there are /metrics"},
        {"POST /commands/ruok HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "405", "only GET"},
        {"nonsense\r\n\r\n", "", ""},
    };
    uint16_t port;
    zobo_server *server = serve_http(&port);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = http_ask(port, cases[i].request);
        assert_non_null(got);
        if (cases[i].status[0] && (strncmp(got + 9, cases[i].status, 3) != 0 || !strstr(got, cases[i].text)))
            fail_msg("%s gives %s", cases[i].request, got);
        free(got);
    }
    char text[40];
    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    zobo_server_options o = server_options();
    o.http = text;
    refused(&o, ZOBO_ESYS, "another process listens there");
    static const char *const bad[] = {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o.http = bad[i];
        refused(&o, ZOBO_EBADOPTION, bad[i]);
    }
    assert_ok(zobo_server_stop(server));
    assert_int_equal(zobo_server_http_port(server), 0);
    assert_null(http_ask(port, cases[0].request));
    zobo_server_close(server);
}

typedef struct askers {
    _Atomic uint16_t port;
    atomic_bool stop;
    atomic_int answered, broken;
} askers;

static void *
keep_asking(void *arg)
{
    askers *a = arg;
    while (!atomic_load(&a->stop)) {
        char *got = http_ask(atomic_load(&a->port), "GET /commands/stats HTTP/1.0\r\n\r\n");
        if (got && strncmp(got + 9, "200", 3) == 0 && strstr(got, "\"error\" : null"))
            atomic_fetch_add(&a->answered, 1);
        else if (got && *got)
            atomic_fetch_add(&a->broken, 1);
        free(got);
    }
    return NULL;
}

/* It stops and starts while requests are under way, and others hold connections open and say nothing. */
static void
test_http_stops_under_load(void **state)
{
    (void)state;
    enum { THREADS = 4, ROUNDS = 10 };
    pthread_t threads[THREADS];
    uint16_t port;
    zobo_server *server = serve_http(&port);
    askers a = {0};
    atomic_store(&a.port, port);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &a), 0);
    for (int i = 0; i < ROUNDS; i++) {
        zobo_problem why;
        int before = atomic_load(&a.answered), silent = http_connect(zobo_server_http_port(server));
        ZT_WAIT(atomic_load(&a.answered) >= before + 5);
        assert_ok(zobo_server_stop(server));
        assert_ok(zobo_server_restart(server, &why));
        atomic_store(&a.port, zobo_server_http_port(server));
        close(silent);
    }
    atomic_store(&a.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&a.broken), 0);
    zobo_server_close(server);
}

static void
test_http_without_its_library(void **state)
{
    (void)state;
    zs_http *http;
    zobo_problem why;
    assert_err(zs_http_open_with(&http, "libnosuchhttpd.so.12", "127.0.0.1:0", &why), ZOBO_ESYS);
    assert_null(http);
    assert_non_null(strstr(why.text, "install libmicrohttpd12"));
    assert_err(zs_http_open_with(&http, "libc.so.6", "127.0.0.1:0", &why), ZOBO_ESYS);
    assert_non_null(strstr(why.text, "has no MHD_start_daemon"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_whitelist),
        cmocka_unit_test(test_many_connections),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_http_stops_under_load),
        cmocka_unit_test(test_http_without_its_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
