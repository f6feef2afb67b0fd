import { cors } from "hono/cors";
import { directUploadRoutes } from "./direct-uploads/direct-upload-routes.ts";
import { docsPage } from "./documents/docs-page.ts";
import { openApiDocument } from "./documents/openapi-document.ts";
import { router } from "./documents/router.ts";
import { fileRoutes } from "./files/file-routes.ts";
import { oldUrlRoutes } from "./files/old-url-routes.ts";
import { healthRoutes } from "./health/health-routes.ts";
import { lectureRoutes } from "./lectures/lecture-routes.ts";
import { requireService } from "./auth/caller.ts";
import { authentication } from "./middleware/authentication.ts";
import { bodyProgress } from "./middleware/body-progress.ts";
import { idempotency } from "./middleware/idempotency.ts";
import { requestContext } from "./middleware/request-context.ts";
import { closeWhenOver, loopbackOnly, securityHeaders, smallJson } from "./middleware/security.ts";
import { tracing } from "./observability/tracing.ts";
import { noSuchRoute } from "./problem/no-such-route.ts";
import { problemOf, problemResponse } from "./problem/problem.ts";
import { PROBLEMS } from "./problem/problem-codes.ts";
import { profileImageRoutes } from "./profile-images/profile-image-routes.ts";
import type { Service } from "./service.ts";
import { tusRoutes } from "./tus/tus-routes.ts";

/** What is listed in `Access-Control-Expose-Headers`: without it a page could not read them. */
const EXPOSED = [
  "etag",
  "content-range",
  "accept-ranges",
  "location",
  "x-request-id",
  "retry-after",
  "content-disposition",
  // https://tus.io/protocols/resumable-upload#headers
  "upload-offset",
  "upload-length",
  "upload-expires",
  "tus-resumable",
  "tus-version",
  "tus-extension",
  "tus-max-size",
];

/** An OPTIONS that no browser sends before another request (https://fetch.spec.whatwg.org/#http-cors-protocol), as tus clients ask. */
function isOwnQuestion({ method, headers }: Request): boolean {
  return method === "OPTIONS" && !headers.has("access-control-request-method");
}

/** All of the service's HTTP, read from top to bottom: what happens to every request, then who answers it. */
export function app(service: Service) {
  const { config, log } = service;
  const root = router();

  root.onError((error, context) => {
    const problem = problemOf(error);
    const requestId = context.get("requestId");
    if (PROBLEMS[problem.code].status >= 500)
      log.error({ requestId, code: problem.code, err: problem.cause ?? problem }, "request failed");
    return problemResponse(problem, requestId);
  });
  root.notFound(noSuchRoute(root));

  root.use(tracing());
  root.use(requestContext(service));
  root.use(closeWhenOver(service));
  root.use(loopbackOnly(service));
  root.use(securityHeaders(service));
  if (config.corsOrigins.length > 0) {
    const origin = config.corsOrigins.includes("*") ? "*" : [...config.corsOrigins];
    const answerPages = cors({ origin, exposeHeaders: EXPOSED, maxAge: 600 });
    root.use((context, next) => (isOwnQuestion(context.req.raw) ? next() : answerPages(context, next)));
  }

  // Probes and documents are for everybody, and are not counted.
  const open = root.route("/health", healthRoutes(service));
  root.route("/", docsPage());
  root.get("/openapi.json", openApiDocument(root, config));
  root.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });

  root.use(authentication(service));
  root.use(bodyProgress(service));
  root.use(smallJson());
  root.use(idempotency(service));
  root.get("/metrics", async (context) => {
    requireService(context.get("caller"));
    const { contentType, text } = await service.metrics.page();
    return context.body(text, 200, { "content-type": contentType });
  });
  root.route("/", oldUrlRoutes(service));
  root.route("/tus", tusRoutes(service));
  return open
    .route("/lectures", lectureRoutes(service))
    .route("/users", profileImageRoutes(service))
    .route("/uploads", directUploadRoutes(service))
    .route("/", fileRoutes(service));
}

/** The routes' types, for a typed client: `hc<App>(url)`. */
export type App = ReturnType<typeof app>;
