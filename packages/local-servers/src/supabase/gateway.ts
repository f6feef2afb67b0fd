import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError, failures, transientFailures } from "./api-error.ts";
import { authenticate } from "./authentication.ts";
import { header, isBefore, sendJson, type Service } from "./exchange.ts";
import { parseRawPath } from "./raw-path.ts";
import { matchRoute, type Route } from "./routes.ts";

const PREFIX = "/storage/v1";
const TUS_PREFIX = "/upload/resumable";
/** Where an unknown path is answered as by the rest of the service; elsewhere by the framework. */
const KNOWN_AREAS = ["bucket", "object", "render"];

/** Answers one request: what the project's gateway does in front of the service, and the way to the handler. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
  service: Service,
): Promise<void> {
  const { method = "" } = request;
  const url = withoutPrefix(request.url ?? "");
  if (url === undefined) {
    sendJson(response, 404, { message: "no Route matched with those values" });
    return;
  }
  if (!url.startsWith(TUS_PREFIX)) {
    response.setHeader("access-control-allow-origin", "*");
    if (method === "OPTIONS") {
      sendPreflight(request, response);
      return;
    }
  }
  const path = parseRawPath(url);
  if (path === undefined) {
    sendJson(response, 400, {
      error: "Bad Request",
      code: "FST_ERR_BAD_URL",
      message: `'${url}' is not a valid url component`,
      statusCode: 400,
    });
    return;
  }
  if (path.segments[0] === "s3") {
    sendS3NotImplemented(response);
    return;
  }
  const match = matchRoute(routes, method, path.segments);
  if (match === undefined) {
    sendUnknownRoute(response, method, url, path.segments[0] ?? "");
    return;
  }
  const { access, handler } = match.route;
  try {
    const fault = service.fault({ method, url });
    if (fault !== undefined) throw transientFailures[fault]();
    const { jwtSecret } = service.settings;
    const caller = authenticate(access, authorizationOf(request, service), jwtSecret, service.clock.nowMs());
    await handler({ request, response, path, params: match.params, caller }, service);
  } catch (error) {
    const shape = access === "bare" ? "bare" : isBefore(service.settings.release, "1.70") ? "without code" : "whole";
    sendFailure(request, response, shape, error);
  }
}

/**
 * The gateway puts a token in the place of a key that is none, unless the caller sent a token beside it (`LUA_AUTH_EXPR` in
 * supabase/supabase, docker/volumes/api/kong.yml). A key that it does not know goes on as it is.
 */
function authorizationOf(request: IncomingMessage, service: Service): string | undefined {
  const authorization = header(request, "authorization");
  if (authorization !== undefined && !authorization.startsWith("Bearer sb_")) return authorization;
  const token = service.settings.tokenOfKey.get(header(request, "apikey") ?? "");
  return token === undefined ? authorization : `Bearer ${token}`;
}

function withoutPrefix(url: string): string | undefined {
  if (!url.startsWith(PREFIX)) return undefined;
  const rest = url.slice(PREFIX.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : undefined;
}

function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    "access-control-allow-methods": "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS",
    "access-control-allow-headers": header(request, "access-control-request-headers") ?? "*",
    "access-control-max-age": "3600",
  });
  response.end();
}

/** This server speaks the REST API only. */
function sendS3NotImplemented(response: ServerResponse): void {
  response.writeHead(501, { "content-type": "application/xml; charset=utf-8" });
  response.end(
    '<?xml version="1.0" encoding="UTF-8"?>' +
      "<Error><Code>NotImplemented</Code><Message>This local server has no S3 endpoint</Message></Error>",
  );
}

function sendUnknownRoute(response: ServerResponse, method: string, url: string, area: string): void {
  if (KNOWN_AREAS.includes(area)) {
    sendJson(response, 404, failures.unknownRoute(method, url).toBody());
    return;
  }
  sendJson(response, 404, { message: `Route ${method}:${url} not found`, error: "Not Found", statusCode: 404 });
}

type FailureShape = "whole" | "without code" | "bare";

function sendFailure(request: IncomingMessage, response: ServerResponse, shape: FailureShape, error: unknown): void {
  if (response.headersSent || request.errored !== null || request.socket.destroyed) {
    // The client has gone away, or it must see that what it got so far is not all.
    response.destroy();
    return;
  }
  if (!(error instanceof ApiError)) console.error("supabase: a request failed unexpectedly", error);
  const failure = error instanceof ApiError ? error : transientFailures.InternalError();
  // A body that was partly read has to go somewhere before the client listens to the answer.
  if (!request.readableEnded) request.resume();
  sendJson(response, failure.httpStatus, failureBody(failure, shape));
}

function failureBody(failure: ApiError, shape: FailureShape): Record<string, string> {
  if (shape === "bare") return failure.toAuthenticationBody();
  // The schema is that of the statuses 4xx.
  return shape === "without code" && failure.httpStatus < 500 ? failure.toBodyWithoutCode() : failure.toBody();
}
