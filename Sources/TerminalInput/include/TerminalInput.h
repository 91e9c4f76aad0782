/*
 * One line of input at a time from a person at a terminal, with editing and history, while messages may appear
 * above the prompt at any moment. The smallest layer over libedit that Swift cannot say itself: libedit wants
 * variadic calls and C callbacks.
 *
 * One terminal per process.
 */
#ifndef TERMINAL_INPUT_H
#define TERMINAL_INPUT_H

typedef struct oc_terminal oc_terminal;

/*
 * Takes over standard input and standard output, which must be a terminal, and chooses a UTF-8 locale.
 * Returns null, with errno set, when that is not possible. `prompt` is copied.
 */
oc_terminal *oc_terminal_open(const char *prompt);

/*
 * Waits for the next line; always on the same thread. Returns 1 and a line in `*line` without its line break, which the caller frees with
 * `free`; 0 at the end of input (Ctrl-D); -1 when the terminal is gone. Ctrl-C empties the line.
 */
int oc_terminal_read_line(oc_terminal *terminal, char **line);

/*
 * Shows `text`, as it is, above the prompt; the line being typed stays. Any thread. Waits while thousands of
 * messages wait already. `text` is copied. Returns 0, or -1 when there is no memory.
 */
int oc_terminal_show(oc_terminal *terminal, const char *text);

/* Gives the terminal back as it was found. Any thread, once no other call is under way; none may follow. */
void oc_terminal_close(oc_terminal *terminal);

#endif
