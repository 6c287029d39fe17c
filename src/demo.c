#include <config.h>

#include "demo.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/child.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

enum { DEMO_START_MS = 20000 };

struct demo {
    struct child *child;
    char folder[64];
    char *kubeconfig;
    struct str said; /* what it printed until it was ready */
    bool ended;
};

/* Beside this program when it was built or installed there, else by PATH. */
static char *find_sim(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len > 0) {
        path[len] = '\0';
        char *slash = strrchr(path, '/');
        char *beside = xasprintf("%.*s/brdeck-sim", (int)(slash - path), path);
        if (access(beside, X_OK) == 0)
            return beside;
        free(beside);
    }
    return xstrdup("brdeck-sim");
}

static void on_output(void *arg, bool is_stderr, const char *bytes, size_t len)
{
    struct demo *demo = arg;
    (void)is_stderr;
    str_addn(&demo->said, bytes, len);
}

static void on_end(void *arg, const struct child_result *result)
{
    struct demo *demo = arg;
    (void)result;
    demo->child = NULL;
    demo->ended = true;
}

struct demo *demo_start(struct loop *loop, struct error *err)
{
    struct demo *demo = xcalloc(1, sizeof *demo);
    str_init(&demo->said, STR_SMALL);
    const char *tmp = getenv("TMPDIR");
    snprintf(demo->folder, sizeof demo->folder, "%.40s/brdeck-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(demo->folder)) {
        error_set(err, ERROR_SYSTEM, "%s: no folder can be made there for the demo", demo->folder);
        demo->folder[0] = '\0';
        demo_stop(&demo);
        return NULL;
    }
    demo->kubeconfig = xasprintf("%s/kubeconfig", demo->folder);
    char *sim = find_sim();
    const char *argv[] = {sim, "--kubeconfig", demo->kubeconfig, "--fleet", "demo", "--with-parent", NULL};
    struct child_spec spec = {.argv = argv, .output_max = STR_SMALL, .on_output = on_output, .on_exit = on_end,
                              .arg = demo};
    demo->child = child_start(loop, &spec, err);
    free(sim);
    if (!demo->child) {
        demo_stop(&demo);
        return NULL;
    }
    int64_t limit = clock_mono_ms() + DEMO_START_MS;
    while (!demo->ended && !strstr(demo->said.data, "ready ") && clock_mono_ms() < limit)
        loop_turn(loop, 100);
    if (demo->ended || !strstr(demo->said.data, "ready ")) {
        error_set(err, ERROR_FAILED, "brdeck-sim did not start: %.300s",
                  demo->said.len ? demo->said.data : "it said nothing");
        demo_stop(&demo);
    }
    return demo;
}

const char *demo_kubeconfig(const struct demo *demo) { return demo->kubeconfig; }

void demo_stop(struct demo **ptr)
{
    struct demo *demo = *ptr;
    *ptr = NULL;
    if (!demo)
        return;
    if (demo->child)
        child_cancel(&demo->child);
    if (demo->kubeconfig)
        unlink(demo->kubeconfig);
    if (demo->folder[0])
        rmdir(demo->folder);
    str_done(&demo->said);
    free(demo->kubeconfig);
    free(demo);
}
