import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Hono } from "hono";
import type { ServiceEnv } from "../service.ts";

/** Swagger UI's own files, served from here: the page works without any other host. */
const FILES: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
};

const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bucketferry API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<main id="docs"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
`;

/** Scripts from here alone; Swagger UI sets styles and shows its icons as data. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

export function docsPage(): Hono<ServiceEnv> {
  const app = new Hono<ServiceEnv>();
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  app.get("/docs", (context) => context.html(PAGE, 200, { "content-security-policy": POLICY }));
  app.get("/docs/start.js", (context) =>
    context.body(START, 200, { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-cache" }),
  );
  for (const [name, contentType] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, (context) =>
      context.body(readFileSync(join(folder, name)), 200, {
        "content-type": contentType,
        "cache-control": "public, max-age=86400",
      }),
    );
  }
  return app;
}
