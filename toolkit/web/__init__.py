"""The admin's page: a thin Starlette skin over `workflow`. Empty until the routing sheets need it."""
