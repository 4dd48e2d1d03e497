/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on every file of the directories (or files) given: a corpus is a test for every compiler and
 * sanitizer, not only for clang's fuzzer. An empty corpus is a failure: a target nobody feeds tests nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

/* read_file returns the file's bytes in a block of exactly their size, so that a sanitizer sees any read beyond it. */
static uint8_t *
read_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size ? size : 1);
    if (file == NULL || bytes == NULL || fread(bytes, 1, size, file) != size) {
        fprintf(stderr, "replay: cannot read %s: %s\n", path, strerror(errno));
        exit(2);
    }
    fclose(file);
    return bytes;
}

/* replay runs one file, or all files below a directory, and returns how many that were. */
static size_t
replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    if (!S_ISDIR(st.st_mode)) {
        size_t size = (size_t)st.st_size;
        uint8_t *bytes = read_file(path, size);
        fprintf(stderr, "replay: %s (%zu bytes)\n", path, size); /* the last line names the input of a crash */
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
        return 1;
    }
    size_t count = 0;
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            char name[4096];
            snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
            count += replay(name);
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

int
main(int argc, char **argv)
{
    size_t count = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        count += replay(argv[i]);
    printf("%s: %zu inputs ran\n", argv[0], count);
    if (count == 0)
        fprintf(stderr, "replay: no inputs: put at least one into the corpus\n");
    return count == 0;
}
