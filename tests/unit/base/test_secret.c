/* test_secret.c - what must not be seen: what is made of texts, words, JSON and objects. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

#define R "<redacted>"

static void texts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"nothing here: a=b http://h:9000/a@b", "nothing here: a=b http://h:9000/a@b"},
        /* URLs */
        {"at http://u:p%40ss@minio:9000/b: 403", "at http://u:" R "@minio:9000/b: 403"},
        {"http://u:a@b@h", "http://u:" R "@h"},
        {"http://u:a/b@h:1/p", "http://u:" R "@h:1/p"},
        {"http://u:it's@h", "http://u:" R "@h"},
        {"http://u:@h http://u@h http://u@h:80", "http://u:@h http://u@h http://u@h:80"},
        {"http://[::1]:9000/a@b", "http://[::1]:9000/a@b"},
        {"http://u:" R "@h http://u:REDACTED@h", "http://u:" R "@h http://u:REDACTED@h"},
        {"\"http://u:x@h\",\"http://v:y@h\"", "\"http://u:" R "@h\",\"http://v:" R "@h\""},
        {"--s3.endpoint=http://u:x@h --pd=a", "--s3.endpoint=http://u:" R "@h --pd=a"},
        {"--s3.endpoint=u:x@h:1", "--s3.endpoint=u:" R "@h:1"},
        {"{\\\"endpoint\\\":\\\"u:x@h\\\"}", "{\\\"endpoint\\\":\\\"u:" R "@h\\\"}"},
        {"--s3.endpoint=h:9000", "--s3.endpoint=h:9000"},
        {"http://h:9000: refused, ask a@b", "http://h:9000: refused, ask a@b"},
        /* keys */
        {"--crypter.key=hush --pd=a", "--crypter.key=" R " --pd=a"},
        {"--log.crypter.key hush --pd=a", "--log.crypter.key " R " --pd=a"},
        {"--crypter.key --pd=a", "--crypter.key --pd=a"},
        {"--crypter.method=aes128-ctr --crypter.key-file=/k", "--crypter.method=aes128-ctr --crypter.key-file=/k"},
        {"--crypter.key=\"hu sh\" x", "--crypter.key=\"" R "\" x"},
        {"azure://c?sv=1&sig=abc%3D&se=2", "azure://c?sv=1&sig=" R "&se=2"},
        {"sas-token=sv=1&sig=abc&se=2", "sas-token=" R "&sig=" R "&se=2"},
        {"design=x config=y", "design=x config=y"},
        {"?X-Amz-Signature=a&X-Amz-Security-Token=b&X-Amz-Date=c", "?X-Amz-Signature=" R "&X-Amz-Security-Token=" R
         "&X-Amz-Date=c"},
        {"AWS_SECRET_ACCESS_KEY=a AWS_ACCESS_KEY_ID=b AZURE_STORAGE_KEY=c AZURE_CLIENT_SECRET=d",
         "AWS_SECRET_ACCESS_KEY=" R " AWS_ACCESS_KEY_ID=" R " AZURE_STORAGE_KEY=" R " AZURE_CLIENT_SECRET=" R},
        {"AccountName=a;AccountKey=b", "AccountName=a;AccountKey=" R},
        {"{\"secretAccessKey\": \"a \\\"b\",\"x\":\"y\"}", "{\"secretAccessKey\": \"" R "\",\"x\":\"y\"}"},
        {"[args=\"{\\\"sas-token\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}\"]",
         "[args=\"{\\\"sas-token\\\":\\\"" R "\\\",\\\"x\\\":1}\"]"},
        {"\"secretName\":\"s\"", "\"secretName\":\"s\""},
        {"sas-token=", "sas-token="},
        {"sas-token=\"open", "sas-token=\"" R},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str out, again;
        str_init(&out, STR_SMALL);
        str_init(&again, STR_SMALL);
        secret_blot(&out, rows[i][0], strlen(rows[i][0]), SECRET_IN_TEXT);
        assert_string_equal(out.data, rows[i][1]);
        secret_blot(&again, out.data, out.len, SECRET_IN_TEXT); /* it stays so */
        assert_string_equal(again.data, rows[i][1]);
        str_done(&out);
        str_done(&again);
    }
}

static void words(void **state)
{
    (void)state;
    static const struct { const char *word, *clean; bool secret; } rows[] = {
        {"--crypter.key=a b&c", "--crypter.key=REDACTED", true},
        {"--storage=azure://c/?a=b&sas-token=x&y=z", "--storage=azure://c/?a=b&sas-token=REDACTED", true},
        {"--s3.endpoint=http://u:x@h", "--s3.endpoint=http://u:REDACTED@h", true},
        {"--s3.endpoint=http://h:9000", "--s3.endpoint=http://h:9000", false},
        {"--crypter.key", "--crypter.key", true},
        {"--key=/tls/key", "--key=/tls/key", false},
        {"--pd=tc-pd.orders:2379", "--pd=tc-pd.orders:2379", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *clean = secret_blot_word(rows[i].word, SECRET_IN_ARGV);
        assert_string_equal(clean, rows[i].clean);
        assert_int_equal(secret_in_word(rows[i].word), rows[i].secret);
        free(clean);
    }
    char small[] = "sig=a"; /* no room for the whole word */
    secret_blot_buffer(small, sizeof small);
    assert_string_equal(small, "sig=<");
}

static void json(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":1,\"b\":null,\"c\":[true,{}],\"d\":\"\"}", "{\"a\":1,\"b\":null,\"c\":[true,{}],\"d\":\"\"}"},
        {"{\"sasToken\":\"a b\",\"secretName\":\"s\"}", "{\"sasToken\":\"" R "\",\"secretName\":\"s\"}"},
        {"{\"endpoint\":\"http://u:x@h\"}", "{\"endpoint\":\"http://u:" R "@h\"}"},
        {"{\"endpoint\":\"u:x@h:1\"}", "{\"endpoint\":\"u:" R "@h:1\"}"},
        {"[\"--crypter.key\",\"a\",\"--x\",\"a\"]", "[\"--crypter.key\",\"REDACTED\",\"--x\",\"a\"]"},
        {"[\"--crypter.key=a b\"]", "[\"--crypter.key=REDACTED\"]"},
        {"{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"secret_key\"}}",
         "{\"secretKeyRef\":{\"name\":\"n\",\"key\":\"secret_key\"}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *old = json_parse(rows[i][0], strlen(rows[i][0]), NULL), *clean = secret_blot_json(old);
        char *text = json_print(clean);
        assert_string_equal(text, rows[i][1]);
        free(text);
        json_free(&old);
        json_free(&clean);
    }
}

static void objects(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"spec\":{\"env\":[{\"name\":\"X\",\"value\":\"hush\"},{\"name\":\"Y\",\"value\":\"\"},3,"
         "{\"name\":\"Z\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\"}}}],\"a\":\"value\"}}",
         "{\"spec\":{\"env\":[{\"name\":\"X\",\"value\":\"" R "\"},{\"name\":\"Y\",\"value\":\"\"},3,"
         "{\"name\":\"Z\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\"}}}],\"a\":\"value\"}}"},
        {"{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\",\"a\":\"b\"}}}",
         "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"" R "\","
         "\"a\":\"b\"}}}"},
        {"{\"spec\":{\"env\":3,\"s3\":{\"endpoint\":\"http://u:x@h\"}},\"metadata\":[]}",
         "{\"spec\":{\"env\":3,\"s3\":{\"endpoint\":\"http://u:" R "@h\"}},\"metadata\":[]}"},
        {"[]", "[]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json *old = json_parse(rows[i][0], strlen(rows[i][0]), NULL), *clean = secret_blot_object(old);
        char *text = json_print(clean);
        assert_string_equal(text, rows[i][1]);
        free(text);
        json_free(&old);
        json_free(&clean);
    }
    assert_null(secret_blot_object(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts), cmocka_unit_test(words), cmocka_unit_test(json), cmocka_unit_test(objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
