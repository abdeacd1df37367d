"""A small internet of real servers (Dovecot, Courier, Postfix, Exim, Knot, Unbound, nginx) in two network namespaces.

`plan` says in plain data what there is, `Estate` makes it so; everything else here serves one server each.
"""

from .annex import missing_annex
from .build import Estate, EstateError, Login
from .plan import Account, Family, Host, MailDomain, Plan, Reject
from .requirements import missing_requirement

__all__ = [
    "Account",
    "Estate",
    "EstateError",
    "Family",
    "Host",
    "Login",
    "MailDomain",
    "Plan",
    "Reject",
    "missing_annex",
    "missing_requirement",
]
