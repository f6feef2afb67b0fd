import { OpenAPIHono } from "@hono/zod-openapi";
import { Problem } from "../problem/problem.ts";
import type { ServiceEnv } from "../service.ts";

/** A router whose validation errors are problems that name each wrong field. */
export function router(): OpenAPIHono<ServiceEnv> {
  return new OpenAPIHono<ServiceEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
      throw new Problem("InvalidRequest", errors.map(({ path, message }) => `${path}: ${message}`).join("; "), {
        errors,
      });
    },
  });
}
