/* fake_server.h - a scripted HTTP/1.1 server on loopback, in the test's own loop.
 *
 * The test says beforehand which request gets which answer; a request that nobody expected is answered 599 and
 * counted. Answers can stream under the test's control, hang, or be cut.
 */
#ifndef BRDECK_TESTS_FAKE_SERVER_H
#define BRDECK_TESTS_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <brdeck/base/clock.h>
#include <brdeck/base/loop.h>
#include <brdeck/kube/client.h>

enum fake_how {
    FAKE_WHOLE,    /* with Content-Length */
    FAKE_STREAM,   /* chunked: the body is the first chunk; the test goes on from there */
    FAKE_HANG,     /* no answer at all */
    FAKE_CUT,      /* the connection is closed unanswered */
    FAKE_CUT_BODY, /* ... in the middle of the body */
};

struct fake_rule {
    const char *request; /* how it begins: "GET /apis/x/backups?limit=" */
    const char *has;     /* and what its head or body must hold; NULL: nothing more */
    enum fake_how how;
    int http;            /* 0: 200 */
    const char *headers; /* more of them, each with its \r\n; NULL: none */
    const char *body;    /* NULL: empty */
    int times;           /* 0: always */
};

struct fake_server;
struct fake_server *fake_server_new(struct loop *loop);
void fake_server_free(struct fake_server **server);
const char *fake_server_url(const struct fake_server *server);
/* The first rule that fits and is not used up answers. @request is copied, the other strings are borrowed. */
void fake_expect(struct fake_server *server, const struct fake_rule *rule);
/* How many requests began so; all of them for "". */
size_t fake_count(const struct fake_server *server, const char *request);
/* Head and body of the @nth (from 0) that began so; NULL. */
const char *fake_request(const struct fake_server *server, const char *request, size_t nth);
size_t fake_unexpected(const struct fake_server *server);
size_t fake_connections(const struct fake_server *server); /* accepted since the start */
/* The newest open stream (or hanging request) whose request began so: send a chunk, end it properly, cut it.
 * False: there is none. */
bool fake_send(struct fake_server *server, const char *request, const char *text);
bool fake_send_bytes(struct fake_server *server, const char *request, const char *bytes, size_t len);
bool fake_end(struct fake_server *server, const char *request);
bool fake_cut(struct fake_server *server, const char *request);
bool fake_is_open(const struct fake_server *server, const char *request);

/* -- what every test of kube/ needs ----------------------------------------------- */

struct fixture {
    struct loop *loop;
    struct fake_server *server;
    struct kube_target target;
    struct kube_client *client;
};
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

enum { PATIENCE_MS = 10 * 1000 };
/* Turn the loop until @condition holds; the test fails after ten seconds. */
#define UNTIL(loop, condition) \
    do { \
        int64_t until_ = clock_mono_ms() + PATIENCE_MS; \
        while (!(condition) && clock_mono_ms() < until_) \
            loop_turn(loop, 10); \
        assert_true(condition); \
    } while (0)
/* Turn it for @ms: for what must not happen. */
#define SPIN(loop, ms) \
    do { \
        int64_t until_ = clock_mono_ms() + (ms); \
        while (clock_mono_ms() < until_) \
            loop_turn(loop, 5); \
    } while (0)

#endif
