#include <config.h>

#include <ctype.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>
#include <brdeck/br/argv.h>


/* The command line for people: quoted for a shell, and without secrets. */

const char *br_argv_secret(char *const *argv)
{
    for (size_t i = 0; argv[i]; i++)
        if (secret_in_word(argv[i])) {
            const char *flag = argv[i][0] != '-' && i && argv[i - 1][0] == '-' ? argv[i - 1] : argv[i];
            return flag[0] == '-' && !str_starts(flag, "--storage") ? flag : "--storage";
        }
    return NULL;
}

/* Append " WORD", quoted for a POSIX shell where that is needed. */
static void add_word(struct str *line, const char *word, size_t len)
{
    bool plain = len > 0;
    for (size_t i = 0; i < len; i++)
        plain = plain && (isalnum((unsigned char)word[i]) || strchr("-_./:=@%+,", word[i]));
    if (line->len)
        str_addc(line, ' ');
    if (plain) {
        str_addn(line, word, len);
        return;
    }
    str_addc(line, '\'');
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '\'')
            str_add(line, "'\\''");
        else
            str_addc(line, word[i]);
    }
    str_addc(line, '\'');
}

/* A copy in which the values of flags that are secrets are blotted out; the caller frees with br_argv_free. */
static char **blotted_copy(char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = secret_blot_word(argv[i], SECRET_IN_ARGV);
        if (secret_is_flag(argv[i]) && i + 1 < count) {
            copy[i + 1] = xstrdup(SECRET_IN_ARGV);
            i++;
        }
    }
    return copy;
}

char *br_argv_line(const char *program, char *const *argv)
{
    struct str line;
    char **blotted = blotted_copy(argv);
    str_init(&line, STR_SMALL);
    add_word(&line, program, strlen(program));
    for (size_t i = 0; blotted[i]; i++)
        add_word(&line, blotted[i], strlen(blotted[i]));
    br_argv_free(&blotted);
    return str_take(&line);
}
