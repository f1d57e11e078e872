"""The embedded PostgreSQL: one real server per data directory, shared by all our processes.

What a process gets is a share. The first share starts the server, the last one to be given up
stops it. Nothing here knows what is stored in the database.

Below `data_dir/postgres` lie `start.lock` (held while a server is started or stopped),
`share.lock` (a shared flock per user of the server, so the kernel knows who is left even after
SIGKILL), `passwords.json`, the mark `stay`, and `server/` with the cluster, its log and its socket.
"""

from api.embedded.error import EmbeddedError
from api.embedded.roles import DATABASE, ROLES, create_database, ensure_roles_and_database
from api.embedded.server import EmbeddedServer, has_cluster, start, stop

__all__ = [
    "DATABASE",
    "ROLES",
    "EmbeddedError",
    "EmbeddedServer",
    "create_database",
    "ensure_roles_and_database",
    "has_cluster",
    "start",
    "stop",
]
