"""Serves an application on a port of its own, and says which."""

import socket

import uvicorn


def serve(application) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    # Whoever connects from now on waits in the queue until the application is there.
    print("ready", listener.getsockname()[1], "", flush=True)
    uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listener])
