#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>

#include "handlers.h"
#include "operator.h"
#include "sim.h"
#include "touch.h"

/* Each does what its path says; false and @err when the order makes no sense. */
static bool order_fault(struct sim *sim, const struct json *order, struct error *err)
{
    return faults_order(sim->faults, order, err);
}

static bool order_br(struct sim *sim, const struct json *order, struct error *err)
{
    return operator_order_failure(sim->operator_, order, err);
}

static bool order_operator(struct sim *sim, const struct json *order, struct error *err)
{
    const struct json *running = json_get(order, "running"), *checkpoints = json_get(order, "checkpoints");
    if (json_type(running) != JSON_BOOL && json_type(checkpoints) != JSON_BOOL)
        return error_set(err, ERROR_INPUT, "\"running\" or \"checkpoints\" must be true or false");
    if (running)
        operator_set_running(sim->operator_, json_is_true(running));
    if (checkpoints)
        operator_set_checkpoints(sim->operator_, json_is_true(checkpoints));
    return true;
}

static bool order_job(struct sim *sim, const struct json *order, struct error *err)
{
    return troubles_order(&sim->troubles, order, err);
}

static bool order_pd(struct sim *sim, const struct json *order, struct error *err)
{
    return operator_order_pd(sim->operator_, order, err);
}

static bool order_expire(struct sim *sim, const struct json *order, struct error *err)
{
    const char *what = json_string(order, "what");
    if (str_same(what, "continue"))
        snapshots_expire(&sim->snapshots);
    else if (str_same(what, "history"))
        store_forget(sim->store);
    else
        return error_set(err, ERROR_INPUT, "\"what\" must be \"continue\" or \"history\"");
    return true;
}

static bool order_cut(struct sim *sim, const struct json *order, struct error *err)
{
    if (!json_is_true(json_get(order, "watches")))
        return error_set(err, ERROR_INPUT, "\"watches\" must be true");
    watches_end(&sim->watches);
    return true;
}

static bool order_touch(struct sim *sim, const struct json *order, struct error *err)
{
    return touch_order(sim->touch, order, err);
}

static bool order_shutdown(struct sim *sim, const struct json *order, struct error *err)
{
    (void)order;
    (void)err;
    sim->stop = true;
    return true;
}

static const struct control {
    const char *path;
    bool (*run)(struct sim *sim, const struct json *order, struct error *err);
} controls[] = {
    {"/sim/faults", order_fault}, {"/sim/br", order_br},         {"/sim/job", order_job},
    {"/sim/pd", order_pd},        {"/sim/operator", order_operator}, {"/sim/expire", order_expire},
    {"/sim/cut", order_cut},      {"/sim/touch", order_touch},   {"/sim/shutdown", order_shutdown},
};

/* What may be ordered: doc/testing.md is held to it by sim.sh. */
static void reply_orders(struct request *request)
{
    struct json *answer = json_new_object(), *orders = json_new_array(), *faults = json_new_array();
    for (size_t i = 0; i < ARRAY_LEN(controls); i++)
        json_append(orders, json_new_string(controls[i].path));
    for (size_t i = 0; faults_word(i); i++)
        json_append(faults, json_new_string(faults_word(i)));
    json_set(answer, "orders", orders);
    json_set(answer, "faults", faults);
    reply_json(request, 200, answer);
}

static void reply_state(struct request *request)
{
    struct sim *sim = request->sim;
    struct json *state = json_new_object();
    json_set(state, "requests", json_new_uint(sim->request_count));
    json_set(state, "watches", json_new_uint(sim->watches.count));
    json_set(state, "resourceVersion", json_new_uint(store_rv(sim->store)));
    json_set(state, "faults", json_new_uint(faults_count(sim->faults)));
    const struct pd *pd = operator_pd(sim->operator_);
    json_set(state, "troubles", json_new_uint(troubles_count(&sim->troubles)));
    json_set(state, "pdRanges", json_new_uint(pd->ranges));
    json_set(state, "pdOthers", json_new_uint(pd->others));
    reply_json(request, 200, state);
}

/* The causes that may be ordered, each with where it strikes. */
static void reply_causes(struct request *request)
{
    static const char *const kinds[] = {
        [TROUBLE_SECRET] = "secret", [TROUBLE_JOB] = "job",     [TROUBLE_NODE] = "node",
        [TROUBLE_MOUNT] = "mount",   [TROUBLE_IMAGE] = "image", [TROUBLE_CONFIG] = "config",
        [TROUBLE_KILL] = "kill",     [TROUBLE_BR] = "br",
    };
    struct json *answer = json_new_object(), *list = json_new_array();
    for (size_t i = 0; i < trouble_count; i++) {
        struct json *one = json_new_object();
        json_set_string(one, "cause", trouble_table[i].id);
        json_set_string(one, "strikes", kinds[trouble_table[i].kind]);
        json_append(list, one);
    }
    json_set(answer, "causes", list);
    reply_json(request, 200, answer);
}

static const struct {
    const char *path;
    void (*reply)(struct request *request);
} questions[] = {
    {"/sim", reply_orders}, {"/sim/state", reply_state}, {"/sim/job", reply_causes},
};

static bool answer_question(struct request *request)
{
    for (size_t i = 0; i < ARRAY_LEN(questions); i++)
        if (strcmp(request->method, "GET") == 0 && strcmp(request->path, questions[i].path) == 0) {
            questions[i].reply(request);
            return true;
        }
    return false;
}

static bool clear_orders(struct request *request)
{
    if (strcmp(request->method, "DELETE") != 0)
        return false;
    if (strcmp(request->path, "/sim/faults") == 0) {
        faults_clear(request->sim->faults);
        http_thaw(request->sim);
    } else if (strcmp(request->path, "/sim/job") == 0) {
        troubles_clear(&request->sim->troubles);
    } else {
        return false;
    }
    reply_state(request);
    return true;
}

void handle_control(struct request *request)
{
    struct error err;
    if (strcmp(request->user->name, "admin") != 0) {
        reply_failure(request, 403, "Forbidden", "only admin may order faults");
        return;
    }
    if (answer_question(request) || clear_orders(request))
        return;
    for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
        if (strcmp(controls[i].path, request->path) != 0 || strcmp(request->method, "POST") != 0)
            continue;
        struct json *order = request_json(request);
        if (order && controls[i].run(request->sim, order, &err))
            reply_state(request);
        else if (order)
            reply_failure(request, 400, "BadRequest", "%s", err.text);
        json_free(&order);
        return;
    }
    reply_failure(request, 404, "NotFound", "no such order; doc/testing.md lists them");
}
