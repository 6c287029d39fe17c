#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>

static char folder[] = "/tmp/brdeck-test-file-XXXXXX";

/* A path in the test's folder; valid until the fourth next call. */
static const char *in_folder(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char *child = xasprintf("%s/%s", path, entry->d_name);
        struct stat st;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && lstat(child, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                remove_all(child);
            else
                unlink(child);
        }
        free(child);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static int tear_down(void **state)
{
    (void)state;
    remove_all(folder);
    return 0;
}

static void assert_holds(const char *path, const char *want)
{
    struct error err = {0};
    struct str text;
    str_init(&text, STR_SMALL);
    if (!file_read(path, &text, &err))
        fail_msg("%s", err.text);
    assert_string_equal(text.data, want);
    str_done(&text);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 0777;
}

static int entries(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void test_write(void **state)
{
    (void)state;
    struct error err = {0};
    const char *file = in_folder("w/file"), *link = in_folder("w/link");
    assert_true(file_make_folder(in_folder("w"), &err));
    assert_false(file_exists(file));
    assert_true(file_write(file, "one", 3, 0640, &err));
    assert_holds(file, "one");
    assert_true(file_exists(file));
    assert_int_equal(mode_of(file), 0640);
    assert_true(file_write(file, "", 0, 0600, &err));
    assert_holds(file, "");
    assert_int_equal(mode_of(file), 0600);
    assert_int_equal(symlink("file", link), 0);
    assert_true(file_write(link, "two", 3, 0600, &err));
    assert_holds(file, "two");
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(entries(in_folder("w")), 2); /* nothing half is left */
    /* A folder stands there: the rename fails, and its new file goes. */
    assert_true(file_make_folder(in_folder("w/sub/x"), &err));
    assert_false(file_write(in_folder("w/sub"), "x", 1, 0600, &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(entries(in_folder("w")), 3);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
        enum error_code code;
    } cases[] = {
        {"/nonexistent/x", "/nonexistent/x: No such file or directory", ERROR_MISSING},
        {"/etc/passwd/x", "/etc/passwd/x: Not a directory", ERROR_MISSING},
        {"/etc", "/etc: Is a directory", ERROR_SYSTEM},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct str text;
        str_init(&text, STR_SMALL);
        assert_false(file_read(cases[i].path, &text, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(err.code, cases[i].code);
        assert_false(file_read(cases[i].path, &text, NULL));
        err = (struct error){0};
        if (i == 1) {
            assert_false(file_write(cases[i].path, "x", 1, 0600, &err));
            assert_string_equal(err.text, cases[i].text);
            assert_false(file_make_folder(cases[i].path, &err));
            assert_string_equal(err.text, "/etc/passwd: Not a directory");
        }
        assert_false(file_append(cases[i].path, "x", 0600, false, &err));
        str_done(&text);
    }
}

static void test_read_limit(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        bool good;
    } cases[] = {{4, false}, {5, true}, {6, true}, {0, false}};
    struct error err = {0};
    assert_true(file_write(in_folder("five"), "12345", 5, 0600, &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str text;
        str_init(&text, cases[i].max);
        err.code = ERROR_NONE;
        assert_int_equal(file_read(in_folder("five"), &text, &err), cases[i].good);
        assert_int_equal(err.code, cases[i].good ? ERROR_NONE : ERROR_INPUT);
        str_done(&text);
    }
    assert_non_null(strstr(err.text, "five: larger than 0 bytes"));
}

static void test_stdin(void **state)
{
    (void)state;
    int fds[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "typed", 5), 5);
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    assert_holds("-", "typed");
    dup2(saved, STDIN_FILENO);
    close(saved);
}

/* Lines of four processes at once stay whole. */
static void test_append(void **state)
{
    (void)state;
    enum { WRITERS = 4, LINES = 200, WIDTH = 300 };
    const char *path = in_folder("journal");
    for (int w = 0; w < WRITERS; w++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0)
            continue;
        char line[WIDTH + 1];
        memset(line, 'a' + w, WIDTH);
        line[WIDTH] = '\0';
        bool good = true;
        for (int i = 0; i < LINES; i++)
            good = file_append(path, line, 0600, i == 0, NULL) && good;
        _exit(good ? 0 : 1);
    }
    int status;
    for (int w = 0; w < WRITERS; w++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct str text;
    str_init(&text, STR_LARGE);
    assert_true(file_read(path, &text, NULL));
    assert_int_equal(text.len, WRITERS * LINES * (WIDTH + 1));
    for (size_t at = 0; at < text.len; at += WIDTH + 1) {
        char run[2] = {text.data[at], '\0'};
        assert_int_equal(strspn(text.data + at, run), WIDTH);
        assert_int_equal(text.data[at + WIDTH], '\n');
    }
    str_done(&text);
    assert_int_equal(mode_of(path), 0600);
    assert_true(file_append(in_folder("lf"), "ended\n", 0600, true, NULL)); /* no second line feed */
    assert_true(file_append(in_folder("lf"), "", 0600, true, NULL));
    assert_holds(in_folder("lf"), "ended\n\n");
}

static void test_make_folder(void **state)
{
    (void)state;
    struct error err = {0};
    const char *deep = in_folder("a/b//c/");
    assert_true(file_make_folder(deep, &err));
    assert_true(file_make_folder(deep, &err));
    assert_true(file_exists(deep));
    assert_int_equal(mode_of(in_folder("a")), 0700);
    assert_int_equal(mode_of(in_folder("a/b/c")), 0700);
    assert_true(file_make_folder("/", &err));
}

static void test_place(void **state)
{
    (void)state;
    static const struct {
        const char *own, *config, *state, *cache;
        enum file_place place;
        const char *name, *want;
    } cases[] = {
        {NULL, NULL, NULL, NULL, FILE_CONFIG, NULL, "/home/u/.config/brdeck"},
        {NULL, NULL, NULL, NULL, FILE_STATE, "journal", "/home/u/.local/state/brdeck/journal"},
        {NULL, NULL, NULL, NULL, FILE_CACHE, "x/y", "/home/u/.cache/brdeck/x/y"},
        {"/own", "/conf", "/state", "/cache", FILE_CONFIG, "keys", "/own/keys"},
        {"/own", "/conf", "/state", "/cache", FILE_STATE, NULL, "/state/brdeck"},
        {"/own", "/conf", "/state", "/cache", FILE_CACHE, NULL, "/cache/brdeck"},
        {"", "/conf", NULL, NULL, FILE_CONFIG, NULL, "/conf/brdeck"},
        {NULL, "relative", NULL, NULL, FILE_CONFIG, NULL, "/home/u/.config/brdeck"},
        {NULL, "", NULL, NULL, FILE_CONFIG, NULL, "/home/u/.config/brdeck"},
    };
    setenv("HOME", "/home/u", 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const env[][2] = {{"BRDECK_CONFIG_DIR", cases[i].own}, {"XDG_CONFIG_HOME", cases[i].config},
                                      {"XDG_STATE_HOME", cases[i].state}, {"XDG_CACHE_HOME", cases[i].cache}};
        for (size_t k = 0; k < ARRAY_LEN(env); k++)
            if (env[k][1])
                setenv(env[k][0], env[k][1], 1);
            else
                unsetenv(env[k][0]);
        char *path = file_place(cases[i].place, cases[i].name);
        assert_string_equal(path, cases[i].want);
        free(path);
    }
    unsetenv("HOME");
    char *path = file_place(FILE_CONFIG, NULL);
    assert_int_equal(path[0], '/');
    free(path);
}

static void test_base64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
    } cases[] = { /* RFC 4648, section 10 */
        {"", ""},         {"Zg==", "f"},       {"Zm8=", "fo"},        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"},
    };
    static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zg==Zg==", "Zm9*", "Zm-_",
                                      "Zm9v\x80"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = base64_encode(cases[i].bytes, strlen(cases[i].bytes));
        assert_string_equal(text, cases[i].text);
        size_t len = 99;
        char *bytes = base64_decode(text, &len);
        assert_int_equal(len, strlen(cases[i].bytes));
        assert_string_equal(bytes, cases[i].bytes);
        free(text);
        free(bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (base64_decode(bad[i], NULL))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_null(base64_decode(NULL, NULL));
    char *bytes = base64_decode(" Zm9v\r\nYm\tFy\n", NULL);
    assert_string_equal(bytes, "foobar");
    free(bytes);
}

/* Longer than one part of the conversion, with every byte in it. */
static void test_base64_long(void **state)
{
    (void)state;
    enum { SIZE = 3 * (1 << 20) * 2 + 5 };
    unsigned char *bytes = xmalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    char *text = base64_encode(bytes, SIZE);
    assert_int_equal(strlen(text), (SIZE + 2) / 3 * 4);
    size_t len;
    char *back = base64_decode(text, &len);
    assert_int_equal(len, SIZE);
    assert_memory_equal(back, bytes, SIZE);
    free(back);
    free(text);
    free(bytes);
}

static void test_wipe_and_random(void **state)
{
    (void)state;
    char secret[] = "token";
    wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    wipe(NULL, 0);
    unsigned seen[10] = {0};
    for (int i = 0; i < 10000; i++) {
        unsigned n = random_below(10);
        assert_true(n < 10);
        seen[n]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 700, 1300); /* ten standard deviations */
    assert_int_equal(random_below(0), 0);
    assert_int_equal(random_below(1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),  cmocka_unit_test(test_errors),      cmocka_unit_test(test_read_limit),
        cmocka_unit_test(test_stdin),  cmocka_unit_test(test_append),      cmocka_unit_test(test_make_folder),
        cmocka_unit_test(test_place),  cmocka_unit_test(test_base64),      cmocka_unit_test(test_base64_long),
        cmocka_unit_test(test_wipe_and_random),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
