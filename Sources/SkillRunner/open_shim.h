/* Stands in for the C library's `open`, for two files that common libraries cannot do without. */
#ifndef OPEN_SHIM_H
#define OPEN_SHIM_H

/* Opens what the shim hands out later. To be called before the sandbox closes. */
void open_shim_prepare(void);

#endif
