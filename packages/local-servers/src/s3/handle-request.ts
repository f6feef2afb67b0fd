import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isAllowed } from "./access.ts";
import type { Authenticator, Identity } from "./authentication.ts";
import type { Answer, Call, Headers, ServerContext } from "./call.ts";
import { corsHeaders, type CorsRequest, matchCors } from "./cors.ts";
import { checkKey } from "./key.ts";
import { findOperation, type Operation } from "./operations.ts";
import type { OperationName } from "./operation-names.ts";
import { httpDate } from "./object-headers.ts";
import { ACCOUNT_ID } from "./owner.ts";
import { postObject } from "./post-object.ts";
import { requestBody } from "./request-body.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";
import { notImplemented, S3Error } from "./s3-error.ts";
import type { S3Bucket } from "./shape.ts";
import { refuseUnsupportedHeaders } from "./unsupported-headers.ts";
import { writeAnswer, writeError } from "./write-answer.ts";

export interface RequestHandlerOptions {
  readonly server: ServerContext;
  readonly authenticator: Authenticator;
  readonly hosts: readonly string[];
  /** Told of every request when its answer is known. */
  readonly onRequest: (seen: SeenOperation) => void;
}

export interface SeenOperation {
  readonly requestId: string;
  readonly method: string;
  /** The raw target without its query, which may hold a signature. */
  readonly path: string;
  /** Undefined when the request was refused before it was known what it asks for. */
  readonly operation: OperationName | "Preflight" | undefined;
  readonly status: number;
  readonly errorCode: string | undefined;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse, start: () => void) => Promise<void>;

export function requestHandler(options: RequestHandlerOptions): RequestHandler {
  const { server } = options;

  return async (request, response, start) => {
    const ids = newIds();
    const seen: { operation: SeenOperation["operation"] } = { operation: undefined };
    const report = (status: number, errorCode?: string): void =>
      options.onRequest({
        requestId: ids["x-amz-request-id"],
        method: request.method ?? "",
        path: (request.url ?? "").split("?")[0] ?? "",
        operation: seen.operation,
        status,
        errorCode,
      });
    // Clients set their clocks by this header, so it is that of the clock which judges their signatures.
    response.sendDate = false;
    response.setHeader("date", httpDate(server.clock()));
    let cors: Headers = {};
    try {
      const target = parseTarget(request.url ?? "", request.headers.host ?? "", {
        plusInPath: server.profile.plusInPath,
        hosts: options.hosts,
      });
      cors = corsOf(server, request, target);
      if (request.method === "OPTIONS") {
        seen.operation = "Preflight";
        const answer = preflight(server, request, target);
        report(answer.status ?? 200);
        await writeAnswer(request, response, answer, ids);
        return;
      }
      const answer = await perform(options, request, target, start, (name) => {
        seen.operation = name;
      });
      report(answer.status ?? 200);
      await writeAnswer(request, response, { ...answer, headers: { ...cors, ...answer.headers } }, ids);
    } catch (error) {
      // The client is gone: there is nobody to answer, and nothing was kept.
      if (request.destroyed && !request.complete) return;
      if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return;
      const refusal = error instanceof S3Error ? error : new S3Error("InternalError");
      if (!(error instanceof S3Error))
        process.stderr.write(`local S3 server: ${String((error as Error).stack ?? error)}\n`);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      report(refusal.status, refusal.code);
      writeError(request, response, refusal, { ...cors, ...ids });
    } finally {
      // What is left of a refused body has to go before the connection's next request.
      request.resume();
    }
  };
}

/** In the shape of S3's: 16 hexadecimal digits, and a longer text for its support desk. */
function newIds() {
  // Of all sources of randomness this one is the fastest: it draws for many at once.
  const id = randomUUID().replaceAll("-", "").toUpperCase();
  return { "x-amz-request-id": id.slice(0, 16), "x-amz-id-2": Buffer.from(id).toString("base64") };
}

async function perform(
  options: RequestHandlerOptions,
  request: IncomingMessage,
  target: RequestTarget,
  start: () => void,
  onOperation: (name: OperationName) => void,
): Promise<Answer> {
  const { server, authenticator } = options;
  const method = request.method ?? "";
  const own = joinedHeaders(request);
  if (isPostForm(method, target, own)) {
    onOperation("PostObject");
    if (server.profile.without.includes("PostObject")) throw notImplemented("PostObject");
    return postForm(options, request, target, start);
  }

  const identity = authenticator.authenticate({ method, target, headers: own });
  // Also of a body that is empty: https://github.com/s3fs-fuse/s3fs-fuse/issues/324, https://github.com/awslabs/aws-c-s3/pull/428
  if (takesBody(method) && !own.has("content-length") && !own.has("transfer-encoding")) {
    throw new S3Error("MissingContentLength");
  }
  const headers = identity.presigned ? withHoisted(own, target) : own;
  const header = (name: string): string | undefined => headers.get(name);
  const operation = findOperation(method, target, header);
  onOperation(operation.name);
  if (server.profile.without.includes(operation.name)) throw notImplemented(operation.name);

  const call: Call = {
    server,
    target,
    query: target.query,
    identity,
    headers,
    header,
    body: () => requestBody(request, { identity, header, profile: server.profile, start }),
    may: (action, bucket, key) => isAllowed(server, identity, action, bucket, key),
  };
  return run(operation, call, identity);
}

async function run(operation: Operation, call: Call, identity: Identity): Promise<Answer> {
  const { server, target } = call;
  const bucket = operation.on === "bucket" || operation.on === "object" ? existingBucket(server, target) : undefined;
  const allowed =
    operation.action === undefined
      ? identity.user !== undefined
      : isAllowed(server, identity, operation.action, target.bucket, target.key);
  if (!allowed) throw new S3Error("AccessDenied");
  checkOwner(call, "x-amz-expected-bucket-owner");
  checkOwner(call, "x-amz-source-expected-bucket-owner");
  refuseUnsupportedHeaders(call, bucket?.attributes.publicAccessBlock?.BlockPublicAcls === true);
  switch (operation.on) {
    case "service":
    case "bucketName":
      return operation.run(call);
    case "bucket":
      return operation.run({ ...call, bucket: bucket ?? existingBucket(server, target) });
    case "object": {
      const key = target.key ?? "";
      checkKey(key, server.profile);
      return operation.run({ ...call, bucket: bucket ?? existingBucket(server, target), key });
    }
  }
}

function existingBucket(server: ServerContext, target: RequestTarget): S3Bucket {
  const bucket = target.bucket === undefined ? undefined : server.store.bucket(target.bucket);
  if (bucket === undefined) throw new S3Error("NoSuchBucket", { fields: { BucketName: target.bucket ?? "" } });
  return bucket;
}

function checkOwner(call: Call, name: string): void {
  const expected = call.header(name);
  if (expected !== undefined && expected !== ACCOUNT_ID) throw new S3Error("AccessDenied");
}

function takesBody(method: string): boolean {
  return method === "PUT" || method === "POST";
}

/** Repeated headers are joined by commas without a space, as signatures want them. */
function joinedHeaders(request: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]?.toLowerCase() ?? "";
    const value = request.rawHeaders[index + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/** Signers of URLs move `x-amz-…` headers into the query; there they mean the same. */
function withHoisted(headers: ReadonlyMap<string, string>, target: RequestTarget): ReadonlyMap<string, string> {
  const all = new Map(headers);
  for (const [name, value] of target.query.pairs) {
    const lower = name.toLowerCase();
    // In the form in which Node gives header values: each byte of UTF-8 a character.
    if (lower.startsWith("x-amz-") && !all.has(lower)) all.set(lower, Buffer.from(value).toString("latin1"));
  }
  return all;
}

function isPostForm(method: string, target: RequestTarget, headers: ReadonlyMap<string, string>): boolean {
  return (
    method === "POST" &&
    target.bucket !== undefined &&
    target.key === undefined &&
    target.query.pairs.length === 0 &&
    !headers.has("authorization")
  );
}

async function postForm(
  { server, authenticator }: RequestHandlerOptions,
  request: IncomingMessage,
  target: RequestTarget,
  start: () => void,
): Promise<Answer> {
  const bucket = existingBucket(server, target);
  start();
  const bytes: AsyncIterableIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  try {
    return await postObject({
      server,
      authenticator,
      bucket,
      host: request.headers.host ?? "",
      contentType: request.headers["content-type"],
      bytes,
    });
  } finally {
    // As long as somebody waits for more of it, the request cannot be drained.
    await bytes.return?.();
  }
}

/** What lets the page of another origin read the answer, error or not. */
function corsOf(server: ServerContext, request: IncomingMessage, target: RequestTarget): Headers {
  const { origin } = request.headers;
  const rules = target.bucket === undefined ? undefined : server.store.bucket(target.bucket)?.attributes.cors;
  if (origin === undefined || rules === undefined || request.method === "OPTIONS") return {};
  const asked: CorsRequest = { origin, method: request.method ?? "", headers: [] };
  const rule = matchCors(rules, asked);
  return rule === undefined ? {} : corsHeaders(rule, asked);
}

function preflight(server: ServerContext, request: IncomingMessage, target: RequestTarget): Answer {
  const { origin } = request.headers;
  const method = request.headers["access-control-request-method"];
  if (origin === undefined) {
    throw new S3Error("BadRequest", { message: "Insufficient information. Origin request header needed." });
  }
  if (method === undefined) {
    throw new S3Error("BadRequest", { message: "Invalid Access-Control-Request-Method: null" });
  }
  const rules = existingBucket(server, target).attributes.cors;
  if (rules === undefined) {
    throw new S3Error("AccessForbidden", { message: "CORSResponse: CORS is not enabled for this bucket." });
  }
  const asked: CorsRequest = {
    origin,
    method,
    headers: (request.headers["access-control-request-headers"] ?? "")
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ""),
  };
  const rule = matchCors(rules, asked);
  if (rule === undefined) {
    throw new S3Error("AccessForbidden", {
      message:
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
    });
  }
  return { headers: { ...corsHeaders(rule, asked), "content-length": "0" } };
}
