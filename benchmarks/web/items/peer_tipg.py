"""tipg: the same rows in PostGIS, asked through its ASGI application; the database's own time is not counted."""

import asyncio
import os
import sys
from pathlib import Path

import numpy as np
from peers import serve

sys.path.append(str(Path(__file__).resolve().parent))


def items(given):
    """Return the body and the least CPU seconds of an answer."""
    os.environ["DATABASE_URL"] = str(given["database"])
    os.environ["TIPG_MAX_FEATURES_PER_QUERY"] = "10000"
    import asgi
    from tipg.main import app

    async def ask():
        async with app.router.lifespan_context(app):
            path = "/collections/public.municipalities/items"
            return await asgi.timed(app, path, str(given["query"]) + "&f=geojson")

    body, cpu_s = asyncio.run(ask())
    return {"body": np.frombuffer(body, dtype=np.uint8), "cpu_s": cpu_s}


if __name__ == "__main__":
    serve(items)
