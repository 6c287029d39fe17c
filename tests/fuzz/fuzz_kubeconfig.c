/* Any bytes as a kubeconfig: refused with the file's name, or merged, and each context resolved or refused. What
 * is YAML is also printed, read again, and equal. */
#include <config.h>

#include "target.h"

#include <string.h>

#include <brdeck/base/json.h>
#include <brdeck/kube/config.h>
#include <brdeck/kube/yaml.h>

#include "kube/config_private.h"

static void check_yaml(const char *text, size_t len)
{
    struct error err = {0};
    struct json *documents = yaml_parse(text, len, "fuzz", &err);
    if (!documents) {
        MUST(err.code == ERROR_INPUT && strncmp(err.text, "fuzz:", 5) == 0);
        return;
    }
    JSON_EACH(document, documents) {
        char *printed = yaml_print(document);
        struct json *again = yaml_parse(printed, strlen(printed), "printed", &err);
        if (!again || !json_equal(json_first(again), document))
            fprintf(stderr, "%s\n%s\n", err.text, printed);
        MUST(again && json_equal(json_first(again), document));
        json_free(&again);
        free(printed);
    }
    json_free(&documents);
}

static void check_target(const struct kube_config *config, const char *context)
{
    const struct kube_overrides over = {.context = context};
    struct error err = {0};
    struct kube_target *target = kube_target_new(config, &over, &err);
    MUST(target ? target->server && target->namespace_ && target->context : err.code != ERROR_NONE);
    kube_target_free(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct kube_config *config = kube_config_new("fuzz");
    config->exclusive = true;
    check_yaml((const char *)data, size);
    if (kube_config_add(config, "fuzz", (const char *)data, size, &err)) {
        check_target(config, NULL);
        for (size_t i = 0; i < config->entry_count && i < 20; i++)
            if (config->entries[i].kind == KUBE_ENTRY_CONTEXT)
                check_target(config, config->entries[i].name);
    } else {
        MUST(err.code == ERROR_INPUT);
    }
    kube_config_free(&config);
    return 0;
}
