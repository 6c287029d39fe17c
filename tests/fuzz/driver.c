/* Runs a fuzz target, without libFuzzer, on each file that is named, and on each file
 * of each folder that is named. */
#include <config.h>

#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 16 * 1024 * 1024, PATH_BYTES = 4096 };

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    uint8_t *bytes = malloc(INPUT_MAX);
    size_t size = bytes ? fread(bytes, 1, INPUT_MAX, file) : 0;
    bool read_all = bytes && !ferror(file) && feof(file);
    fclose(file);
    if (read_all) {
        printf("%s, %zu bytes\n", path, size);
        fflush(stdout); /* the last line names what broke it */
        /* Of the exact size, so that ASan and valgrind see a byte read too far. */
        uint8_t *exact = malloc(size ? size : 1);
        if (exact) {
            memcpy(exact, bytes, size);
            LLVMFuzzerTestOneInput(exact, size);
        }
        free(exact);
    } else {
        fprintf(stderr, "%s: cannot be read, or is larger than %d bytes\n", path, INPUT_MAX);
    }
    free(bytes);
    return read_all;
}

static bool run(const char *path, size_t *count)
{
    DIR *folder = opendir(path);
    if (!folder) {
        ++*count;
        return run_file(path);
    }
    bool ok = true;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inner[PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        ++*count;
        ok = run_file(inner) && ok;
    }
    closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    bool ok = true;
    setlocale(LC_CTYPE, "C.UTF-8");
    for (int i = 1; i < argc; i++)
        ok = run(argv[i], &count) && ok;
    printf("%zu inputs\n", count);
    return ok && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
