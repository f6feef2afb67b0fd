import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Handler } from "hono";
import type { ServiceConfig } from "../config/service-config.ts";
import type { ServiceEnv } from "../service.ts";

/**
 * The document of all routes. What a parameter may hold is the router's business and no part of a path's template
 * (https://spec.openapis.org/oas/v3.1.0#path-templating): left in, a generated client would send it.
 */
export function openApiDocument(root: OpenAPIHono<ServiceEnv>, { auth }: Pick<ServiceConfig, "auth">): Handler {
  return (context) => {
    const { paths = {}, ...document } = root.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "Bucketferry API", version: "1" },
      servers: [{ url: "/" }],
      security: auth.mode === "credentials" ? [{ bearer: [] }] : [],
    });
    const templates = Object.entries(paths).map(([path, item]) => [path.replaceAll(/(\{\w+\})\{.*?\}/g, "$1"), item]);
    return context.json({ ...document, paths: Object.fromEntries(templates) as typeof paths });
  };
}
