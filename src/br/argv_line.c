#include <config.h>

#include <ctype.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/argv.h>

/* The command line for people: quoted for a shell, and without secrets. */

/* Flags whose value is a secret, by the ends of their names; a query in --storage may hold the same. */
static const char *const secret_words[] = {
    "secret-access-key", "access-key", "session-token", "account-key", "sas-token", "encryption-key", "crypter.key",
    "credentials-file",
};

/* Where the value begins that @word hides; NULL: it hides none. A flag alone hides the word after it: its end. */
static const char *secret_in(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(secret_words); i++) {
        const char *at = strstr(word, secret_words[i]);
        const char *value = at ? at + strlen(secret_words[i]) : NULL;
        if (value && (*value == '=' || (*value == '\0' && word[0] == '-')))
            return *value ? value + 1 : value;
    }
    return NULL;
}

const char *br_argv_secret(char *const *argv)
{
    for (size_t i = 0; argv[i]; i++)
        if (secret_in(argv[i]))
            return argv[i][0] == '-' && !strstr(argv[i], "://") ? argv[i] : "--storage";
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

char **br_argv_blotted(char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        const char *secret = secret_in(argv[i]);
        if (!secret || secret[-1] != '=') {
            copy[i] = xstrdup(argv[i]);
            if (secret && i + 1 < count)
                copy[++i] = xstrdup("REDACTED");
        } else {
            copy[i] = xasprintf("%.*sREDACTED", (int)(secret - argv[i]), argv[i]);
        }
    }
    return copy;
}

char *br_argv_line(const char *program, char *const *argv)
{
    struct str line;
    char **blotted = br_argv_blotted(argv);
    str_init(&line, STR_SMALL);
    add_word(&line, program, strlen(program));
    for (size_t i = 0; blotted[i]; i++)
        add_word(&line, blotted[i], strlen(blotted[i]));
    br_argv_free(&blotted);
    return str_take(&line);
}
