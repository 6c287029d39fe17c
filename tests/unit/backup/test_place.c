#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <brdeck/backup/place.h>
#include <brdeck/base/alloc.h>

static const struct {
    const char *a, *b;
    enum place_relation relation; /* of @a to @b */
} rows[] = {
    {"s3://b/p", "s3://b/p", PLACE_SAME},
    {"s3://b/p/", "s3://b/p", PLACE_SAME},
    {"s3://b//p", "s3://b/p//", PLACE_SAME},
    {"s3://b/./p", "s3://b/p", PLACE_SAME},
    {"S3://b/p", "s3://b/p", PLACE_SAME},
    {"gs://b/p", "gcs://b/p/", PLACE_SAME},
    {"azblob://c/p", "azure://c/p/", PLACE_SAME},
    {"local:///mnt/p", "local:///mnt/p/", PLACE_SAME},
    {"file:///mnt/p", "local:///mnt/p", PLACE_SAME},
    {"s3://b", "s3://b/", PLACE_SAME},
    {"s3://b", "s3://b/p", PLACE_PARENT}, /* no prefix: the whole bucket */
    {"s3://b/p", "s3://b/p/q", PLACE_PARENT},
    {"s3://b/p", "s3://b/p/q/r", PLACE_PARENT},
    {"local:///", "local:///mnt", PLACE_PARENT},
    {"local:///mnt", "local:///mnt/p", PLACE_PARENT},
    {"s3://b/p/q", "s3://b/p", PLACE_CHILD},
    {"s3://b/p", "s3://b", PLACE_CHILD},
    /* components, not bytes */
    {"s3://b/p", "s3://b/pq", PLACE_APART},
    {"s3://b/p", "s3://b/p-2", PLACE_APART},
    {"s3://b/p/q", "s3://b/p/r", PLACE_APART},
    {"s3://b/p", "s3://b/P", PLACE_APART}, /* keys have a case */
    {"s3://b/p", "s3://c/p", PLACE_APART},
    {"s3://b/p", "gcs://b/p", PLACE_APART},
    {"local:///mnt/p", "local:///mnt2/p", PLACE_APART},
    {"ftp://b/p", "ftp://b/p", PLACE_SAME}, /* a scheme nobody knows is itself */
    {"ftp://b/p", "FTP://b/p", PLACE_APART},
    /* anywhere */
    {"s3://b/p/../q", "s3://b/r", PLACE_PARENT},
    {"s3://b/r", "s3://b/p/../q", PLACE_PARENT},
    {"s3://b/p/../q", "s3://c/r", PLACE_APART},
    {"s3://b/..p", "s3://b/p", PLACE_APART},
    /* nothing */
    {"", "", PLACE_APART},
    {NULL, NULL, PLACE_APART},
    {"", "s3://b/p", PLACE_APART},
    {"s3:/b/p", "s3:/b/p", PLACE_APART},
};

static void relations(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum place_relation there = place_relation(rows[i].a, rows[i].b), back = place_relation(rows[i].b, rows[i].a);
        if (there != rows[i].relation)
            fail_msg("row %zu: %s and %s: %s", i, rows[i].a, rows[i].b, place_relation_words(there));
        assert_int_equal(there == PLACE_APART, back == PLACE_APART);
        assert_int_equal(there == PLACE_SAME, back == PLACE_SAME);
    }
}

static void records_count_with_both_places(void **state)
{
    (void)state;
    struct backup_record a = {.storage = "s3://b/new", .path = "s3://b/old"}, b = {.storage = "s3://b/old/x"};
    assert_int_equal(place_of_records(&a, &b), PLACE_PARENT);
    assert_int_equal(place_of_records(&b, &a), PLACE_CHILD);
    b.path = "s3://b/new/";
    assert_int_equal(place_of_records(&a, &b), PLACE_SAME); /* the closest */
    b = (struct backup_record){.storage = "s3://b/newer"};
    assert_int_equal(place_of_records(&a, &b), PLACE_APART);
    b = (struct backup_record){.storage = ""};
    assert_int_equal(place_of_records(&b, &b), PLACE_APART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relations),
        cmocka_unit_test(records_count_with_both_places),
    };
    return cmocka_run_group_tests_name("backup/place", tests, NULL, NULL);
}
