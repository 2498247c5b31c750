"""HTML pages for a browser: the start page, the consent page and its error page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from sagerecon.model.visible import visible_value

#: Path of the OpenAPI document.
DESCRIPTION_PATH = "/openapi.json"

_ENVIRONMENT = Environment(autoescape=True, finalize=visible_value, trim_blocks=True, lstrip_blocks=True)

_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.6rem }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d5ddd8 }}
code, pre {{ background: #f0f4f2; border-radius: 4px; padding: .1rem .3rem }}
pre {{ padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere }}
label {{ display: block; padding: .5rem .7rem; border: 1px solid #d5ddd8; margin: .4rem 0 }}
button {{ font: inherit; padding: .5rem 1.2rem; border-radius: 6px; border: 1px solid #00703c }}
button.yes {{ background: #00703c; color: white }} .note {{ color: #51635a }}
</style></head><body>
<p class="note">Rehearsal Sage: no request reaches a real business.</p>
{body}
</body></html>
"""

_CONSENT = """<h1>{{ app }} requests access</h1>
{% if choices %}
<p>Requested scope: <code>{{ scope }}</code>. Choose a user and a business.</p>
<form method="post" action="">
<input type="hidden" name="token" value="{{ token }}">
{% for choice in choices %}
<label><input type="radio" name="choice" value="{{ choice.value }}" required{{ only }}>
{{ choice.user }} ({{ choice.role }}) · {{ choice.business }}, {{ choice.country }}, {{ choice.edition }}
</label>
{% endfor %}
<button class="yes" name="answer" value="allow">Allow</button>
<button name="answer" value="deny" formnovalidate>Deny</button>
</form>
{% else %}
<p>{{ reason }}</p>
{% endif %}"""

_START = """<h1>Rehearsal Sage</h1>
<p>A simulated Sage Business Cloud Accounting, API v3.1. Its time is {{ time }}.
OpenAPI document: <a href="{{ description }}">{{ description }}</a></p>
{% for business in businesses %}
<h2>{{ business.name }}</h2>
<p>{{ business.country }}, {{ business.edition }} · X-Business <code>{{ business.id }}</code></p>
<table><tr><th>Records</th><th>Count</th></tr>
{% for name, count in business.contents.items() %}
<tr><td>{{ name }}</td><td>{{ count }}</td></tr>
{% endfor %}</table>
{% endfor %}
<h2>Signing in</h2>
<table><tr><th>App</th><th>client_id</th><th>client_secret</th><th>redirect_uri</th></tr>
{% for app in apps %}
<tr><td>{{ app.name }}</td><td><code>{{ app.client_id }}</code></td>
<td><code>{{ app.client_secret }}</code></td><td><code>{{ app.redirect_uri }}</code></td></tr>
{% endfor %}</table>
<p class="note">The secret is valid for this rehearsal only. On loopback, redirect_uri may have any port.</p>
{% if apps and businesses %}
<p>1. Open this address in a browser. It redirects to redirect_uri with a code valid for 60 seconds.</p>
{% set uri = address ~ "/oauth2/auth/central?filter=apiv3.1&response_type=code&scope=full_access&client_id="
  ~ apps[0].client_id ~ "&redirect_uri=" ~ apps[0].redirect_uri|urlencode ~ "&state=any" %}
<pre><a href="{{ uri }}">{{ uri }}</a></pre>
<p>2. Exchange the code for tokens.</p>
<pre>curl {{ address }}/token -d grant_type=authorization_code \\
  -d client_id={{ apps[0].client_id }} -d client_secret={{ apps[0].client_secret }} \\
  -d redirect_uri={{ apps[0].redirect_uri }} --data-urlencode code=CODE</pre>
<p>3. Call the API.</p>
<pre>curl {{ address }}/v3.1/contacts -H "Authorization: Bearer ACCESS_TOKEN" \\
  -H "X-Business: {{ businesses[0].id }}"</pre>
{% endif %}
<p>Access tokens are valid for 5 minutes. A refresh returns a new refresh token and ends the old one.</p>"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A user and a business offered on the consent page."""

    value: str
    user: str
    role: str
    business: str
    country: str
    edition: str


def consent_page(app: str, scope: str, choices: Sequence[Choice], token: str, reason: str = "") -> str:
    """Return the page on which a user chooses a business and allows or denies access.

    Args:
        token: what the form must carry back.
        reason: why there is nothing to choose.
    """
    only = " checked" if len(choices) == 1 else ""
    return _page(
        "Allow access",
        _CONSENT,
        app=app,
        scope=scope,
        choices=choices,
        token=token,
        reason=reason,
        only=only,
    )


def start_page(
    address: str, time: str, businesses: Sequence[Mapping[str, object]], apps: Sequence[object]
) -> str:
    """Return the page that shows what is served at `address` and how to sign in."""
    return _page(
        "Rehearsal Sage",
        _START,
        address=address,
        time=time,
        businesses=businesses,
        apps=apps,
        description=DESCRIPTION_PATH,
    )


def problem_page(message: str) -> str:
    """Return the page that explains why sign-in is not possible."""
    return _page("Cannot sign in", "<h1>Cannot sign in</h1><p>{{ message }}</p>", message=message)


def _page(title: str, template: str, **facts: object) -> str:
    return _LAYOUT.format(title=title, body=_ENVIRONMENT.from_string(template).render(**facts))
