"""A folder of derivations as a static web site that needs nothing but a browser."""

from backproof.site.building import Result, Source, build

__all__ = ["Result", "Source", "build"]
