/* Any answer of PD, or (where it is no JSON) any key and value: the key up to the first line feed. What is read stays
 * within its bounds, and a question can be made from it. */
#include <config.h>

#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "br/pd_keeper.h"

#define ROOT "/tidb/br-stream/"
#define GC_KEY "/pd/7/gc/safe_point" /* a key that begins so is of GC */

static void check(const struct pd_tasks *tasks)
{
    for (const struct pd_task *task = tasks->by_name; task; task = task->hh.next) {
        MUST(task->has_info && task->name[0]);
        MUST(strlen(task->pd.error) < sizeof task->pd.error);
        MUST(strlen(task->pd.paused_why) < sizeof task->pd.paused_why);
        MUST(strlen(task->pd.paused_by) < sizeof task->pd.paused_by);
        MUST(task->pd.error_store >= 0 && task->pd.paused_pid >= 0);
        MUST(pd_find(tasks, task->name) == task);
    }
    for (size_t i = 0; i < tasks->gc.count; i++)
        MUST(tasks->gc.holds[i].id[0] && tasks->gc.holds[i].expires_ms >= 0);
    const struct pd_hold *hold = pd_hold_of(&tasks->gc, "T", 0);
    MUST(!hold || (hold->id[0] == 'T' && hold->expires_ms > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pd_tasks tasks = {0};
    struct error err = {0};
    struct pd_error error;
    bool more;
    const char *text = (const char *)data, *line = memchr(text, '\n', size);
    struct json *answer = json_parse(text, size, NULL);
    if (!answer && line && (size_t)(line - text) >= strlen(GC_KEY) && memcmp(text, GC_KEY, strlen(GC_KEY)) == 0)
        pd_tasks_to_gc(&tasks, "7");
    if (answer) {
        if (!pd_read_answer(&tasks, answer, &more, &err))
            MUST(err.code != ERROR_NONE && err.text[0]);
    } else if (line) {
        size_t len = size - (size_t)(line + 1 - text);
        pd_take(&tasks, ROOT "info/T", strlen(ROOT "info/T"), line + 1, len);
        pd_take(&tasks, text, (size_t)(line - text), line + 1, len);
        pd_read_error(line + 1, len, &error);
        MUST(strlen(error.text) < sizeof error.text);
        pd_read_checkpoint(line + 1, len);
    }
    pd_tasks_settle(&tasks);
    check(&tasks);
    free(pd_question(&tasks));
    pd_tasks_done(&tasks);
    json_free(&answer);
    return 0;
}
