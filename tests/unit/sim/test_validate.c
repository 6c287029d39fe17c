#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <brdeck/base/alloc.h>

#include "sim/faults.h"
#include "sim/rbac.h"
#include "sim/validate.h"

static struct json *parse(const char *text)
{
    struct json *json = json_parse(text, strlen(text), NULL);
    assert_non_null(json);
    return json;
}

static void test_findings(void **state)
{
    (void)state;
    static const struct row {
        const char *object;
        size_t count;
        const char *field; /* of the first */
    } rows[] = {
        {"{\"spec\":{\"br\":{\"cluster\":\"c\"},\"logSubcommand\":\"log-pause\"}}", 0, NULL},
        {"{\"spec\":{\"logSubcommand\":\"log-explode\"}}", 2, "spec.logSubcommand"},
        {"{\"spec\":{\"logSubcommand\":\"log-stop\",\"logStop\":false}}", 2, "spec"},
        {"{\"spec\":{\"cleanPolicy\":\"Keep\"}}", 2, "spec.cleanPolicy"},
        {"{\"spec\":{\"logStop\":\"yes\"}}", 1, "spec.logStop"},
        {"{\"spec\":{\"br\":{}}}", 1, "spec.br.cluster"},
        {"{\"spec\":{\"s3\":{\"bucket\":\"b\"}}}", 1, "spec.s3.provider"},
        {"{}", 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *tree = parse(rows[i].object);
        struct findings findings;
        validate(kind_of(KIND_BACKUP), tree, &findings);
        if (findings.count != rows[i].count)
            fail_msg("row %zu: %zu findings", i, findings.count);
        if (rows[i].field)
            assert_string_equal(findings.items[0].field, rows[i].field);
        findings_done(&findings);
        json_free(&tree);
    }
}

static void test_prune_and_default(void **state)
{
    (void)state;
    struct str unknown;
    str_init(&unknown, STR_SMALL);
    struct json *tree = parse("{\"spec\":{\"nonsense\":1,\"br\":{\"cluster\":\"c\",\"odd\":2},\"logStop\":null}}");
    validate_prune(kind_of(KIND_BACKUP), tree, &unknown);
    assert_string_equal(unknown.data, "unknown field \"spec.nonsense\", unknown field \"spec.br.odd\"");
    validate_default(kind_of(KIND_BACKUP), tree);
    assert_null(json_at(tree, "spec", "logStop", NULL));
    assert_string_equal(json_text(json_at(tree, "spec", "backupMode", NULL)), "snapshot");
    assert_string_equal(json_text(json_at(tree, "spec", "cleanPolicy", NULL)), "Retain");
    json_free(&tree);
    str_done(&unknown);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "demo1-log", "a.b-c", "0"};
    static const char *const bad[] = {"", "Bad_Name", "-a", "a-", "a..b", "a.-b", "\xc3\xa4"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(validate_name(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(validate_name(bad[i]));
}

static void test_rights(void **state)
{
    (void)state;
    static const struct row {
        const char *token, *verb, *resource, *sub, *ns;
        bool allowed;
    } rows[] = {
        {"Bearer admin-token", "delete", "backups", "", "", true},
        {"Bearer viewer-token", "list", "backups", "", "orders", true},
        {"Bearer viewer-token", "list", "backups", "", "", false},
        {"Bearer viewer-token", "patch", "backups", "", "orders", false},
        {"Bearer orders-token", "patch", "backups", "", "orders", true},
        {"Bearer orders-token", "patch", "backups", "status", "orders", false},
        {"Bearer none-token", "get", "backups", "", "orders", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct user *user = rbac_user(rows[i].token);
        assert_non_null(user);
        struct access access = {rows[i].verb, "br.pingcap.com", rows[i].resource, rows[i].sub, rows[i].ns, ""};
        if (rbac_allows(user, &access) != rows[i].allowed)
            fail_msg("row %zu", i);
    }
    assert_null(rbac_user("Bearer expired-token"));
    assert_null(rbac_user("admin-token"));
    assert_null(rbac_user(NULL));
}

static void test_faults(void **state)
{
    (void)state;
    struct faults *faults = faults_new();
    struct json *order = parse("{\"fault\":\"status\",\"code\":429,\"retryAfter\":2,\"count\":2,\"method\":\"GET\","
                               "\"path\":\"backups\",\"watch\":false}");
    assert_true(faults_order(faults, order, NULL));
    json_free(&order);
    assert_int_equal(faults_meet(faults, "PATCH", "/backups", false, "admin").kind, FAULT_NONE);
    assert_int_equal(faults_meet(faults, "GET", "/pods", false, "admin").kind, FAULT_NONE);
    assert_int_equal(faults_meet(faults, "GET", "/backups", true, "admin").kind, FAULT_NONE);
    struct fault_effect effect = faults_meet(faults, "GET", "/backups?limit=5", false, NULL);
    assert_int_equal(effect.kind, FAULT_STATUS);
    assert_int_equal(effect.code, 429);
    assert_int_equal(effect.retry_after_s, 2);
    assert_int_equal(faults_meet(faults, "GET", "/backups", false, NULL).kind, FAULT_STATUS);
    assert_int_equal(faults_meet(faults, "GET", "/backups", false, NULL).kind, FAULT_NONE);
    static const char *const bad[] = {"{}", "{\"fault\":\"nonsense\"}", "{\"fault\":\"status\",\"code\":200}", "[]"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        order = parse(bad[i]);
        assert_false(faults_order(faults, order, NULL));
        json_free(&order);
    }
    faults_free(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings), cmocka_unit_test(test_prune_and_default), cmocka_unit_test(test_names),
        cmocka_unit_test(test_rights),   cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
