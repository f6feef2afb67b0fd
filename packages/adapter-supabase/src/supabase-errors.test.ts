import { describe, expect, it } from "vitest";
import { AnswerError, ConnectionError, errorBody } from "./answer-error.ts";
import { classify, saysNoSuchBucket, saysNoSuchKey } from "./supabase-errors.ts";
import { retryAfterMs } from "./transport.ts";

const JSON_TYPE = "application/json; charset=utf-8";

function answered(status: number, body: string | object, contentType?: string): AnswerError {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new AnswerError(status, errorBody(text, contentType ?? (typeof body === "string" ? "text/html" : JSON_TYPE)));
}

const said = (code: string, statusCode: string, message: string, error = code) => ({
  statusCode,
  error,
  message,
  code,
});

describe("M02 an answer of the service", () => {
  it.each([
    [400, said("NoSuchKey", "404", "Object not found", "not_found"), "NotFound"],
    [400, said("NoSuchBucket", "404", "Bucket not found", "Bucket not found"), "BucketNotFound"],
    [400, said("InvalidRequest", "404", "The related resource does not exist"), "BucketNotFound"],
    [400, said("KeyAlreadyExists", "409", "The resource already exists", "Duplicate"), "AlreadyExists"],
    [400, said("ResourceAlreadyExists", "409", "The resource already exists", "Duplicate"), "AlreadyExists"],
    [
      400,
      said("AccessDenied", "403", "new row violates row-level security policy", "Unauthorized"),
      "PermissionDenied",
    ],
    [400, said("AccessDenied", "403", "Access denied", "Unauthorized"), "PermissionDenied"],
    [403, said("AccessDenied", "403", "Access denied: Invalid role", "Unauthorized"), "PermissionDenied"],
    [400, said("AccessDenied", "403", "Invalid Compact JWS", "Unauthorized"), "Unauthenticated"],
    [400, said("AccessDenied", "403", "signature verification failed", "Unauthorized"), "Unauthenticated"],
    [400, said("AccessDenied", "403", '"exp" claim timestamp check failed', "Unauthorized"), "Unauthenticated"],
    [400, said("InvalidJWT", "400", '"exp" claim timestamp check failed'), "Unauthenticated"],
    [
      400,
      said("InvalidRequest", "400", "headers must have required property 'authorization'", "Error"),
      "Unauthenticated",
    ],
    [500, said("DatabaseError", "500", "database error, code: 22023"), "Unauthenticated"],
    [500, said("DatabaseError", "500", "database error, code: 53300"), "Unavailable"],
    [400, said("InvalidKey", "400", "Invalid key: a#b"), "InvalidKey"],
    [400, said("InvalidMimeType", "415", "mime type text/x is not supported", "invalid_mime_type"), "InvalidArgument"],
    [
      400,
      said("EntityTooLarge", "413", "The object exceeded the maximum allowed size", "Payload too large"),
      "TooLarge",
    ],
    [413, said("EntityTooLarge", "413", "Request body is too large", "FastifyError"), "TooLarge"],
    [416, said("InvalidRange", "416", "invalid range provided", "invalid_range"), "InvalidRange"],
    [400, said("InvalidParameter", "400", "Invalid Parameter continuation token"), "InvalidArgument"],
    [429, said("SlowDown", "429", "too_many_connections"), "RateLimited"],
    [400, said("SlowDown", "429", "too_many_connections"), "RateLimited"],
    [503, said("LockTimeout", "503", "acquiring_lock_timeout"), "Conflict"],
    [400, said("ResourceLocked", "423", "locked"), "Conflict"],
    [544, said("DatabaseTimeout", "544", "timeout"), "Unavailable"],
    [500, said("InternalError", "500", "Internal Server Error", "Internal"), "Unavailable"],
    [500, said("S3Error", "503", "SlowDown", "Please reduce your request rate"), "RateLimited"],
    [400, said("S3Error", "404", "NoSuchKey", "The specified key does not exist."), "Unavailable"],
    // Before the field `code`, and over S3 when the bytes are gone.
    [400, { statusCode: "404", error: "not_found", message: "Object not found" }, "NotFound"],
    [400, { statusCode: "404", error: "Not found", message: "The resource was not found" }, "NotFound"],
    [400, { statusCode: "404", error: "Bucket not found", message: "Bucket not found" }, "BucketNotFound"],
    [400, { statusCode: "404", error: "Not Found", message: "The parent resource is not found" }, "BucketNotFound"],
    [400, { statusCode: "422", error: "invalid_mime_type", message: "mime type not supported" }, "InvalidArgument"],
    [400, { statusCode: "400", error: "resource_locked", message: "Resource Locked, an upload" }, "Conflict"],
    [400, { statusCode: "409", error: "Duplicate", message: "The resource already exists" }, "AlreadyExists"],
    [400, said("InvalidRequest", "400", "Request stream closed before upload could begin"), "IncompleteBody"],
    [400, said("FeatureNotEnabled", "400", "This feature is not available for your tenant"), "Unsupported"],
    // A path that the service, its framework or its gateway does not know is no missing object.
    [404, { message: "Route GET:/x not found", error: "Not Found", statusCode: 404 }, "InvalidConfig"],
    [404, said("InvalidRequest", "404", "Route PATCH:/object/b/k not found", "Not Found"), "InvalidConfig"],
    [404, { message: "no Route matched with those values" }, "InvalidConfig"],
    [401, { message: "Invalid API key" }, "Unauthenticated"],
    [
      400,
      { error: "Bad Request", code: "FST_ERR_BAD_URL", message: "'/x%' is not a valid url component", statusCode: 400 },
      "InvalidArgument",
    ],
    [402, { message: "exceed_egress_quota" }, "QuotaExceeded"],
    // The resumable protocol: plain text and honest statuses.
    [404, "Bucket not found\n", "BucketNotFound"],
    [404, "The related resource does not exist\n", "BucketNotFound"],
    [400, "Request aborted due to lock acquired\n", "Conflict"],
    [404, "The file for this url was not found\n", "Unavailable"],
    [409, "Upload-Offset conflict\n", "Conflict"],
    [413, "Maximum size exceeded\n", "TooLarge"],
    [400, "Invalid key: a#b\n", "InvalidKey"],
    [403, "new row violates row-level security policy\n", "PermissionDenied"],
    // Gateways.
    [502, "<html>Bad gateway</html>", "Unavailable"],
    [504, "<html></html>", "Timeout"],
    [520, "<html>cloudflare</html>", "Unavailable"],
    // Paused: no further try helps.
    [540, "<html>", "InvalidConfig"],
    [544, "", "Unavailable"],
    [429, "", "RateLimited"],
    [431, "", "InvalidArgument"],
    [301, "", "InvalidConfig"],
    [304, "", "NotModified"],
    [418, "{", "Unknown"],
    [200, "<html>", "Unavailable"],
  ] as const)("%i %j is %s", (status, body, code) => {
    const plain = typeof body === "string" && body.endsWith("\n") ? "text/plain" : undefined;
    expect(classify(answered(status, body, plain))?.code).toBe(code);
    expect(classify(answered(status, body, plain))?.status).toBe(status);
  });

  // https://github.com/supabase/storage/pull/1256
  it.each([
    ["NoSuchKey", "404", "not_found", "Object not found"],
    ["NoSuchBucket", "404", "Bucket not found", "Bucket not found"],
    ["KeyAlreadyExists", "409", "Duplicate", "The resource already exists"],
    ["AccessDenied", "403", "Unauthorized", "new row violates row-level security policy"],
    ["AccessDenied", "403", "Unauthorized", "Invalid Compact JWS"],
    ["InvalidJWT", "400", "InvalidJWT", '"exp" claim timestamp check failed'],
    ["InvalidSignature", "400", "InvalidSignature", "Invalid signature"],
    ["InvalidKey", "400", "InvalidKey", "Invalid key: a#b"],
    ["InvalidBucketName", "400", "Invalid Input", "Bucket name invalid"],
    ["InvalidMimeType", "415", "invalid_mime_type", "mime type text/x is not supported"],
    ["EntityTooLarge", "413", "Payload too large", "The object exceeded the maximum allowed size"],
    ["InvalidRange", "400", "invalid_range", "invalid range provided"],
    ["InvalidRequest", "400", "Error", "headers must have required property 'authorization'"],
    ["InvalidRequest", "404", "InvalidRequest", "The related resource does not exist"],
    ["InvalidRequest", "400", "Error", "body/paths must NOT have more than 1000 items"],
    ["InvalidParameter", "400", "InvalidParameter", "Invalid Parameter expiresIn"],
    ["ResourceLocked", "423", "ResourceLocked", "The resource is locked"],
    ["LockTimeout", "503", "acquiring_lock_timeout", "acquiring lock timeout"],
    ["S3Error", "404", "The specified key does not exist.", "NoSuchKey"],
    ["S3Error", "503", "Please reduce your request rate.", "SlowDown"],
    ["S3Error", "404", "UnknownError", "NotFound"],
  ])(
    "%s %s means the same without its code, as servers before that field send it",
    (code, statusCode, error, message) => {
      const withCode = classify(answered(400, { statusCode, error, message, code }));
      expect(classify(answered(400, { statusCode, error, message }))).toEqual(withCode);
    },
  );

  it("of a gateway is not given a code that its words do not say", () => {
    expect(classify(answered(401, { statusCode: 401, error: "Unauthorized", message: "Unauthorized" }))?.code).toBe(
      "Unauthenticated",
    );
    expect(classify(answered(404, { error: "Duplicate", message: "x" }))?.code).toBe("BucketNotFound");
  });

  it("S15 G05 that leaves open whether a key is missing does not say that it is", () => {
    for (const status of [400, 403, 404, 500]) {
      for (const body of [
        "",
        "<html>Not Found</html>",
        { message: "Not Found" },
        { statusCode: "400", message: "x" },
      ]) {
        expect(saysNoSuchKey(answered(status, body))).toBe(false);
        expect(saysNoSuchBucket(answered(status, body))).toBe(false);
      }
    }
  });

  it("keeps tokens and keys out of its words, and cuts long ones", () => {
    const body = {
      statusCode: "400",
      error: "x",
      code: "InvalidRequest",
      message: `bad eyJhbGciOi.eyJ1cmwiOiJ.c2ln and sb_secret_abc ${"x".repeat(1000)}`,
    };
    const message = classify(answered(400, body))?.message ?? "";
    expect(message).not.toMatch(/eyJ|sb_secret/);
    expect(message.length).toBeLessThan(500);
  });
});

describe("a connection that fails", () => {
  const failed = (code: string, stage: "connect" | "request" | "body" = "request", writes = true) =>
    classify(new ConnectionError(Object.assign(new Error("x"), { code }), stage, writes));

  it.each([
    ["ECONNRESET", "Unavailable", "unknown"],
    ["UND_ERR_SOCKET", "Unavailable", "unknown"],
    ["ECONNREFUSED", "Unavailable", false],
    ["ENOTFOUND", "Unavailable", false],
    ["UND_ERR_CONNECT_TIMEOUT", "Timeout", false],
    ["UND_ERR_HEADERS_TIMEOUT", "Timeout", "unknown"],
    ["UND_ERR_BODY_TIMEOUT", "Timeout", "unknown"],
    ["CERT_HAS_EXPIRED", "InvalidConfig", "unknown"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "InvalidConfig", "unknown"],
    ["UND_ERR_INVALID_ARG", "InvalidArgument", "unknown"],
    ["HPE_INVALID_CONSTANT", "Unavailable", "unknown"],
  ] as const)("by %s is %s, and what was written is applied: %s", (code, expected, applied) => {
    expect(failed(code)).toMatchObject({ code: expected, applied });
  });

  it("in the middle of a body is IncompleteBody", () => {
    expect(failed("UND_ERR_SOCKET", "body", false)?.code).toBe("IncompleteBody");
  });

  it("on all addresses of a name is told by the first of them", () => {
    const both = new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]);
    expect(classify(new ConnectionError(both, "request", true))).toMatchObject({ code: "Unavailable", applied: false });
  });

  it("is not taken for one that a stranger threw", () => {
    expect(classify(new TypeError("x"))).toBeUndefined();
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it.each([
    ["5", 5000],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:07 GMT", 7000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("of %j is %j", (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
