"""Open the HTTP connections that a command needs."""

from __future__ import annotations

import requests

from sagerecon.project.project import Project
from sagerecon.project.sage import sage_access


def open_session(project: Project) -> requests.Session:
    """Open connections to the hosts of Sage's API, or to the project's sandbox.

    Raises:
        ProjectError: the app's id or its secret is not set.
    """
    return sage_access(project).open_session()
