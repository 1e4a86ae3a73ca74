/* A power cut for SQLite: keeps an image of what a disk would hold if the power went now.
 *
 *     cc -shared -fPIC -O2 -Wall -Wextra -o power_cut.so power_cut.c -ldl -lpthread
 *     LD_PRELOAD=power_cut.so POWER_CUT_FILES=DIR POWER_CUT_IMAGE=OTHER_DIR countersign serve ...
 *
 * Writes to a file of DIR are only noted. When the program syncs the file, the ranges that were written
 * since the last sync go into the file of the same name in OTHER_DIR. So OTHER_DIR never holds a byte that
 * was not synced, which is stricter than most disks. A new file is `NAME.new` there, which a cut throws
 * away, until the program has synced the directory, too; a deleted file stays until then.
 *
 * To cut the power, kill the process (-9) and put the files of OTHER_DIR in place of those of DIR. Before
 * the program starts, OTHER_DIR must hold a copy of DIR. Not kept: `-shm` (mapped, rebuilt by SQLite after
 * every crash) and `.lock` (empty).
 *
 * One lock covers each write and each sync, so no write slips into a sync that began before it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS_MAX 65536
#define SIZE_UNKNOWN ((off_t)1 << 62)
#define PATH_BYTES_MAX 4096

struct span {
    off_t from, to;
};

struct file {
    char name[256];
    struct span *unsynced;
    size_t count, room;
    /* The smallest size since the last sync: what was beyond it is gone, also if the file grew again. */
    off_t smallest;
    struct file *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct file *file_of[FDS_MAX];
static char is_directory[FDS_MAX];

/* The C library's own functions, which the ones below stand in front of. */
static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);

__attribute__((constructor)) static void find_real(void) {
    real_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
    real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
}

/* A library that is loaded before this one may call before the constructor ran. */
static void be_ready(void) {
    if (!real_open)
        find_real();
}

static void give_up(const char *what) {
    perror(what);
    abort();
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* The name within DIR, or NULL for a file that is not kept. */
static const char *kept_name(const char *path) {
    const char *directory = setting("POWER_CUT_FILES");
    size_t length = directory ? strlen(directory) : 0;
    if (!length || strncmp(path, directory, length) != 0 || path[length] != '/')
        return NULL;
    const char *name = path + length + 1, *end = name + strlen(name);
    if (strchr(name, '/') || strlen(name) >= sizeof files->name || !strstr(name, ".db"))
        return NULL;
    if ((end - name > 4 && !strcmp(end - 4, "-shm")) || (end - name > 5 && !strcmp(end - 5, ".lock")))
        return NULL;
    return name;
}

static void path_in(char *path, const char *variable, const char *name, const char *suffix) {
    const char *directory = setting(variable);
    if (!directory || snprintf(path, PATH_BYTES_MAX, "%s/%s%s", directory, name, suffix) >= PATH_BYTES_MAX)
        give_up(variable);
}

static void note_open(int fd, const char *path) {
    if (fd < 0 || fd >= FDS_MAX)
        return;
    const char *directory = setting("POWER_CUT_FILES"), *name = kept_name(path);
    pthread_mutex_lock(&lock);
    is_directory[fd] = directory && !strcmp(path, directory);
    file_of[fd] = NULL;
    if (name) {
        struct file *file = files;
        while (file && strcmp(file->name, name))
            file = file->next;
        if (!file) {
            file = calloc(1, sizeof *file);
            if (!file)
                give_up("calloc");
            strcpy(file->name, name);
            file->smallest = SIZE_UNKNOWN;
            file->next = files;
            files = file;
        }
        file_of[fd] = file;
    }
    pthread_mutex_unlock(&lock);
}

static void note_write(struct file *file, off_t from, ssize_t bytes) {
    if (bytes <= 0)
        return;
    struct span *last = file->count ? &file->unsynced[file->count - 1] : NULL;
    if (last && last->to == from) {
        last->to += bytes;
        return;
    }
    if (file->count == file->room) {
        file->room = file->room ? file->room * 2 : 64;
        file->unsynced = realloc(file->unsynced, file->room * sizeof *file->unsynced);
        if (!file->unsynced)
            give_up("realloc");
    }
    file->unsynced[file->count++] = (struct span){from, from + bytes};
}

static void copy_span(int from, int to, struct span span, off_t size) {
    char buffer[65536];
    off_t end = span.to < size ? span.to : size;
    while (span.from < end) {
        size_t want = end - span.from < (off_t)sizeof buffer ? (size_t)(end - span.from) : sizeof buffer;
        ssize_t got = pread(from, buffer, want, span.from);
        if (got <= 0 || real_pwrite(to, buffer, got, span.from) != got)
            give_up("copying what was synced");
        span.from += got;
    }
}

/* The file was synced: what was written to it before is on the disk now. It is read through `fd`, because
 * closing a second descriptor of the same file would drop SQLite's locks. */
static void keep_file(struct file *file, int fd) {
    char path[PATH_BYTES_MAX];
    struct stat state;
    path_in(path, "POWER_CUT_IMAGE", file->name, "");
    if (access(path, F_OK) != 0)
        path_in(path, "POWER_CUT_IMAGE", file->name, ".new");
    int image = real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (image < 0 || fstat(fd, &state) != 0)
        give_up("opening the image");
    struct stat old;
    if (fstat(image, &old) != 0 || (file->smallest < old.st_size && real_ftruncate(image, file->smallest) != 0))
        give_up("cutting the image");
    for (size_t at = 0; at < file->count; at++)
        copy_span(fd, image, file->unsynced[at], state.st_size);
    if (real_ftruncate(image, state.st_size) != 0)
        give_up("sizing the image");
    real_close(image);
    file->count = 0;
    file->smallest = SIZE_UNKNOWN;
}

/* The directory was synced: new names are on the disk now, and deleted ones are gone. */
static void keep_names(void) {
    for (struct file *file = files; file; file = file->next) {
        char own[PATH_BYTES_MAX], fresh[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
        path_in(own, "POWER_CUT_FILES", file->name, "");
        path_in(fresh, "POWER_CUT_IMAGE", file->name, ".new");
        path_in(path, "POWER_CUT_IMAGE", file->name, "");
        if (access(own, F_OK) != 0) {
            unlink(path);
            unlink(fresh);
        } else if (access(fresh, F_OK) == 0 && rename(fresh, path) != 0) {
            give_up("naming a new file");
        }
    }
}

static struct file *kept(int fd) {
    return fd >= 0 && fd < FDS_MAX ? file_of[fd] : NULL;
}

static int open_and_note(const char *path, int flags, mode_t mode) {
    be_ready();
    int fd = real_open(path, flags, mode);
    note_open(fd, path);
    return fd;
}

#define MODE_OF(flags)                                                                                         \
    mode_t mode = 0;                                                                                           \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                                           \
        va_list more;                                                                                          \
        va_start(more, flags);                                                                                 \
        mode = va_arg(more, mode_t);                                                                           \
        va_end(more);                                                                                          \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_and_note(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags)
    return open_and_note(path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    be_ready();
    if (fd >= 0 && fd < FDS_MAX && (file_of[fd] || is_directory[fd])) {
        pthread_mutex_lock(&lock);
        file_of[fd] = NULL;
        is_directory[fd] = 0;
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    be_ready();
    struct file *file = kept(fd);
    if (!file)
        return real_write(fd, bytes, count);
    pthread_mutex_lock(&lock);
    off_t from = lseek(fd, 0, SEEK_CUR);
    ssize_t written = real_write(fd, bytes, count);
    note_write(file, from, written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t from) {
    be_ready();
    struct file *file = kept(fd);
    if (!file)
        return real_pwrite(fd, bytes, count, from);
    pthread_mutex_lock(&lock);
    ssize_t written = real_pwrite(fd, bytes, count, from);
    note_write(file, from, written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t from) {
    return pwrite64(fd, bytes, count, from);
}

/* The new size reaches the image with the next sync. */
int ftruncate64(int fd, off_t size) {
    be_ready();
    struct file *file = kept(fd);
    if (!file)
        return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int result = real_ftruncate(fd, size);
    if (result == 0 && size < file->smallest)
        file->smallest = size;
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) {
    return ftruncate64(fd, size);
}

int fsync(int fd) {
    be_ready();
    if (!kept(fd) && !(fd >= 0 && fd < FDS_MAX && is_directory[fd]))
        return real_fsync(fd);
    pthread_mutex_lock(&lock);
    int result = real_fsync(fd);
    if (result == 0 && kept(fd))
        keep_file(kept(fd), fd);
    else if (result == 0)
        keep_names();
    pthread_mutex_unlock(&lock);
    return result;
}

int fdatasync(int fd) {
    return fsync(fd);
}
